#include "calls.hpp"

#include <stan/services/experimental/advi/fullrank.hpp>
#include <stan/services/experimental/advi/meanfield.hpp>

namespace pkqsp::driver {

int variational(Run& run) {
  const Settings& m = run.method;
  const Starts starts = read_starts(run.settings.text("init"), 1, run.id());
  std::vector<CsvWriter> draws = run.open_csvs({run.output()});
  std::vector<CsvWriter> diagnostics = run.open_csvs({run.diagnostics()});
  stan::callbacks::writer init;
  const auto go = [&](auto service) {
    return service(run.model, *starts.contexts[0], run.seed(), run.id(), starts.radius,
                   m.integer("grad_samples"), m.integer("elbo_samples"), m.integer("iter"),
                   m.real("tol_rel_obj"), m.real("eta"), m.flag("adapt.engaged"),
                   m.integer("adapt.iter"), m.integer("eval_elbo"), m.integer("output_samples"),
                   run.interrupt, run.console, init, draws[0], diagnostics[0]);
  };
  namespace advi = stan::services::experimental::advi;
  return guarded(run, draws, diagnostics, [&] {
    return m.text("algorithm") == "fullrank" ? go(PKQSP_LIFT(advi::fullrank))
                                             : go(PKQSP_LIFT(advi::meanfield));
  });
}

const Entry variational_entry{"variational", variational};

}  // namespace pkqsp::driver
