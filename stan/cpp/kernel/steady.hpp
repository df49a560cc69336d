// Steady states: the fixed point of the period map, or of the right-hand side under a constant
// infusion, with sensitivities by the implicit function theorem.
//
// Newton's method; for a linear system one step of it is exact. If it does not converge the
// period is integrated repeatedly (or the system over time), and Newton is tried again.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "dense_lu.hpp"
#include "doses.hpp"

namespace pkqsp {

template <class Model>
class Steady {
  static constexpr int N = Model::N, P = Model::P;
  using M = Machine<Model>;

 public:
  explicit Steady(M& machine)
      : m_(machine), a_(N * N), z_(N), sens_(N * (P > 0 ? P : 1)), still_(Model::Q), keeps_(N) {}

  // Leaves the steady state under dosing at `interval` in the machine, at the phase
  // `dose.lag` before a dose enters. The machine contains the initial state; its time and
  // covariates are frozen. The caller handles continuing infusions of past doses.
  Reason periodic(const Dose<P>& dose, double interval) {
    dose_ = &dose;
    interval_ = interval;
    whole_ = dose.infusion ? std::floor(dose.duration.value / interval) : 0.0;
    rest_ = dose.infusion ? dose.duration.value - whole_ * interval : 0.0;
    Guard guard(m_);
    learn_sizes();
    return search([this] { return find_period(); }, [this] { return close_period(); });
  }

  // The same under a constant infusion without start (rate 0: no dose).
  Reason constant(const Dose<P>& dose) {
    dose_ = &dose;
    Guard guard(m_);
    return search([this] { return find_rest(); }, [this] { return close_rest(); });
  }

 private:
  // Freezes time and tightens tolerances during its lifetime: (I - M)^-1 magnifies errors.
  struct Guard {
    explicit Guard(M& machine)
        : m(machine), t(machine.w.t), rtol(machine.w.options.rtol), atol(machine.w.options.atol) {
      m.w.frozen = true;
      m.w.frozen_time = t;
      m.w.options.rtol = std::fmax(0.1 * rtol, 1e-13);
      m.w.options.atol = 0.1 * atol;
      m.set_lane_tolerance();
    }
    ~Guard() {
      m.w.options.rtol = rtol;
      m.w.options.atol = atol;
      m.set_lane_tolerance();
      m.w.frozen = false;
      m.w.t = t;
      m.stop_infusions();
    }
    M& m;
    double t, rtol, atol;
  };

  // Sizes of the states that a first dose reaches: directions have the same sizes.
  void learn_sizes() {
    const std::vector<double> before(m_.w.y, m_.w.y + N);
    if (dose_->infusion) set_rate(1.0, false);
    else give_amount(false);
    m_.sizes.measure(m_.w, interval_);
    for (int i = 0; i < N; ++i) m_.w.y[i] = before[i];
    m_.stop_infusions();
  }

  template <class Find, class Close>
  Reason search(Find&& find, Close&& close) {
    start_lanes();
    find_accumulators();
    const Reason found = find();
    m_.load_coefficients(m_.sensitive);
    // a search that does not converge uses all steps
    if (found == Reason::too_many_steps) return Reason::no_steady_state;
    return found != Reason::ok ? found : close();
  }

  void start_lanes() {
    for (int l = 0; l < P && m_.sensitive; ++l) m_.gather(l, &sens_[l * N]);
    for (int i = 0; i < N; ++i) z_[i] = m_.w.y[i];
  }

  // -- the period -----------------------------------------------------------------------------

  // State `phase` after a dose that was given to the state in the machine.
  Reason pass_period(double phase, bool lanes, bool parameters) {
    ++m_.w.stats.steady_passes;
    m_.w.t = 0.0;
    m_.stop_infusions();
    if (!dose_->infusion) {
      give_amount(parameters);
      return m_.advance(phase, lanes);
    }
    set_rate(whole_ + (rest_ > 0.0 ? 1.0 : 0.0), parameters);
    if (rest_ > 0.0 && rest_ < phase) {
      const Reason reason = m_.advance(rest_, lanes);
      if (reason != Reason::ok) return reason;
      if (parameters) end_short_infusion();
      set_rate(whole_, parameters);
    }
    return m_.advance(phase, lanes);
  }

  void give_amount(bool parameters) {
    const int s = Model::DOSE_STATE[dose_->target];
    m_.w.y[s] += dose_->amount.value;
    for (int l = 0; l < P && parameters; ++l) m_.lane(s, l) += dose_->amount.d[l];
  }

  void set_rate(double infusions, bool parameters) {
    m_.w.rate[dose_->target] = infusions * dose_->rate.value;
    for (int l = 0; l < P && parameters; ++l) {
      m_.rate_lane(dose_->target, l) = infusions * dose_->rate.d[l];
    }
  }

