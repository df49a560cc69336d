// Evaluation of a dose record with its own covariates, and the queue of pending doses.
#pragma once

#include <cmath>
#include <vector>

#include "machine.hpp"

namespace pkqsp {

// A bolus (rate 0) or an infusion. Amounts are in units of the state they enter.
template <int P>
struct Dose {
  int target = 0;
  bool infusion = false;
  Dual<P> amount;    // of a bolus
  Dual<P> rate;      // of an infusion
  Dual<P> duration;  // of an infusion
  Dual<P> lag;
};

// The five dosing values of a target: factor, bioavailability, lag, rate, duration.
template <class Model>
void dose_values(Machine<Model>& m, int target, Dual<Model::P> (&five)[5]) {
  constexpr int n = 5 * (Model::D > 0 ? Model::D : 1);
  double d[n], dqd[Model::NDQ], lanes[n];
  Model::dose_entries(m.w.clock(m.w.t), m.w.seen(), d, dqd);
  for (int k = 0; k < 5; ++k) five[k].value = d[5 * target + k];
  if (!m.sensitive) return;
  for (int l = 0; l < Model::P; ++l) {
    Model::dose_lanes(m.w.seen(), dqd, m.seen_of(l), lanes);
    for (int k = 0; k < 5; ++k) five[k].d[l] = lanes[5 * target + k];
  }
}

template <int P>
Dual<P> times(const Dual<P>& a, const Dual<P>& b) {
  Dual<P> c;
  c.value = a.value * b.value;
  for (int l = 0; l < P; ++l) c.d[l] = a.d[l] * b.value + a.value * b.d[l];
  return c;
}

template <int P>
Dual<P> over(const Dual<P>& a, const Dual<P>& b) {
  Dual<P> c;
  c.value = a.value / b.value;
  for (int l = 0; l < P; ++l) c.d[l] = (a.d[l] - c.value * b.d[l]) / b.value;
  return c;
}

template <int P>
Dual<P> constant(double v) {
  Dual<P> c;
  c.value = v;
  return c;
}

// RATE = R > 0: F scales the duration. -1: modelled rate. -2: modelled duration, F scales the rate.
template <class Model>
Reason read_dose(Machine<Model>& m, const Records& r, long i, Dose<Model::P>& dose) {
  constexpr int P = Model::P;
  dose.target = r.dose[i];
  if (dose.target < 0 || dose.target >= Model::D) return Reason::bad_record;
  Dual<P> five[5];
  dose_values(m, dose.target, five);
  const Dual<P> &factor = five[0], &F = five[1];
  dose.lag = five[2];
  const Dual<P> dosed = times(F, constant<P>(r.amount[i]));
  if (!std::isfinite(factor.value) || !std::isfinite(dosed.value) ||
      !std::isfinite(dose.lag.value)) {
    return Reason::not_finite;
  }
  if (dose.lag.value < 0.0 || dosed.value < 0.0) return Reason::bad_dose;
  // an infusion that has always been running has no duration
  if (r.rate[i] == -2.0 && r.amount[i] == 0.0) return Reason::bad_record;
  dose.infusion = r.rate[i] != 0.0;
  if (!dose.infusion) {
    dose.amount = times(factor, dosed);
    return Reason::ok;
  }
  if (r.rate[i] > 0.0 || r.rate[i] == -1.0) {
    if (r.rate[i] < 0.0 && !Model::DOSE_HAS_RATE[dose.target]) return Reason::bad_record;
    const Dual<P> rate = r.rate[i] > 0.0 ? constant<P>(r.rate[i]) : five[3];
    if (!(rate.value > 0.0) || !std::isfinite(rate.value)) return Reason::bad_dose;
    dose.duration = over(dosed, rate);
    dose.rate = times(factor, rate);
    return Reason::ok;
  }
  if (r.rate[i] != -2.0 || !Model::DOSE_HAS_DURATION[dose.target]) return Reason::bad_record;
  dose.duration = five[4];
  if (!(dose.duration.value >= 0.0) || !std::isfinite(dose.duration.value)) {
    return Reason::bad_dose;
  }
  if (dose.duration.value == 0.0) {
    dose.infusion = false;
    dose.amount = times(factor, dosed);
  } else {
    dose.rate = times(factor, over(dosed, dose.duration));
  }
  return Reason::ok;
}

// A pending dose, once or `left` times at `interval`, or a pending end of an infusion.
template <int P>
struct Pending {
  bool ends = false;
  double first = 0.0;  // time of the first entry
  double interval = 0.0;
  long done = 0;
  long left = 1;
  Dual<P> moving;  // derivatives of the time
  Dose<P> dose;
  double time() const { return first + static_cast<double>(done) * interval; }
};

template <int P>
class Queue {
 public:
  void clear() { items_.clear(); }
  void push(const Pending<P>& item) { items_.push_back(item); }

  // Index of the first item; ties in the order of insertion. -1: the queue is empty.
  long first() const {
    long best = -1;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (best < 0 || items_[i].time() < items_[best].time()) best = static_cast<long>(i);
    }
    return best;
  }

  double next_time() const {
    const long i = first();
    return i < 0 ? INFINITY : items_[i].time();
  }

  // Removes one entry; items with remaining entries are kept.
  Pending<P> take() {
    const long i = first();
    Pending<P> item = items_[i];
    ++items_[i].done;
    if (--items_[i].left <= 0) items_.erase(items_.begin() + i);
    return item;
  }

 private:
  std::vector<Pending<P>> items_;
};

}  // namespace pkqsp
