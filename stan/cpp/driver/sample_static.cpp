#include "calls.hpp"

#include <stan/services/sample/hmc_static_dense_e.hpp>
#include <stan/services/sample/hmc_static_dense_e_adapt.hpp>
#include <stan/services/sample/hmc_static_diag_e.hpp>
#include <stan/services/sample/hmc_static_diag_e_adapt.hpp>
#include <stan/services/sample/hmc_static_unit_e.hpp>
#include <stan/services/sample/hmc_static_unit_e_adapt.hpp>

#include <tbb/parallel_for.h>

namespace pkqsp::driver {
namespace {

// Static HMC has services for one chain only: chain k of the process.
int one_chain(Run& run, Chains& chains, const std::vector<Context>& starts, int k) {
  namespace services = stan::services::sample;
  const Settings& m = run.method;
  const std::string& metric = m.text("algorithm.hmc.metric");
  const bool adapt = m.flag("adapt.engaged");

  const auto model = std::tie(run.model, *chains.starts.contexts[k]);
  const auto start = std::tie(*starts[k]);
  const auto settings = std::tuple_cat(
      hmc_settings(run, chains, run.id() + k),
      std::make_tuple(m.real("algorithm.hmc.engine.static.int_time")));
  const auto files = std::tuple_cat(
      std::tie(static_cast<stan::callbacks::interrupt&>(run.interrupt),
               static_cast<stan::callbacks::logger&>(run.console)),
      std::tie(chains.inits[k], static_cast<stan::callbacks::writer&>(chains.draws[k]),
               static_cast<stan::callbacks::writer&>(chains.diagnostics[k])));
  const auto step = step_size_adaptation(m);

  if (metric == "unit_e")
    return adapt ? call(PKQSP_LIFT(services::hmc_static_unit_e_adapt), model, settings, step, files)
                 : call(PKQSP_LIFT(services::hmc_static_unit_e), model, settings, files);
  if (metric == "dense_e")
    return adapt ? call(PKQSP_LIFT(services::hmc_static_dense_e_adapt), model, start, settings,
                        step, windows(m), files)
                 : call(PKQSP_LIFT(services::hmc_static_dense_e), model, start, settings, files);
  return adapt ? call(PKQSP_LIFT(services::hmc_static_diag_e_adapt), model, start, settings, step,
                      windows(m), files)
               : call(PKQSP_LIFT(services::hmc_static_diag_e), model, start, settings, files);
}

}  // namespace

int sample_static(Run& run) {
  Chains chains(run);
  const bool dense = run.method.text("algorithm.hmc.metric") == "dense_e";
  const std::vector<Context> starts = inverse_metrics(run, chains.count, dense);
  return guarded(run, chains.draws, chains.diagnostics, [&] {
    std::vector<int> codes(chains.count, 0);
    tbb::parallel_for(0, chains.count,
                      [&](int k) { codes[k] = one_chain(run, chains, starts, k); });
    for (const int code : codes)
      if (code != 0) return code;
    return 0;
  });
}

const Entry sample_static_entry{"sample_static", sample_static};

}  // namespace pkqsp::driver