  // The end of an infusion depends on its duration.
  void end_short_infusion() {
    const int s = Model::DOSE_STATE[dose_->target];
    for (int l = 0; l < P; ++l) m_.lane(s, l) += dose_->rate.value * dose_->duration.d[l];
  }

  // Columns of d(period map)/d(state) into `a_`, the map's value into `image_`.
  Reason differentiate_map() {
    constexpr int L = Work<Model>::L;
    m_.load_coefficients(false);
    for (int first = 0; first < N; first += L) {
      put_state();
      m_.clear_lanes();
      for (int l = 0; l < L && first + l < N; ++l) {
        m_.lane(first + l, l) = 1.0;
        m_.w.sens_atol[l] = 1.0 / direction_size(first + l);
      }
      const Reason reason = pass_period(interval_, true, false);
      if (reason != Reason::ok) return reason;
      for (int l = 0; l < L && first + l < N; ++l) {
        for (int i = 0; i < N; ++i) a_[i * N + first + l] = m_.lane(i, l);
      }
    }
    m_.set_lane_tolerance();
    image_.assign(m_.w.y, m_.w.y + N);
    return Reason::ok;
  }

  // A direction has the size of the state, or an unknown size.
  double direction_size(int i) const {
    return m_.w.size[i] > 0.0 && std::isfinite(m_.w.size[i]) ? m_.w.size[i] : 1.0;
  }

  void put_state() {
    for (int i = 0; i < N; ++i) m_.w.y[i] = z_[i];
  }

  // I - M, factorised, and the turnover in a period. A pure accumulator that no equation reads (an
  // area under a curve) has no steady state: it keeps its value.
  bool prepare_newton() {
    for (int i = 0; i < N; ++i) {
      for (int j = 0; j < N; ++j) {
        double& a = a_[i * N + j];
        a = (i == j ? 1.0 : 0.0) - (keeps_[i] || keeps_[j] ? 0.0 : a);
      }
    }
    turnover_.assign(N, 0.0);
    for (int i = 0; i < N; ++i) {
      for (int j = 0; j < N; ++j) turnover_[i] += std::fabs(a_[i * N + j] * z_[j]);
    }
    return lu_.factor(a_, N);
  }

  // States that no equation reads, except the dosed one: if no process removes the drug
  // from it, there is no steady state. A rate constant with the value 0 does not count.
  void find_accumulators() {
    for (int j = 0; j < N; ++j) keeps_[j] = Model::ACCUMULATES[j];
    if (dose_->amount.value > 0.0 || dose_->rate.value > 0.0) {
      keeps_[Model::DOSE_STATE[dose_->target]] = false;
    }
  }

  Reason find_period() {
    for (int round = 0; round < 40; ++round) {
      const std::vector<double> base = z_;
      keep_sizes();
      double previous = INFINITY;
      for (int newton = 0; newton < 12; ++newton) {
        restore_sizes();
        Reason reason = differentiate_map();
        if (reason != Reason::ok) return reason;
        if (!prepare_newton()) break;
        const bool comes_back = period_closes();
        const double size = newton_step();
        if (!(size < 1e300)) break;
        if (Model::LINEAR) return Reason::ok;
        if (size < 0.01 || (size < 1.0 && size >= previous)) {
          if (comes_back) return Reason::ok;
          break;
        }
        if (newton > 2 && size > 2.0 * previous) break;
        previous = size;
      }
      if (Model::LINEAR) return Reason::no_steady_state;
      z_ = base;  // after an attempt of Newton's method
      restore_sizes();
      const Reason reason = repeat(round < 2 ? 5 : 25);
      if (reason != Reason::ok) return reason;
    }
    return Reason::no_steady_state;
  }

  void keep_sizes() {
    sizes_.assign(m_.w.size, m_.w.size + N);
    floors_.assign(m_.w.floor, m_.w.floor + N);
  }

  // Distant Newton iterates have increased the sizes beyond later values.
  void restore_sizes() {
    for (int i = 0; i < N; ++i) {
      m_.w.size[i] = sizes_[i];
      m_.w.floor[i] = floors_[i];
    }
  }

  // Whether the period is closed: its residual is small relative to the turnover
  // in a period, (I - M) z, which must exceed the solver's error. Far above, where
  // elimination is saturated, the state grows by the same amount in each period, which is
  // negligible relative to the state itself.
  bool period_closes() const {
    for (int i = 0; i < N; ++i) {
      if (keeps_[i]) continue;
      const double own = m_.w.options.rtol * std::fabs(z_[i]), left = image_[i] - z_[i];
      if (turnover_[i] < 10.0 * own) return false;
      if (!(std::fabs(left) <= 1e-4 * turnover_[i] + m_.w.floor[i] + own)) return false;
    }
    return true;
  }

