// One subject's records in their order, with NONMEM's meaning (see README.md).
#pragma once

#include <algorithm>
#include <cmath>

#include "steady.hpp"

namespace pkqsp {

template <class Model>
class Subject {
  static constexpr int N = Model::N, P = Model::P;

 public:
  Subject() : steady_(m_) {}

  // Predictions (n, M) and, unless null, sensitivities (n, M, P). Work space is reused for the next
  // subject.
  Reason solve(const Records& records, const double* parameters, const Options& options,
               double* values, double* sensitivities) {
    r_ = records;
    out_ = Outlet{records.time, records.own, 0, 0, values, sensitivities};
    m_.w.stats = Stats{};
    m_.w.tried = 0;
    queue_.clear();
    stretch_end_ = 0;
    if (r_.n == 0) return Reason::ok;
    if (!all_finite(parameters, P) || !all_finite(r_.time, r_.n)) return Reason::not_finite;
    m_.set_parameters(parameters, r_.fixed, sensitivities != nullptr, options);
    segment_ = 0;
    restart(0);
    const Reason reason = run();
    if (reason == Reason::ok) mark_undefined();
    return reason;
  }

  const Stats& stats() const { return m_.w.stats; }
  Machine<Model>& machine() { return m_; }

 private:
  static bool all_finite(const double* v, long n) {
    for (long i = 0; i < n; ++i) {
      if (!std::isfinite(v[i])) return false;
    }
    return true;
  }

  // A prediction without a value (log of 0 before the first dose) is NaN; other predictions are
  // not affected: if a state is not finite, the solve has failed before.
  void mark_undefined() {
    const long n = r_.n * Model::M;
    for (long i = 0; i < n; ++i) {
      if (!std::isfinite(out_.values[i])) out_.values[i] = NAN;
    }
    for (long i = 0; m_.sensitive && i < n * P; ++i) {
      double& d = out_.sensitivities[i];
      if (!std::isfinite(d)) d = NAN;
    }
  }

  Reason run() {
    for (long i = 0; i < r_.n;) {
      if (r_.evid[i] == 3 || r_.evid[i] == 4) {
        if (i > 0) next_stretch();
        restart(i);
      } else {
        if (r_.time[i] < m_.w.t - time_slack(m_.w.t)) return Reason::bad_time;
        const Reason reason = reach(i);
        if (reason != Reason::ok) return reason;
        if (out_.next > i) {
          i = out_.next;
          continue;
        }
        load_record(i);
      }
      const Reason reason = handle(i);
      if (reason != Reason::ok) return reason;
      m_.write(r_.time[i], i, out_);
      ++i;
    }
    return Reason::ok;
  }

  Reason handle(long i) {
    switch (r_.evid[i]) {
      case 0: case 2: case 3: return Reason::ok;
      case 1: case 4: return give(i);
      default: return Reason::bad_record;
    }
  }

  // Initial values at a record, in the segment at that time.
  void restart(long i) {
    const double t = r_.time[i];
    while (next_break() <= t + time_slack(t)) ++segment_;
    load_segment(t);
    load_record(i);
    begin_again(t);
  }

  // Initial values; running infusions and pending doses are cancelled.
  void begin_again(double t) {
    queue_.clear();
    m_.start(t);
  }

  // To the first covariate segment of the next stretch of time.
  void next_stretch() {
    while (Model::C > 0 && next_break() < INFINITY) ++segment_;
    if (Model::C > 0 && segment_ + 1 < r_.n_breaks) ++segment_;
  }

  void load_segment(double t) { m_.set_segment(r_.segments + segment_ * 2 * Model::C, t); }
  void load_record(long i) { m_.w.load_record(r_.own + i * Model::C); }

  // -- between records ------------------------------------------------------------------------

  // Advances to record i. Stops early, with `out_.next` beyond i, if dense output has passed it.
  Reason reach(long i) {
    const double target = r_.time[i];
    for (;;) {
      settle();
      const double t = m_.w.t;
      if (target <= t + time_slack(t)) return Reason::ok;
      const bool passive = r_.passive(i);
      if (passive && i >= stretch_end_) measure_stretch(i);
      const double limit = passive ? horizon_ : target;
      const double change = std::min(next_break(), m_.next_edge());
      const double stop = std::min(limit, std::min(queue_.next_time(), change));
      out_.next = i;
      out_.end = passive ? records_before(i, stop) : i;
      const Reason reason = m_.advance(stop, out_, m_.sensitive);
      if (reason != Reason::ok) return reason;
      m_.w.t = std::max(m_.w.t, stop);
      if (out_.next > i) return Reason::ok;
    }
  }

  // A run of passive records from i on, and the time to which the solver may integrate for it.
  void measure_stretch(long i) {
    long j = i + 1;
    while (j < r_.n && r_.passive(j) && r_.time[j] >= r_.time[j - 1]) ++j;
    stretch_end_ = j;
    const bool dose_next = j < r_.n && r_.evid[j] == 1 && r_.time[j] >= r_.time[j - 1];
    horizon_ = dose_next ? r_.time[j] : r_.time[j - 1];
  }

  // End of the records from i on that are clearly before `stop`.
  long records_before(long i, double stop) const {
    long j = i;
    while (j < stretch_end_ && r_.time[j] < stop - time_slack(stop)) ++j;
    return j;
  }

