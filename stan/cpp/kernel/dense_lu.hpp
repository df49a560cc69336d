// Dense LU with partial pivoting: for the few systems of equations of steady states.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

namespace pkqsp {

class DenseLu {
 public:
  // Factorises a (row-major, n x n) in place; false if it is singular to working precision.
  bool factor(std::vector<double>& a, int n) {
    a_ = &a;
    n_ = n;
    pivot_.resize(n);
    double scale = 0.0;
    for (double v : a) scale = std::fmax(scale, std::fabs(v));
    if (!(scale > 0.0) || !std::isfinite(scale)) return false;
    for (int k = 0; k < n; ++k) {
      int best = k;
      for (int i = k + 1; i < n; ++i) {
        if (std::fabs(at(i, k)) > std::fabs(at(best, k))) best = i;
      }
      pivot_[k] = best;
      for (int j = 0; best != k && j < n; ++j) std::swap(at(k, j), at(best, j));
      if (!(std::fabs(at(k, k)) > 1e-13 * scale)) return false;
      for (int i = k + 1; i < n; ++i) eliminate(k, i);
    }
    return true;
  }

  void solve(double* b) const {
    for (int k = 0; k < n_; ++k) {
      std::swap(b[k], b[pivot_[k]]);
      for (int i = k + 1; i < n_; ++i) b[i] -= at(i, k) * b[k];
    }
    for (int k = n_ - 1; k >= 0; --k) {
      for (int j = k + 1; j < n_; ++j) b[k] -= at(k, j) * b[j];
      b[k] /= at(k, k);
    }
  }

 private:
  double& at(int i, int j) const { return (*a_)[static_cast<std::size_t>(i) * n_ + j]; }

  void eliminate(int k, int i) {
    const double f = at(i, k) /= at(k, k);
    if (f == 0.0) return;
    for (int j = k + 1; j < n_; ++j) at(i, j) -= f * at(k, j);
  }

  std::vector<double>* a_ = nullptr;
  int n_ = 0;
  std::vector<int> pivot_;
};

}  // namespace pkqsp