  // z += (I - M)^-1 (image - z); returns the scaled size of the step, infinite if it was rejected.
  double newton_step() {
    std::vector<double>& step = step_;
    step.resize(N);
    for (int i = 0; i < N; ++i) step[i] = keeps_[i] ? 0.0 : image_[i] - z_[i];
    lu_.solve(step.data());
    double sum = 0.0;
    for (int i = 0; i < N; ++i) {
      const double moved = z_[i] + step[i];
      if (!std::isfinite(moved) || turns_negative(i, moved)) return INFINITY;
      const double e = step[i] / m_.w.tolerance(i, std::fabs(moved));
      sum += e * e;
    }
    for (int i = 0; i < N; ++i) z_[i] += step[i];
    return std::sqrt(sum / N);
  }

  // Newton may converge to an unphysical root: positive amounts must remain positive.
  bool turns_negative(int i, double moved) const {
    return z_[i] >= 0.0 && image_[i] >= 0.0 &&
           moved < -10.0 * m_.w.options.atol * m_.w.size[i] -
                       1e-6 * (std::fabs(z_[i]) + std::fabs(image_[i]));
  }

  Reason repeat(int times) {
    for (int k = 0; k < times; ++k) {
      put_state();
      const Reason reason = pass_period(interval_, false, false);
      if (reason != Reason::ok) return reason;
      for (int i = 0; i < N; ++i) {
        if (!keeps_[i]) z_[i] = m_.w.y[i];
      }
    }
    return Reason::ok;
  }

  // Sensitivities (I - M) Z = d(map)/dp, then integrated to the phase of the record.
  Reason close_period() {
    if (m_.sensitive) {
      put_state();
      m_.clear_lanes();
      const Reason reason = pass_period(interval_, true, true);
      if (reason != Reason::ok) return reason;
      for (int l = 0; l < P; ++l) {
        std::vector<double> b(N);
        for (int i = 0; i < N; ++i) b[i] = keeps_[i] ? 0.0 : m_.lane(i, l);
        lu_.solve(b.data());
        for (int i = 0; i < N; ++i) {
          if (!keeps_[i]) sens_[l * N + i] = b[i];
        }
      }
    }
    return to_phase();
  }

  void put_lanes() {
    m_.clear_lanes();
    for (int l = 0; l < P && m_.sensitive; ++l) {
      for (int i = 0; i < N; ++i) m_.lane(i, l) = sens_[l * N + i];
    }
  }

  Reason to_phase() {
    put_state();
    put_lanes();
    const double lag = std::fmod(dose_->lag.value, interval_);
    if (lag > 0.0) {
      const Reason reason = pass_period(interval_ - lag, m_.sensitive, m_.sensitive);
      if (reason != Reason::ok) return reason;
      // accumulators do not depend on the phase
      for (int i = 0; i < N; ++i) {
        if (keeps_[i]) m_.w.y[i] = z_[i];
      }
    } else {
      m_.stop_infusions();
      if (dose_->infusion) set_rate(whole_, false);
    }
    if (!m_.sensitive || !dose_->lag.moves()) return Reason::ok;
    double f[N];
    m_.derivative(f);
    for (int l = 0; l < P; ++l) {
      for (int i = 0; i < N; ++i) {
        if (!keeps_[i]) m_.lane(i, l) -= f[i] * dose_->lag.d[l];
      }
    }
    return Reason::ok;
  }

  // -- rest -----------------------------------------------------------------------------------

  // Newton on f(z) + rate = 0 after integration over time with long implicit steps.
  Reason find_rest() {
    set_rate(1.0, m_.sensitive);
    double f[N], span = 0.0;
    for (int round = 0; round < 45; ++round) {
      std::vector<double> here = z_;
      if (settle_rest(span > 0.0)) return Reason::ok;
      z_ = here;
      put_state();
      m_.derivative(f);
      if (!(std::isfinite(f[0]))) return Reason::not_finite;
      span = span > 0.0 ? 2.0 * span : first_span();
      m_.w.t = 0.0;
      const Reason reason = m_.advance(span, false);
      if (reason != Reason::ok) return reason;
      for (int i = 0; i < N; ++i) {
        if (!keeps_[i]) z_[i] = m_.w.y[i];
      }
    }
    return Reason::no_steady_state;
  }

  double first_span() {
    double f[N], jac[Model::NJ], fq[Model::NFQ];
    Model::rhs_entries(m_.w.clock(0.0), m_.w.y, m_.w.q, f, jac, fq);
    const double norm = Model::norm(m_.w.q, jac);
    return norm > 0.0 && std::isfinite(norm) ? 1.0 / norm : 1.0;
  }

