// The external function `ode_solve` of a generated Stan program.
//
// It is included after the generated model (`pkqsp_generated::Model`). The Stan program declares
//
//   matrix ode_solve(vector p, data vector x, data array[] real time, array[] int evid,
//                    data array[] real amt, data array[] real rate, data array[] real ii,
//                    array[] int addl, array[] int ss, array[] int cmt, data array[] real breaks,
//                    data matrix segments, data matrix own, data real rtol, data real atol,
//                    int max_steps);
//
// with the same signature as the solver in Stan, and may declare `vector ode_counters();`.
#pragma once

#include <limits>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <stan/math.hpp>

#include "solver_log.hpp"
#include "solve.hpp"

namespace pkqsp {

// The arguments of one call in the kernel's format. Buffers are reused between calls.
template <class Model>
struct DoorCall {
  Records records;
  std::vector<double> fixed, segments, own;
  std::vector<int> dose;

  template <class X, class Segments, class Own>
  void load(const X& x, const std::vector<double>& time, const std::vector<int>& evid,
            const std::vector<double>& amt, const std::vector<double>& rate,
            const std::vector<double>& ii, const std::vector<int>& addl,
            const std::vector<int>& ss, const std::vector<int>& cmt,
            const std::vector<double>& breaks, const Segments& s, const Own& o) {
    const std::size_t n = time.size();
    const bool fits = evid.size() == n && amt.size() == n && rate.size() == n && ii.size() == n &&
                      addl.size() == n && ss.size() == n && cmt.size() == n;
    if (!fits) throw std::invalid_argument("ode_solve: columns of different lengths");
    if (x.size() != Model::X || breaks.empty() ||
        (Model::C > 0 && (s.rows() != static_cast<int>(breaks.size()) || s.cols() != 2 * Model::C ||
                          o.rows() != static_cast<int>(n) || o.cols() != Model::C))) {
      throw std::invalid_argument("ode_solve: covariates do not fit the model");
    }
    fixed.assign(Model::X, 0.0);
    for (int k = 0; k < Model::X; ++k) fixed[k] = x.coeff(k);
    segments.clear();
    for (int b = 0; Model::C > 0 && b < s.rows(); ++b) {
      for (int k = 0; k < s.cols(); ++k) segments.push_back(s.coeff(b, k));
    }
    own.clear();
    for (int i = 0; Model::C > 0 && i < o.rows(); ++i) {
      for (int k = 0; k < o.cols(); ++k) own.push_back(o.coeff(i, k));
    }
    dose.resize(n);
    for (std::size_t i = 0; i < n; ++i) dose[i] = cmt[i] - 1;
    records = Records{static_cast<long>(n), time.data(), evid.data(), amt.data(), rate.data(),
                      ii.data(), addl.data(), ss.data(), dose.data(), fixed.data(), own.data(),
                      static_cast<long>(breaks.size()), breaks.data(), segments.data()};
  }
};

// Solves, updates the counters, and returns the status.
template <class Model>
Reason solve_records(const Records& records, const double* p, const Options& options, double* values,
                  double* sensitivities) {
  // one work space per thread, with the size for one subject
  static thread_local const auto subject = std::make_unique<Subject<Model>>();
  const Reason reason = subject->solve(records, p, options, values, sensitivities);
  SolverLog::get().count(subject->stats());
  if (reason != Reason::ok) SolverLog::get().fail(reason, p, Model::P);
  return reason;
}

// Values as autodiff variables whose reverse pass is the kernel's Jacobian. Its memory holds
// one subject's predictions, in Stan's arena.
template <class Model, class P>
Eigen::Matrix<stan::math::var, -1, -1> solve_with_gradient(const Records& records, const P& p,
                                                           const Options& options) {
  using RowMajor = Eigen::Matrix<double, -1, -1, Eigen::RowMajor>;
  using Matrix = Eigen::Matrix<double, -1, -1>;
  stan::arena_t<P> p_arena = p;
  const Eigen::VectorXd at = stan::math::value_of(p_arena);
  const long n = records.n;
  RowMajor values(n, Model::M);
  stan::arena_t<RowMajor> jacobian(n * Model::M, Model::P);
  const Reason reason =
      solve_records<Model>(records, at.data(), options, values.data(), jacobian.data());
  // Stan then rejects the proposal
  if (reason != Reason::ok) throw std::domain_error(std::string("ode_solve: ") + describe(reason));
  stan::arena_t<Eigen::Matrix<stan::math::var, -1, -1>> result = Matrix(values);
  stan::math::reverse_pass_callback([result, p_arena, jacobian]() mutable {
    // .eval(): a product with the strided view of adjoints reads the wrong memory
    const RowMajor adjoint = result.adj().eval();
    const Eigen::Map<const Eigen::VectorXd> flat(adjoint.data(), adjoint.size());
    // a prediction without a value has no derivative, which matters only if it is used
    Eigen::VectorXd pulled = Eigen::VectorXd::Zero(Model::P);
    for (Eigen::Index i = 0; i < flat.size(); ++i) {
      if (flat[i] != 0.0) pulled += flat[i] * jacobian.row(i).transpose();
    }
    p_arena.adj() += pulled;
  });
  return result;
}

}  // namespace pkqsp

template <class P, class X, class Segments, class Own>
Eigen::Matrix<stan::return_type_t<P>, -1, -1> ode_solve(
    const P& p, const X& x, const std::vector<double>& time, const std::vector<int>& evid,
    const std::vector<double>& amt, const std::vector<double>& rate,
    const std::vector<double>& ii, const std::vector<int>& addl, const std::vector<int>& ss,
    const std::vector<int>& cmt, const std::vector<double>& breaks, const Segments& segments, const Own& own,
    double rtol, double atol, int max_steps, std::ostream* /* messages */) {
  using Model = pkqsp_generated::Model;
  static thread_local pkqsp::DoorCall<Model> call;
  call.load(stan::math::to_ref(x), time, evid, amt, rate, ii, addl, ss, cmt, breaks,
            stan::math::to_ref(segments), stan::math::to_ref(own));
  if (p.size() != Model::P) throw std::invalid_argument("ode_solve: p does not fit the model");
  pkqsp::Options options;
  options.rtol = rtol;
  options.atol = atol;
  options.max_steps = max_steps;
  if constexpr (stan::is_constant<P>::value) {
    const Eigen::VectorXd at = p;
    Eigen::Matrix<double, -1, -1, Eigen::RowMajor> values(time.size(), Model::M);
    // Generated quantities cannot reject, and an exception would lose the whole
    // draw: a failed solve is NaN. (In a model block every residual error refuses NaN.)
    const auto reason =
        pkqsp::solve_records<Model>(call.records, at.data(), options, values.data(), nullptr);
    if (reason != pkqsp::Reason::ok) values.setConstant(std::numeric_limits<double>::quiet_NaN());
    return values;
  } else {
    return pkqsp::solve_with_gradient<Model>(call.records, stan::math::to_ref(p), options);
  }
}

// Solves, steps, rejected steps, failures by reason: of this process, so far.
inline Eigen::VectorXd ode_counters(std::ostream* /* messages */) {
  const std::vector<double> all = pkqsp::SolverLog::get().counters();
  return Eigen::Map<const Eigen::VectorXd>(all.data(), all.size());
}
