#include "calls.hpp"

#include <stan/services/optimize/bfgs.hpp>
#include <stan/services/optimize/lbfgs.hpp>
#include <stan/services/optimize/newton.hpp>

namespace pkqsp::driver {
namespace {

template <bool jacobian>
int with_jacobian(Run& run, const Starts& starts, CsvWriter& draws) {
  using Model = stan::model::model_base;
  namespace services = stan::services::optimize;
  const Settings& m = run.method;
  const std::string& algorithm = m.text("algorithm");
  stan::callbacks::writer init;
  const stan::io::var_context& start = *starts.contexts[0];
  if (algorithm == "newton")
    return services::newton<Model, jacobian>(run.model, start, run.seed(), run.id(), starts.radius,
                                             m.integer("iter"), m.flag("save_iterations"),
                                             run.interrupt, run.console, init, draws);
  const Settings a = m.below("algorithm");
  if (algorithm == "bfgs")
    return services::bfgs<Model, jacobian>(
        run.model, start, run.seed(), run.id(), starts.radius, a.real("init_alpha"),
        a.real("tol_obj"), a.real("tol_rel_obj"), a.real("tol_grad"), a.real("tol_rel_grad"),
        a.real("tol_param"), m.integer("iter"), m.flag("save_iterations"), run.refresh(),
        run.interrupt, run.console, init, draws);
  return services::lbfgs<Model, jacobian>(
      run.model, start, run.seed(), run.id(), starts.radius, a.integer("history_size"),
      a.real("init_alpha"), a.real("tol_obj"), a.real("tol_rel_obj"), a.real("tol_grad"),
      a.real("tol_rel_grad"), a.real("tol_param"), m.integer("iter"), m.flag("save_iterations"),
      run.refresh(), run.interrupt, run.console, init, draws);
}

}  // namespace

int optimize(Run& run) {
  const Starts starts = read_starts(run.settings.text("init"), 1, run.id());
  std::vector<CsvWriter> draws = run.open_csvs({run.output()});
  return guarded(run, draws, [&] {
    return run.method.flag("jacobian") ? with_jacobian<true>(run, starts, draws[0])
                                       : with_jacobian<false>(run, starts, draws[0]);
  });
}

const Entry optimize_entry{"optimize", optimize};

}  // namespace pkqsp::driver
