// Input files: data, initial values, metrics, existing draws.
#ifndef PKQSP_DRIVER_INPUT_HPP
#define PKQSP_DRIVER_INPUT_HPP

#include <stan/io/var_context.hpp>
#include <stan/math/prim/fun/Eigen.hpp>

#include <memory>
#include <string>
#include <vector>

namespace pkqsp::driver {

using Context = std::shared_ptr<const stan::io::var_context>;

// JSON if the name ends in .json, otherwise R dump; without a name there are no variables. `what`
// is for messages.
Context read_context(const std::string& path, const std::string& what);

// Initial values: radius and one context per chain.
struct Starts {
  double radius = 2;
  std::vector<Context> contexts;
};
Starts read_starts(const std::string& init, int chains, unsigned int first_id);

// Inverse metrics for several chains: a list of files, numbered files, or one file for all.
std::vector<Context> read_metrics(const std::string& path, int chains, unsigned int first_id);

// Rows of the named columns of a Stan CSV file.
Eigen::MatrixXd read_draws(const std::string& path, const std::vector<std::string>& columns);

}  // namespace pkqsp::driver

#endif
