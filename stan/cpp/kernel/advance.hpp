// Integration from one discontinuity to the next: steps, error control, dense output at
// observations.
#pragma once

#include <algorithm>
#include <cmath>

#include "controller.hpp"
#include "stepper.hpp"

namespace pkqsp {

template <class Model, int W, bool WithLanes>
struct Advance {
  using S = Stepper<Model, W, WithLanes>;
  static constexpr int N = Model::N;

  Work<Model>& w;
  Chooser& chooser;
  S stepper{w};
  Controller controller{};

  // Integrates from w.t to t1 and fills the outlet's records before t1.
  Reason run(double t1, Outlet& out) {
    stepper.begin();
    if (!finite(w.f0)) return Reason::not_finite;
    if constexpr (Model::LINEAR) stepper.begin_linear();
    chooser.start(bound() * (t1 - w.t));
    w.method = chooser.method(w.options, Model::LINEAR);
    double h = first_step(t1);
    double goal = t1;  // or a record that dense output does not reach: see `pass`
    while (w.t < t1) {
      if (w.tried >= w.options.max_steps) return Reason::too_many_steps;
      ++w.tried;
      const bool last = w.t + 1.0001 * h >= goal;
      const double step = last ? goal - w.t : h;
      const bool factored = stepper.attempt(step);
      const double error = factored ? stepper.error() : 2.0;
      if (factored && error <= 1.0) {
        const double t_new = last ? goal : w.t + step;
        goal = pass(step, t_new, out);
        if (goal < t_new) {
          ++w.stats.rejected;
          continue;
        }
        const double next = step * controller.factor(error, w.method->order);
        accept(t_new);
        h = limited(std::max(next, last ? h : 0.0));
        if (w.t >= t1) break;
        goal = t1;
        stepper.begin();
        consider(h);
      } else {
        ++w.stats.rejected;
        stepper.learn_sizes();
        const bool wild = !std::isfinite(error);
        h = step * (factored && !wild ? controller.factor(error, w.method->order) : 0.25);
        if (too_small(h)) return wild ? Reason::not_finite : small_reason(factored);
      }
    }
    return Reason::ok;
  }

  static Reason small_reason(bool factored) {
    return factored ? Reason::step_too_small : Reason::singular;
  }

  bool too_small(double h) const {
    return h < w.options.min_step || w.t + 0.1 * h == w.t || !(h > 1e-300);
  }

  double limited(double h) const {
    return w.options.max_step > 0.0 ? std::min(h, w.options.max_step) : h;
  }

  // Fills the records inside a step. Returns the step's end, or the time of the first
  // record where dense output is not as accurate as the step's end: the step must stop there.
  double pass(double step, double t_new, Outlet& out) {
    bool prepared = false;
    while (out.next < out.end && out.time[out.next] <= t_new) {
      if (!prepared) stepper.prepare_dense();
      prepared = true;
      const double t = out.time[out.next], s = (t - w.t) / step;
      if (t < t_new && s > 0.0 && !(stepper.defect(t, s, step) <= 1.0)) return t;
      stepper.write_dense(t, s, out.next, out);
      ++out.next;
    }
    return t_new;
  }

  void accept(double t_new) {
    ++w.stats.steps;
    w.stats.explicit_steps += w.method->kind == Kind::explicit_pair;
    stepper.accept(t_new);
  }

  void consider(double h) {
    if (Model::LINEAR || w.options.choice != Choice::automatic) return;
    if (!chooser.observe(h * bound())) return;
    w.method = chooser.method(w.options, Model::LINEAR);
    controller.restart();
  }

  double bound() const { return Model::norm(w.q, w.jac0); }

  static bool finite(const double* f) {
    double sum = 0.0;
    for (int n = 0; n < N; ++n) sum += f[n] * 0.0;
    return sum == 0.0;
  }

  double scaled_norm(const double* v) const {
    double sum = 0.0;
    for (int n = 0; n < N; ++n) {
      const double least = w.floor[n] + w.options.rtol * std::fabs(w.y[n]);
      if (!(least > 0.0)) continue;  // zero so far, with unknown size
      const double x = v[n] / least;
      sum += x * x;
    }
    return std::sqrt(sum / N);
  }

  // First step after E. Hairer, S. P. Norsett, G. Wanner, Solving ODEs I, section II.4.
  double first_step(double t1) {
    const double span = t1 - w.t;
    // A linear system is exact up to the fastest rate; too large a step is rejected.
    if (w.method->kind == Kind::linear) return limited(std::min(span, 2.0 / bound()));
    const double d0 = scaled_norm(w.y), d1 = scaled_norm(w.f0);
    double h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 * span : 0.01 * d0 / d1;
    h0 = std::min(h0, span);
    double y[N], f[N];
    for (int n = 0; n < N; ++n) y[n] = w.y[n] + h0 * w.f0[n];
    Model::rhs(w.clock(w.t + h0), y, w.q, f);
    stepper.add_rates(f);
    for (int n = 0; n < N; ++n) f[n] -= w.f0[n];
    const double d2 = scaled_norm(f) / h0, most = std::max(d1, d2);
    double h1 = most > 1e-15 ? std::pow(0.01 / most, 1.0 / w.method->order) : span;
    if (!std::isfinite(h1)) h1 = h0;
    return limited(std::min(span, std::min(100 * h0, h1)));
  }
};

}  // namespace pkqsp
