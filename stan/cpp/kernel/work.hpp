// All memory for the solve of one subject, except its records: allocated once per thread.
#pragma once

#include <cstddef>

#include "lanes.hpp"
#include "methods.hpp"
#include "options.hpp"
#include "reason.hpp"

namespace pkqsp {

// Pure observations inside an integration: they are filled from its dense output.
struct Outlet {
  const double* time = nullptr;
  const double* own = nullptr;  // (n, C) varying covariates of each record
  long next = 0;  // first record without a prediction yet
  long end = 0;   // records from here on are not handled by the integration
  double* values = nullptr;         // (n, M)
  double* sensitivities = nullptr;  // (n, M, P) or null
};

// Remaining fraction of the initial tolerance after each step: see sizes.hpp.
constexpr double floor_decay = 0.5;

// Added to a tolerance: avoids a division by zero for a state that is zero.
constexpr double no_size = 1e-150;

template <class Model>
struct Work {
  static constexpr int N = Model::N, P = Model::P, Q = Model::Q, S = max_stages;
  static constexpr int L = padded_lanes(P);
  static constexpr int D = Model::D > 0 ? Model::D : 1;

  // Inputs of `advance`: the state and its sensitivities, coefficients, infusions.
  alignas(64) double Y[N * L];      // arranged by `layout` with N rows
  alignas(64) double DQ[Q * L];     // Q rows
  alignas(64) double RATE[D * L];   // D rows: sensitivities of the infusion rates
  alignas(64) double sens_atol[L];  // absolute tolerance of each lane, for states of size 1
  alignas(64) double y[N];
  double size[N], floor[N];  // of each state, and its absolute tolerance: see sizes.hpp
  double q[Q];
  double rate[D];
  double t = 0.0;
  bool frozen = false;  // time in the model's equations is fixed at `frozen_time`
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

  // Scale of the error of state n, whose magnitude is `most`.
  double tolerance(int n, double most) const {
    return floor[n] + options.rtol * most + no_size;
  }

  // -- the record's own values
  // ---------------------------------------------------------------------
  //
  // Outputs, doses and initial values use the record's own covariates. Their coefficients
  // are stored separately from those of the segment (`q`, `DQ`), which are used if they do not
  // depend on a varying covariate.

  static constexpr bool RECORD = Model::RECORD;
  static constexpr int QR = RECORD ? Q : 1, PR = P > 0 ? P : 1, CR = Model::C > 0 ? Model::C : 1;

  alignas(64) double DQ_record[QR * L];
  double q_record[QR];
  double gradient_record[QR * PR];  // (Q, P)
  double column_record[QR * PR];    // (P, Q)
  double own[CR];                   // the covariates of the stored coefficients
  bool loaded = false;
  bool record_lanes = false;
  const double* p = nullptr;
  const double* x = nullptr;

  const double* seen() const {
    if constexpr (RECORD) return q_record;
    else return q;
  }
  const double* seen_lanes() const {
    if constexpr (RECORD) return DQ_record;
    else return DQ;
  }

  // A new solve: theta-stage coefficients and their gradient are the current ones.
  void begin_records(const double* gradient, bool lanes) {
    loaded = false;
    record_lanes = lanes;
    for (int i = 0; RECORD && i < QR; ++i) q_record[i] = q[i];
    for (int i = 0; RECORD && i < QR * PR; ++i) gradient_record[i] = gradient[i];
  }

  // Loads the coefficients of a record with these covariates. Never part of the hot code.
  __attribute__((noinline)) void load_record(const double* covariates) {
    if constexpr (RECORD) {
      if (loaded && same(covariates)) return;
      double c[2 * CR] = {};
      for (int k = 0; k < Model::C; ++k) c[2 * k] = own[k] = covariates[k];
      loaded = true;
      Model::record(p, x, c, q_record, record_lanes ? gradient_record : nullptr);
      if (record_lanes) spread_record();
    }
  }

 private:
  bool same(const double* covariates) const {
    for (int k = 0; k < Model::C; ++k) {
      if (!(own[k] == covariates[k])) return false;
    }
    return true;
  }

  void spread_record() {
    for (int i = 0; i < QR; ++i) {
      for (int l = 0; l < P; ++l) column_record[l * QR + i] = gradient_record[i * P + l];
      for (int l = 0; l < L; ++l) {
        DQ_record[layout.at(QR, i, l)] = l < P ? gradient_record[i * P + l] : 0.0;
      }
    }
  }
};

}  // namespace pkqsp
