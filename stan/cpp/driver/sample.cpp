#include "chains.hpp"
#include "errors.hpp"

#include <stan/services/sample/fixed_param.hpp>
#include <stan/services/util/create_unit_e_dense_inv_metric.hpp>
#include <stan/services/util/create_unit_e_diag_inv_metric.hpp>

namespace pkqsp::driver {

Chains::Chains(Run& run) : count(run.method.integer("num_chains")), inits(count) {
  starts = read_starts(run.settings.text("init"), count, run.id());
  draws = run.open_csvs(chain_paths(run.output(), count, run.id()));
  diagnostics = run.open_csvs(chain_paths(run.diagnostics(), count, run.id()));
}

std::vector<Context> inverse_metrics(const Run& run, int count, bool dense) {
  const std::string& path = run.method.text("algorithm.hmc.metric_file");
  if (!path.empty()) return read_metrics(path, count, run.id());
  const std::size_t size = run.model.num_params_r();
  using stan::io::array_var_context;
  namespace util = stan::services::util;
  const auto unit = dense ? std::make_shared<array_var_context>(
                                util::create_unit_e_dense_inv_metric(size))
                          : std::make_shared<array_var_context>(
                                util::create_unit_e_diag_inv_metric(size));
  return std::vector<Context>(count, unit);
}

namespace {

int fixed_param(Run& run) {
  Chains chains(run);
  return guarded(run, chains.draws, chains.diagnostics, [&] {
    return stan::services::sample::fixed_param(
        run.model, chains.count, chains.starts.contexts, run.seed(), run.id(),
        chains.starts.radius, run.method.integer("num_samples"), run.method.integer("thin"),
        run.refresh(), run.interrupt, run.console, chains.inits, chains.draws,
        chains.diagnostics);
  });
}

}  // namespace

int sample(Run& run) {
  if (run.method.text("algorithm") == "fixed_param") return fixed_param(run);
  if (run.method.flag("adapt.engaged") && run.method.integer("num_warmup") == 0)
    throw UsageError("num_warmup must be greater than 0 if adaptation is engaged");
  return find_method("sample_" + run.method.text("algorithm.hmc.engine"))(run);
}

const Entry sample_entry{"sample", sample};

}  // namespace pkqsp::driver
