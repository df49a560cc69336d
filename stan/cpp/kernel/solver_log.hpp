// Counters of the solves of this process over all threads: returned to the Stan program,
// and appended to the file $PKQSP_SOLVER_LOG when the process ends.
#pragma once

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "options.hpp"
#include "reason.hpp"

namespace pkqsp {

class SolverLog {
 public:
  static SolverLog& get() {
    static SolverLog log;
    return log;
  }

  void count(const Stats& stats) {
    ++solves_;
    steps_ += stats.steps;
    rejected_ += stats.rejected;
  }

  // Stores the parameters of the first failures for the report.
  void fail(Reason reason, const double* parameters, int n) {
    ++failures_[static_cast<int>(reason)];
    const std::lock_guard<std::mutex> lock(mutex_);
    if (kept_.size() < most_kept) {
      kept_.push_back({reason, std::vector<double>(parameters, parameters + n)});
    }
  }

  // solves, steps, rejected steps, then failures by reason (from the first that is not ok).
  std::vector<double> counters() const {
    std::vector<double> all{double(solves_), double(steps_), double(rejected_)};
    for (std::size_t k = 1; k < failures_.size(); ++k) all.push_back(double(failures_[k]));
    return all;
  }

  std::string json() const {
    std::ostringstream out;
    out.precision(17);
    out << "{\"solves\": " << solves_ << ", \"steps\": " << steps_
        << ", \"rejected\": " << rejected_ << ", \"failures\": {";
    const char* comma = "";
    for (std::size_t k = 1; k < failures_.size(); ++k) {
      if (failures_[k] == 0) continue;
      out << comma << '"' << describe(static_cast<Reason>(k)) << "\": " << failures_[k];
      comma = ", ";
    }
    out << "}, \"examples\": [";
    comma = "";
    for (const Failure& f : kept_) {
      out << comma << "{\"reason\": \"" << describe(f.reason) << "\", \"parameters\": [";
      const char* inner = "";
      for (double v : f.parameters) {
        out << inner;
        if (v == v && v - v == 0.0) out << v;
        else out << "null";  // JSON has no infinity
        inner = ", ";
      }
      out << "]}";
      comma = ", ";
    }
    out << "]}\n";
    return out.str();
  }

 private:
  struct Failure {
    Reason reason;
    std::vector<double> parameters;
  };
  static constexpr std::size_t most_kept = 20;

  SolverLog() = default;
  ~SolverLog() {
    const char* path = std::getenv("PKQSP_SOLVER_LOG");
    if (path == nullptr || *path == '\0') return;
    std::ofstream(path, std::ios::app) << json();
  }

  std::atomic<long long> solves_{0}, steps_{0}, rejected_{0};
  std::array<std::atomic<long long>, static_cast<int>(Reason::count)> failures_{};
  std::mutex mutex_;
  std::vector<Failure> kept_;
};

}  // namespace pkqsp
