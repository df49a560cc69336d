// The size of each state: the reference of its absolute tolerance, which is therefore independent
// of units.
//
// It is the largest magnitude of the state since the last restart. A state that has been
// zero so far gets a size from its inflow: |J_ij| times the size of j for as long as either
// of the two decays (the shorter of 1/|J_ii|, 1/|J_jj| and the stretch), along the whole chain.
//
// The absolute tolerance is atol * size. Directly after a restart, when sensitivities are zero and
// sizes may be estimates, it is rtol * size, and halves with each step.
#pragma once

#include <cmath>
#include <vector>

#include "work.hpp"

namespace pkqsp {

template <class Model>
class Sizes {
  static constexpr int N = Model::N;

 public:
  void clear(Work<Model>& w) {
    for (double& s : w.size) s = 0.0;
    for (double& s : w.floor) s = 0.0;
    fresh_ = true;
  }

  // Before a stretch of length `span`.
  void measure(Work<Model>& w, double span) {
    bool known = true;
    for (int n = 0; n < N; ++n) {
      w.size[n] = std::fmax(w.size[n], std::fabs(w.y[n]));
      known = known && w.size[n] > 0.0;
    }
    if (!known) {
      differentiate(w);
      find_lives(span);
      spread(w);
    }
    const double share = fresh_ ? w.options.rtol : w.options.atol;
    for (int n = 0; n < N; ++n) w.floor[n] = std::fmax(w.floor[n], share * w.size[n]);
    fresh_ = false;
  }

 private:
  void differentiate(Work<Model>& w) {
    double jac[Model::NJ], fq[Model::NFQ], unit[N] = {};
    jacobian_.resize(N * N);
    still_.assign(Model::Q, 0.0);
    Model::rhs_entries(w.clock(w.t), w.y, w.q, rate_, jac, fq);
    for (int d = 0; d < Model::D; ++d) rate_[Model::DOSE_STATE[d]] += w.rate[d];
    for (int j = 0; j < N; ++j) {
      unit[j] = 1.0;
      Model::rhs_lanes(w.y, w.q, jac, fq, unit, still_.data(), &jacobian_[j * N]);
      unit[j] = 0.0;
    }
  }

  void find_lives(double span) {
    for (int n = 0; n < N; ++n) {
      const double own = 1.0 / std::fabs(jacobian_[n * N + n]);
      life_[n] = own < span ? own : span;
    }
  }

  void spread(Work<Model>& w) const {
    bool unknown[N];
    for (int n = 0; n < N; ++n) {
      unknown[n] = !(w.size[n] > 0.0);
      if (unknown[n]) raise(w.size[n], std::fabs(rate_[n]) * life_[n]);
    }
    for (int round = 0; round < N; ++round) {
      bool changed = false;
      for (int i = 0; i < N; ++i) {
        if (!unknown[i] || w.size[i] > 0.0) continue;
        for (int j = 0; j < N; ++j) {
          const double life = std::fmin(life_[i], life_[j]);
          raise(w.size[i], std::fabs(jacobian_[j * N + i]) * life * w.size[j]);
        }
        changed = changed || w.size[i] > 0.0;
      }
      if (!changed) return;
    }
  }

  static void raise(double& size, double other) {
    if (other > size && std::isfinite(other)) size = other;
  }

  std::vector<double> jacobian_, still_;  // by column
  double rate_[N], life_[N];
  bool fresh_ = true;
};

}  // namespace pkqsp
