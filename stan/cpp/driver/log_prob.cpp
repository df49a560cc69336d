#include "errors.hpp"
#include "run.hpp"

#include <stan/model/log_prob_grad.hpp>

#include <sstream>

namespace pkqsp::driver {
namespace {

// Points in rows: "params_r" is one point, or an array of points.
void add_unconstrained(Run& run, const std::string& path, std::vector<Eigen::VectorXd>& points) {
  const Context context = read_context(path, "parameter file");
  if (!context->contains_r("params_r"))
    throw DataError("'" + path + "' has no variable 'params_r'");
  const std::vector<double> values = context->vals_r("params_r");
  const std::vector<std::size_t> dims = context->dims_r("params_r");
  const std::size_t size = run.model.num_params_r();
  const std::size_t count = dims.size() == 2 ? dims[0] : 1;
  if (dims.empty() || dims.size() > 2 || dims.back() != size)
    throw DataError("'" + path + "': params_r has "
                    + std::to_string(dims.empty() ? 1 : dims.back())
                    + " values a point, the model has " + std::to_string(size)
                    + " unconstrained parameters");
  for (std::size_t i = 0; i < count; ++i) {  // values come in column-major order
    Eigen::VectorXd point(size);
    for (std::size_t j = 0; j < size; ++j) point[j] = values[i + j * count];
    points.push_back(point);
  }
}

void add_constrained(Run& run, const std::string& path, std::vector<Eigen::VectorXd>& points) {
  const Context context = read_context(path, "parameter file");
  std::stringstream messages;
  Eigen::VectorXd point;
  run.model.transform_inits(*context, point, &messages);
  if (!messages.str().empty()) run.console.info(messages);
  points.push_back(point);
}

template <bool jacobian>
std::vector<double> evaluate(Run& run, Eigen::VectorXd& point) {
  std::stringstream messages;
  Eigen::VectorXd gradient;
  const double lp =
      stan::model::log_prob_grad<true, jacobian>(run.model, point, gradient, &messages);
  if (!messages.str().empty()) run.console.info(messages);
  std::vector<double> row{lp};
  row.insert(row.end(), gradient.data(), gradient.data() + gradient.size());
  return row;
}

}  // namespace

int log_prob(Run& run) {
  const Settings& m = run.method;
  std::vector<Eigen::VectorXd> points;
  if (!m.text("unconstrained_params").empty())
    add_unconstrained(run, m.text("unconstrained_params"), points);
  if (!m.text("constrained_params").empty())
    add_constrained(run, m.text("constrained_params"), points);
  if (points.empty())
    throw UsageError("log_prob needs 'unconstrained_params' or 'constrained_params': a file");
  std::vector<CsvWriter> files = run.open_csvs({run.output()});
  return guarded(run, files, [&] {
    std::vector<std::string> parameters;
    run.model.unconstrained_param_names(parameters, false, false);
    std::vector<std::string> names{"lp__"};
    for (const std::string& name : parameters) names.push_back("g_" + name);
    files[0](names);
    for (Eigen::VectorXd& point : points) {
      run.interrupt();
      files[0](m.flag("jacobian") ? evaluate<true>(run, point) : evaluate<false>(run, point));
    }
    return 0;
  });
}

const Entry log_prob_entry{"log_prob", log_prob};

}  // namespace pkqsp::driver
