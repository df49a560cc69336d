#include "errors.hpp"
#include "run.hpp"

#include <stan/services/sample/standalone_gqs.hpp>

namespace pkqsp::driver {

int generate_quantities(Run& run) {
  const std::string& fitted = run.method.text("fitted_params");
  if (fitted.empty())
    throw UsageError("generate_quantities needs the argument 'fitted_params': a CSV file");
  const int chains = run.method.integer("num_chains");
  std::vector<std::string> names;
  run.model.constrained_param_names(names, false, false);
  std::vector<Eigen::MatrixXd> draws;
  const std::vector<std::string> paths =
      chains == 1 ? std::vector<std::string>{fitted} : chain_paths(fitted, chains, run.id());
  for (const std::string& path : paths) draws.push_back(read_draws(path, names));
  std::vector<CsvWriter> files = run.open_csvs(
      chains == 1 ? std::vector<std::string>{run.output()}
                  : chain_paths(run.output(), chains, run.id()));
  // For one chain the service draws the same random numbers for every id, and cmdstanpy runs one
  // process per chain with one seed: here the ids make the chains differ.
  const unsigned int seed = run.seed() + (chains == 1 ? run.id() - 1 : 0);
  return guarded(run, files, [&] {
    return stan::services::standalone_generate(run.model, chains, draws, seed, run.interrupt,
                                               run.console, files);
  });
}

const Entry generate_quantities_entry{"generate_quantities", generate_quantities};

}  // namespace pkqsp::driver
