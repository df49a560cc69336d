// The state of a solve: work space, coefficients, and effects of events on state and sensitivities.
//
// This is the cold code. It is compiled for the baseline and works lane by lane.
#pragma once

#include <cmath>
#include <vector>

#include "dispatch.hpp"
#include "records.hpp"
#include "sizes.hpp"
#include "switches.hpp"

namespace pkqsp {

// A number with its derivatives with respect to the individual parameters.
template <int P>
struct Dual {
  double value = 0.0;
  double d[P > 0 ? P : 1] = {};
  bool moves() const {
    for (int l = 0; l < P; ++l) {
      if (d[l] != 0.0) return true;
    }
    return false;
  }
};

template <class Model>
struct Machine {
  static constexpr int N = Model::N, P = Model::P, Q = Model::Q, M = Model::M;
  using Number = Dual<P>;

  Work<Model> w;
  Dispatch<Model> hot = Dispatch<Model>::choose(instruction_level());
  Chooser chooser;
  Sizes<Model> sizes;
  Switches<Model> switches;
  const double* p = nullptr;
  const double* x = nullptr;
  bool sensitive = false;
  double inputs[2 * Model::C + Model::K + 1];  // of a segment: its covariates, then the switches
  double gradient[Q * (P > 0 ? P : 1)];  // of the coefficients, (Q, P)
  double column[(P > 0 ? P : 1) * Q];    // the same, by parameter
  double Y[(P > 0 ? P : 1) * N];         // sensitivities by parameter, while an event is handled
  int running[Work<Model>::D];           // infusions on each target

  // -- coefficients -------------------------------------------------------------------------

  void set_parameters(const double* parameters, const double* covariates, bool lanes,
                      const Options& options) {
    p = w.p = parameters;
    x = w.x = covariates;
    sensitive = lanes && P > 0;
    w.options = options;
    w.layout.width = hot.width;
    w.frozen = false;
    chooser = Chooser{};
    for (double& g : gradient) g = 0.0;
    Model::theta(p, x, w.q, sensitive ? gradient : nullptr);
    w.begin_records(gradient, sensitive);
    set_lane_tolerance();
  }

  // Lanes are weighted as p * dy/dp, in the size of y: a parameter's own size sets the scale.
  // Sensitivities below a tenth of rtol of it do not affect a gradient.
  void set_lane_tolerance() {
    const double atol = w.options.atol, least = 0.1 * w.options.rtol;
    const double share = atol > 0.0 && atol < least ? least / atol : 1.0;
    for (int l = 0; l < w.L; ++l) {
      const double size = l < P ? std::fabs(p[l]) : 1.0;
      w.sens_atol[l] = share / (size > 0.0 && std::isfinite(size) ? size : 1.0);
    }
  }

  // The covariates (intercept and slope of each) that apply from time t on.
  void set_segment(const double* c, double t) {
    for (int k = 0; k < 2 * Model::C; ++k) inputs[k] = c[k];
    load_segment();
    if constexpr (Model::K > 0) {
      switches.read(w.q, [this](int l) { return coefficients_of(l); }, sensitive);
      switches.set(t);
      load_segment();
    }
  }

  void load_segment() {
    for (int k = 0; k < Model::K; ++k) inputs[2 * Model::C + k] = switches.on[k] ? 1.0 : 0.0;
    Model::segment(p, x, inputs, w.q, sensitive ? gradient : nullptr);
    if (!sensitive) return;
    for (int i = 0; i < Q; ++i) {
      for (int l = 0; l < P; ++l) column[l * Q + i] = gradient[i * P + l];
    }
    load_coefficients(true);
  }

  // Time is frozen at a record: its own covariates apply.
  void hold_segment(const double* own) {
    double c[2 * Work<Model>::CR] = {};
    for (int k = 0; k < Model::C; ++k) c[2 * k] = own[k];
    set_segment(c, w.t);
  }

  // Conditions on time that change now: the right-hand side jumps, possibly at a time that
  // depends on parameters.
  void flip_switches() {
    if constexpr (Model::K > 0) {
      for (int k = switches.due(w.t); k >= 0; k = switches.due(w.t)) {
        Number edge;
        edge.value = switches.edge(k);
        for (int l = 0; sensitive && l < P; ++l) edge.d[l] = switches.edge_gradient(k, l);
        at_moving_time(edge, [&] {
          switches.on[k] = !switches.on[k];
          load_segment();
        });
      }
    }
  }

  double next_edge() const { return Model::K > 0 ? switches.next(w.t) : INFINITY; }

