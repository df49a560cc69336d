// Conditions on time: switches with values 0 or 1 between break points, and the time of the next
// change.
//
// Switch k is on where e_k(t) = slope t + intercept is positive. Its edge, -intercept/slope, may
// depend on parameters and on the covariates of the segment. At its edge a switch has the
// value that applies afterwards.
#pragma once

#include <cmath>

#include "records.hpp"

namespace pkqsp {

template <class Model>
struct Switches {
  static constexpr int K = Model::K, P = Model::P;

  double line[2 * (K > 0 ? K : 1)];
  double gradient[2 * (K > 0 ? K : 1)][P > 0 ? P : 1];  // of the lines
  bool on[K > 0 ? K : 1] = {};

  // `coefficients_of(l)` are the derivatives of q by parameter l; null if they are not needed.
  template <class Of>
  void read(const double* q, Of&& coefficients_of, bool sensitive) {
    double eq[Model::NEQ], lanes[2 * (K > 0 ? K : 1)];
    Model::edge_entries(0.0, q, line, eq);
    for (int l = 0; sensitive && l < P; ++l) {
      Model::edge_lanes(q, eq, coefficients_of(l), lanes);
      for (int i = 0; i < 2 * K; ++i) gradient[i][l] = lanes[i];
    }
  }

  // Infinite if the condition does not depend on time.
  double edge(int k) const {
    const double slope = line[2 * k];
    return slope == 0.0 ? INFINITY : -line[2 * k + 1] / slope;
  }

  double edge_gradient(int k, int l) const {
    return -(gradient[2 * k + 1][l] + edge(k) * gradient[2 * k][l]) / line[2 * k];
  }

  // Whether switch k is on from time t on.
  bool wanted(int k, double t) const {
    const double slope = line[2 * k], intercept = line[2 * k + 1];
    if (slope == 0.0) return intercept > 0.0 || (intercept == 0.0 && Model::SWITCH_CLOSED[k]);
    return (edge(k) <= t + time_slack(t)) == (slope > 0.0);
  }

  void set(double t) {
    for (int k = 0; k < K; ++k) on[k] = wanted(k, t);
  }

  // The first switch that changes at time t; -1 if there is none.
  int due(double t) const {
    int first = -1;
    for (int k = 0; k < K; ++k) {
      if (wanted(k, t) != on[k] && (first < 0 || edge(k) < edge(first))) first = k;
    }
    return first;
  }

  double next(double t) const {
    double first = INFINITY;
    for (int k = 0; k < K; ++k) {
      const double at = edge(k);
      if (at > t + time_slack(t)) first = std::fmin(first, at);
    }
    return first;
  }
};

}  // namespace pkqsp