  // Newton at rest; a nonlinear system must already be close (its first step must be small relative
  // to the state).
  bool settle_rest(bool travelled) {
    double previous = INFINITY;
    for (int newton = 0; newton < 20; ++newton) {
      if (!differentiate_rest()) return false;
      const double size = newton_step();
      if (!(size < 1e300)) return false;
      if (Model::LINEAR) return true;
      if (newton == 0 && (!travelled || far_step())) return false;
      if (size < 1e-3 || (size < 1.0 && size >= previous)) {
        return differentiate_rest() && balanced_;
      }
      if (size > 2.0 * previous) return false;
      previous = size;
    }
    return false;
  }

  bool far_step() const {
    double moved = 0.0, size = 0.0;
    for (int i = 0; i < N; ++i) {
      moved = std::fmax(moved, std::fabs(step_[i]));
      size = std::fmax(size, std::fabs(z_[i]));
    }
    return moved > 0.1 * size;
  }

  // -J into `a_`, factorised; f + rate next to z (as an image, so that Newton's step is shared).
  bool differentiate_rest() {
    put_state();
    double f[N], jac[Model::NJ], fq[Model::NFQ], unit[N] = {}, out[N];
    Model::rhs_entries(m_.w.clock(0.0), m_.w.y, m_.w.q, f, jac, fq);
    m_.derivative(f);
    for (int j = 0; j < N; ++j) {
      unit[j] = 1.0;
      Model::rhs_lanes(m_.w.y, m_.w.q, jac, fq, unit, still_.data(), out);
      unit[j] = 0.0;
      for (int i = 0; i < N; ++i) a_[i * N + j] = -out[i];
    }
    for (int i = 0; i < N; ++i) {
      for (int j = 0; keeps_[i] && j < N; ++j) a_[i * N + j] = i == j ? 1.0 : 0.0;
    }
    balanced_ = true;
    for (int i = 0; i < N; ++i) balanced_ &= keeps_[i] || is_balanced(i, f[i]);
    scale_rows(f);
    image_.resize(N);
    for (int i = 0; i < N; ++i) image_[i] = z_[i] + (keeps_[i] ? 0.0 : f[i]);
    return lu_.factor(a_, N);
  }

  // Whether the residual of a derivative is small relative to its terms: far above, where a
  // saturated process no longer depends on the state, steady growth may look like a steady state.
  bool is_balanced(int i, double f) const {
    double parts = 0.0;
    for (int j = 0; j < N; ++j) parts += std::fabs(a_[i * N + j] * z_[j]);
    return std::fabs(f) <= 1e-4 * parts;
  }

  // Rates differ by many orders of magnitude: scaled rows make the test for singularity meaningful.
  void scale_rows(double* f) {
    row_scale_.assign(N, 1.0);
    for (int i = 0; i < N; ++i) {
      double most = 0.0;
      for (int j = 0; j < N; ++j) most = std::fmax(most, std::fabs(a_[i * N + j]));
      if (most > 0.0 && std::isfinite(most)) row_scale_[i] = 1.0 / most;
      for (int j = 0; j < N; ++j) a_[i * N + j] *= row_scale_[i];
      f[i] *= row_scale_[i];
    }
  }

  // -J Z = f_p + d(rate)/dp.
  Reason close_rest() {
    if (m_.sensitive) {
      put_state();
      double f[N], jac[Model::NJ], fq[Model::NFQ], none[N] = {}, b[N];
      Model::rhs_entries(m_.w.clock(0.0), m_.w.y, m_.w.q, f, jac, fq);
      for (int l = 0; l < P; ++l) {
        Model::rhs_lanes(m_.w.y, m_.w.q, jac, fq, none, m_.coefficients_of(l), b);
        b[Model::DOSE_STATE[dose_->target]] += dose_->rate.d[l];
        for (int i = 0; i < N; ++i) b[i] = keeps_[i] ? 0.0 : b[i] * row_scale_[i];
        lu_.solve(b);
        for (int i = 0; i < N; ++i) {
          if (!keeps_[i]) sens_[l * N + i] = b[i];
        }
      }
    }
    put_state();
    put_lanes();
    return Reason::ok;
  }

  M& m_;
  const Dose<P>* dose_ = nullptr;
  double interval_ = 0.0, whole_ = 0.0, rest_ = 0.0;
  std::vector<double> a_, z_, sens_, still_, image_, step_, row_scale_, sizes_, floors_;
  std::vector<double> turnover_;  // of each state in a period
  std::vector<bool> keeps_;
  bool balanced_ = true;
  DenseLu lu_;
};

}  // namespace pkqsp
