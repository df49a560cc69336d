#include "errors.hpp"
#include "run.hpp"

#include <stan/services/optimize/laplace_sample.hpp>

#include <sstream>

namespace pkqsp::driver {
namespace {

// The mode on the unconstrained scale, from the last row of a CSV file or from JSON.
Eigen::VectorXd read_mode(Run& run) {
  const std::string& path = run.method.text("mode");
  if (path.empty()) throw UsageError("laplace needs the argument 'mode': a CSV or JSON file");
  std::stringstream messages;
  Eigen::VectorXd unconstrained;
  if (path.size() > 4 && path.compare(path.size() - 4, 4, ".csv") == 0) {
    std::vector<std::string> names;
    run.model.constrained_param_names(names, false, false);
    const Eigen::MatrixXd rows = read_draws(path, names);
    const Eigen::VectorXd mode = rows.row(rows.rows() - 1);
    run.model.unconstrain_array(mode, unconstrained, &messages);
  } else {
    const Context context = read_context(path, "mode file");
    run.model.transform_inits(*context, unconstrained, &messages);
  }
  if (!messages.str().empty()) run.console.info(messages);
  return unconstrained;
}

}  // namespace

int laplace(Run& run) {
  const Eigen::VectorXd mode = read_mode(run);
  const Settings& m = run.method;
  std::vector<CsvWriter> draws = run.open_csvs({run.output()});
  stan::callbacks::structured_writer hessian;
  return guarded(run, draws, [&] {
    namespace services = stan::services;
    const auto go = [&](auto jacobian) {
      return services::laplace_sample<decltype(jacobian)::value>(
          run.model, mode, m.integer("draws"), m.flag("calculate_lp"), run.seed(), run.refresh(),
          run.interrupt, run.console, draws[0], hessian);
    };
    return m.flag("jacobian") ? go(std::true_type{}) : go(std::false_type{});
  });
}

const Entry laplace_entry{"laplace", laplace};

}  // namespace pkqsp::driver
