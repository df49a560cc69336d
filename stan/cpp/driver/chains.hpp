// The files and initial values of the chains of one process.
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

// Initial inverse metrics: from the user's file, otherwise the identity.
std::vector<Context> inverse_metrics(const Run& run, int count, bool dense);

}  // namespace pkqsp::driver

#endif
