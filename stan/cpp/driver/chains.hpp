// The files and starts of the chains that one process runs.
#ifndef PKQSP_DRIVER_CHAINS_HPP
#define PKQSP_DRIVER_CHAINS_HPP

#include "run.hpp"

#include <stan/callbacks/writer.hpp>

#include <vector>

namespace pkqsp::driver {

struct Chains {
  int count;
  Starts starts;
  std::vector<CsvWriter> draws;
  std::vector<CsvWriter> diagnostics;
  std::vector<stan::callbacks::writer> inits;  // CmdStan does not write them

  explicit Chains(Run& run);
};

// Inverse metrics to begin with: from the file that the user names, else units.
std::vector<Context> inverse_metrics(const Run& run, int count, bool dense);

}  // namespace pkqsp::driver

#endif
