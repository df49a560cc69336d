#include "calls.hpp"

#include <stan/services/sample/hmc_nuts_dense_e.hpp>
#include <stan/services/sample/hmc_nuts_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_diag_e.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_nuts_unit_e.hpp>
#include <stan/services/sample/hmc_nuts_unit_e_adapt.hpp>

namespace pkqsp::driver {
namespace {

std::vector<JsonWriter> metric_files(Run& run, int count) {
  std::vector<JsonWriter> files;
  const bool save = run.method.flag("adapt.save_metric");
  for (const std::string& path : chain_paths(run.output(), count, run.id()))
    files.push_back(save ? run.open_json(path_with_suffix(path, "_metric", ".json")) : JsonWriter());
  return files;
}

int dispatch(Run& run, Chains& chains) {
  namespace services = stan::services::sample;
  const Settings& m = run.method;
  const std::string& metric = m.text("algorithm.hmc.metric");
  const bool adapt = m.flag("adapt.engaged");
  const std::vector<Context> start = inverse_metrics(run, chains.count, metric == "dense_e");
  std::vector<JsonWriter> saved;
  if (adapt) saved = metric_files(run, chains.count);

  const std::size_t count = chains.count;
  const auto model = std::tuple_cat(std::tie(run.model), std::make_tuple(count),
                                    std::tie(chains.starts.contexts));
  const auto metrics = std::tie(start);
  const auto settings = std::tuple_cat(hmc_settings(run, chains, run.id()),
                                       std::make_tuple(m.integer("algorithm.hmc.engine.nuts.max_depth")));
  const auto files = std::tuple_cat(
      std::tie(static_cast<stan::callbacks::interrupt&>(run.interrupt),
               static_cast<stan::callbacks::logger&>(run.console)),
      std::tie(chains.inits, chains.draws, chains.diagnostics));
  const auto step = step_size_adaptation(m);
  const auto files_and_metric = std::tuple_cat(files, std::tie(saved));

  if (metric == "unit_e")
    return adapt ? call(PKQSP_LIFT(services::hmc_nuts_unit_e_adapt), model, settings, step,
                        files_and_metric)
                 : call(PKQSP_LIFT(services::hmc_nuts_unit_e), model, settings, files);
  if (metric == "dense_e")
    return adapt ? call(PKQSP_LIFT(services::hmc_nuts_dense_e_adapt), model, metrics, settings,
                        step, windows(m), files_and_metric)
                 : call(PKQSP_LIFT(services::hmc_nuts_dense_e), model, metrics, settings, files);
  return adapt ? call(PKQSP_LIFT(services::hmc_nuts_diag_e_adapt), model, metrics, settings, step,
                      windows(m), files_and_metric)
               : call(PKQSP_LIFT(services::hmc_nuts_diag_e), model, metrics, settings, files);
}

}  // namespace

int sample_nuts(Run& run) {
  Chains chains(run);
  return guarded(run, chains.draws, chains.diagnostics, [&] { return dispatch(run, chains); });
}

const Entry sample_nuts_entry{"sample_nuts", sample_nuts};

}  // namespace pkqsp::driver
