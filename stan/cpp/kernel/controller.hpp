// Step size: a PI controller, the first step, and the choice between stiff and explicit methods.
#pragma once

#include <algorithm>
#include <cmath>

#include "methods.hpp"
#include "options.hpp"

namespace pkqsp {

// PI control after K. Gustafsson, ACM Trans. Math. Softw. 17 (1991) 533.
class Controller {
 public:
  void restart() {
    previous_ = 1.0;
    rejected_ = false;
  }

  // Factor by which to change the step after an error (1 = just tolerated).
  double factor(double error, double order) {
    const double safety = 0.9, least = 0.2, most = rejected_ ? 1.0 : 6.0;
    const double e = std::max(error, 1e-6);
    const bool good = error <= 1.0;
    double f = safety * std::pow(e, -1.0 / order);
    if (order > 7.0) {
      f = 0.95 * std::pow(e, -1.0 / order);  // linear: errors change smoothly from step to step
    } else if (good) {
      f = safety * std::pow(e, -0.8 / order) * std::pow(previous_, 0.2 / order);
      previous_ = std::max(e, 1e-2);
    }
    rejected_ = !good;
    return std::min(most, std::max(least, f));
  }

 private:
  double previous_ = 1.0;
  bool rejected_ = false;
};

// The current method of the automatic choice. The bound is the 1-norm of the Jacobian, which the
// spectral radius does not exceed: h * bound small means that an explicit step is stable.
class Chooser {
 public:
  const Method* method(const Options& options, bool linear) {
    switch (options.choice) {
      case Choice::rodas4: return &rodas4;
      case Choice::rodas5p: return &rodas5p;
      case Choice::dopri5: return &dopri5;
      default: return linear ? &norsett8 : explicit_ ? &dopri5 : &rodas5p;
    }
  }

  // Records a step; true if the method has to change. An explicit step that stability
  // limits has h * bound of 3 or more; one that accuracy limits is smaller at usual tolerances.
  bool observe(double h_bound) {
    const bool other = explicit_ ? h_bound > 2.5 : h_bound < 1.2;
    count_ = other ? count_ + 1 : 0;
    if (count_ < (explicit_ ? 6 : patience_)) return false;
    if (explicit_) patience_ = patience_ < 1000 ? 2 * patience_ : patience_;  // a wrong change
    explicit_ = !explicit_;
    count_ = 0;
    return true;
  }

  // Before a stretch: a stretch without fast processes needs no stiff method.
  void start(double span_bound) {
    if (span_bound < 10.0) explicit_ = true;
  }

 private:
  bool explicit_ = false;
  int count_ = 0;
  int patience_ = 4;
};

}  // namespace pkqsp