  // `on` false: lanes are directions of the state alone.
  void load_coefficients(bool on) {
    for (int i = 0; i < Q; ++i) {
      for (int l = 0; l < w.L; ++l) {
        w.DQ[w.layout.at(Q, i, l)] = on && l < P ? gradient[i * P + l] : 0.0;
      }
    }
  }

  // -- lanes, seen by parameter -------------------------------------------------------------

  double& lane(int i, int l) { return w.Y[w.layout.at(N, i, l)]; }
  double& rate_lane(int d, int l) { return w.RATE[w.layout.at(w.D, d, l)]; }
  const double* coefficients_of(int l) const { return column + static_cast<long>(l) * Q; }
  // The same for the last loaded record.
  const double* seen_of(int l) const {
    if constexpr (Work<Model>::RECORD) return w.column_record + static_cast<long>(l) * Q;
    else return coefficients_of(l);
  }

  void clear_lanes() {
    for (double& v : w.Y) v = 0.0;
  }

  void gather(int l, double* to) {
    for (int i = 0; i < N; ++i) to[i] = lane(i, l);
  }

  // -- the system ---------------------------------------------------------------------------

  // Initial values, with the coefficients of the last loaded record.
  void start(double t) {
    w.t = t;
    double y0q[Model::NY0Q], out[N];
    Model::initial_entries(w.clock(t), w.seen(), w.y, y0q);
    sizes.clear(w);
    clear_lanes();
    stop_infusions();
    if (!sensitive) return;
    for (int l = 0; l < P; ++l) {
      Model::initial_lanes(w.seen(), y0q, seen_of(l), out);
      for (int i = 0; i < N; ++i) lane(i, l) = out[i];
    }
  }

  void stop_infusions() {
    for (double& r : w.rate) r = 0.0;
    for (double& r : w.RATE) r = 0.0;
    for (int& r : running) r = 0;
  }

  void derivative(double* f) {
    Model::rhs(w.clock(w.t), w.y, w.q, f);
    for (int d = 0; d < Model::D; ++d) f[Model::DOSE_STATE[d]] += w.rate[d];
  }

  Reason advance(double t1, Outlet& out, bool lanes) {
    if (!(t1 > w.t)) return Reason::ok;
    sizes.measure(w, t1 - w.t);
    return (lanes ? hot.lanes : hot.values)(w, chooser, t1, out);
  }

  Reason advance(double t1, bool lanes) {
    Outlet none;
    return advance(t1, none, lanes);
  }

  // Predictions of the current state with the coefficients of the last loaded record.
  void write(double t, long row, const Outlet& out) {
    double o[M + 1], oy[Model::NOY], oq[Model::NOQ], y[N], lanes[M + 1];
    Model::output_entries(w.clock(t), w.y, w.seen(), o, oy, oq);
    for (int k = 0; k < M; ++k) out.values[row * M + k] = o[k];
    if (!sensitive) return;
    for (int l = 0; l < P; ++l) {
      gather(l, y);
      Model::output_lanes(w.y, w.seen(), oy, oq, y, seen_of(l), lanes);
      for (int k = 0; k < M; ++k) out.sensitivities[(row * M + k) * P + l] = lanes[k];
    }
  }

  // -- events -------------------------------------------------------------------------------

  void add_amount(int target, const Number& amount) {
    const int s = Model::DOSE_STATE[target];
    w.y[s] += amount.value;
    if (!sensitive) return;
    for (int l = 0; l < P; ++l) lane(s, l) += amount.d[l];
  }

  // Starts (sign 1) or ends (-1) an infusion.
  void change_rate(int target, const Number& rate, int sign) {
    w.rate[target] += sign * rate.value;
    running[target] += sign;
    const bool none = running[target] <= 0;
    if (none) w.rate[target] = 0.0;
    if (!sensitive) return;
    for (int l = 0; l < P; ++l) {
      double& r = rate_lane(target, l);
      r = none ? 0.0 : r + sign * rate.d[l];
    }
  }

  // Runs `change`, an event whose time depends on parameters. With state and derivative before
  // and after it: Y+ = Y- + (change of the state's own sensitivity) + (f- - f+) dt/dp.
  template <class Change>
  void at_moving_time(const Number& time, Change&& change) {
    const bool moving = sensitive && time.moves();
    double before[N] = {}, after[N] = {};
    if (moving) derivative(before);
    change();
    if (!moving) return;
    derivative(after);
    for (int l = 0; l < P; ++l) {
      for (int i = 0; i < N; ++i) lane(i, l) += (before[i] - after[i]) * time.d[l];
    }
  }
};

}  // namespace pkqsp
