// All memory that a solve of one subject needs besides its records: made once a thread.
#pragma once

#include <cstddef>

#include "lanes.hpp"
#include "methods.hpp"
#include "options.hpp"
#include "reason.hpp"

namespace pkqsp {

// Pure observations that an advance passes by: it fills them from its dense output.
struct Outlet {
  const double* time = nullptr;
  long next = 0;  // first record without a prediction yet
  long end = 0;   // records from here on are not the advance's business
  double* values = nullptr;         // (n, M)
  double* sensitivities = nullptr;  // (n, M, P) or null
};

// What is left of a starting tolerance after each step: see sizes.hpp.
constexpr double floor_decay = 0.5;

// Added to a tolerance: nothing is divided by zero where a state is zero and stays so.
constexpr double no_size = 1e-150;

template <class Model>
struct Work {
  static constexpr int N = Model::N, P = Model::P, Q = Model::Q, S = max_stages;
  static constexpr int L = padded_lanes(P);
  static constexpr int D = Model::D > 0 ? Model::D : 1;

  // What a caller of `advance` sets: the state and its sensitivities, coefficients, infusions.
  alignas(64) double Y[N * L];      // laid out by `layout` with N rows
  alignas(64) double DQ[Q * L];     // Q rows
  alignas(64) double RATE[D * L];   // D rows: sensitivities of the infusion rates
  alignas(64) double sens_atol[L];  // absolute tolerance of each lane, for states of size 1
  alignas(64) double y[N];
  double size[N], floor[N];  // of each state, and its absolute tolerance: see sizes.hpp
  double q[Q];
  double rate[D];
  double t = 0.0;
  bool frozen = false;  // time in the model's equations stands still at `frozen_time`
  double frozen_time = 0.0;
  Layout layout{4};
  Options options;
  Stats stats;
  long tried = 0;  // steps, accepted or not
  const Method* method = &rodas4;

  // Scratch of the stepper.
  alignas(64) double U[S * N * L];
  alignas(64) double stage_lanes[N * L];
  alignas(64) double new_lanes[N * L];
  alignas(64) double time_lanes[N * L];
  alignas(64) double dense_lanes[3 * N * L];
  double u[S * N];
  double stage[N], y_new[N], dense[3 * N];
  double f0[N], jac0[Model::NJ], fq0[Model::NFQ], ft[N], lu[Model::NLU];
  double input[N];  // of a linear system

  double clock(double time) const { return frozen ? frozen_time : time; }

  // What an error of state n is measured by, where its magnitude is `most`.
  double tolerance(int n, double most) const {
    return floor[n] + options.rtol * most + no_size;
  }
};

}  // namespace pkqsp