  double next_break() const {
    const bool more = Model::C > 0 && segment_ + 1 < r_.n_breaks &&
                      r_.breaks[segment_ + 1] > r_.breaks[segment_];
    return more ? r_.breaks[segment_ + 1] : INFINITY;
  }

  // Events at the present time: first conditions on time, then new covariates, then entering doses
  // and ending infusions.
  void settle() {
    const double due = m_.w.t + time_slack(m_.w.t);
    m_.flip_switches();
    const long before = segment_;
    while (next_break() <= due) ++segment_;
    if (segment_ != before) load_segment(m_.w.t);
    while (queue_.next_time() <= due) apply(queue_.take());
  }

  void apply(const Pending<P>& item) {
    const Dose<P>& dose = item.dose;
    m_.at_moving_time(item.moving, [&] {
      if (item.ends) m_.change_rate(dose.target, dose.rate, -1);
      else if (dose.infusion) m_.change_rate(dose.target, dose.rate, 1);
      else m_.add_amount(dose.target, dose.amount);
    });
    if (dose.infusion && !item.ends) schedule_end(dose, item.time(), item.moving);
  }

  void schedule_end(const Dose<P>& dose, double start, const Dual<P>& moving) {
    Pending<P> end;
    end.ends = true;
    end.first = start + dose.duration.value;
    for (int l = 0; l < P; ++l) end.moving.d[l] = moving.d[l] + dose.duration.d[l];
    end.dose = dose;
    queue_.push(end);
  }

  // -- doses ----------------------------------------------------------------------------------

  Reason give(long i) {
    Dose<P> dose;
    const bool nothing = r_.amount[i] == 0.0 && r_.steady[i] == 0;
    if (nothing) return Reason::ok;
    const Reason reason = read_dose(m_, r_, i, dose);
    if (reason != Reason::ok) return reason;
    if (r_.additional[i] > 0 && !(r_.interval[i] > 0.0)) return Reason::bad_record;
    if (r_.steady[i] != 0) {
      const Reason found = reach_steady(i, dose);
      if (found != Reason::ok || r_.amount[i] == 0.0) return found;
    }
    enter(dose, m_.w.t + dose.lag.value, r_.interval[i], 1 + std::max(0, r_.additional[i]));
    settle();
    return Reason::ok;
  }

  void enter(const Dose<P>& dose, double first, double interval, long times) {
    Pending<P> item;
    item.first = first;
    item.interval = interval;
    item.left = times;
    item.moving = dose.lag;
    item.dose = dose;
    queue_.push(item);
  }

  Reason reach_steady(long i, const Dose<P>& dose) {
    const int kind = r_.steady[i];
    const bool constant = r_.amount[i] == 0.0;
    if (kind != 1 && kind != 2) return Reason::bad_record;
    if (!constant && !(r_.interval[i] > 0.0)) return Reason::bad_record;
    if (kind == 1) begin_again(m_.w.t);
    else set_aside();
    m_.hold_segment(r_.own + i * Model::C);
    const Reason found = constant ? steady_.constant(dose) : steady_.periodic(dose, r_.interval[i]);
    load_segment(m_.w.t);
    if (found != Reason::ok) return found;
    if (kind == 2) add_back();
    if (!constant) go_on(dose, r_.interval[i]);
    return Reason::ok;
  }

  // SS = 2: the steady state of the regimen, from an empty system, is added.
  void set_aside() {
    Work<Model>& w = m_.w;
    kept_.assign(w.y, w.y + N);
    kept_.insert(kept_.end(), w.Y, w.Y + N * w.L);
    kept_.insert(kept_.end(), w.rate, w.rate + w.D);
    kept_.insert(kept_.end(), w.RATE, w.RATE + w.D * w.L);
    kept_running_.assign(m_.running, m_.running + w.D);
    for (double& v : w.y) v = 0.0;
    m_.clear_lanes();
    m_.stop_infusions();
  }

  void add_back() {
    Work<Model>& w = m_.w;
    const double* k = kept_.data();
    for (int n = 0; n < N; ++n) w.y[n] += *k++;
    for (int n = 0; n < N * w.L; ++n) w.Y[n] += *k++;
    for (int d = 0; d < w.D; ++d) w.rate[d] = *k++;
    for (int d = 0; d < w.D * w.L; ++d) w.RATE[d] = *k++;
    std::copy(kept_running_.begin(), kept_running_.end(), m_.running);
  }

  // Earlier doses of the regimen that are still pending: running infusions and lag times.
  void go_on(const Dose<P>& dose, double interval) {
    const double reach = dose.lag.value + (dose.infusion ? dose.duration.value : 0.0);
    const double t = m_.w.t, slack = time_slack(t);
    for (long k = static_cast<long>(reach / interval + 1e-9); k >= 1; --k) {
      const double start = t + dose.lag.value - static_cast<double>(k) * interval;
      if (start >= t - slack) {
        enter(dose, start, 0.0, 1);
      } else if (dose.infusion && start + dose.duration.value > t + slack) {
        m_.change_rate(dose.target, dose.rate, 1);
        schedule_end(dose, start, dose.lag);
      }
    }
  }

  Machine<Model> m_;
  Steady<Model> steady_;
  Records r_;
  Outlet out_;
  Queue<P> queue_;
  long segment_ = 0;
  long stretch_end_ = 0;
  double horizon_ = 0.0;
  std::vector<double> kept_;
  std::vector<int> kept_running_;
};

}  // namespace pkqsp
