// The C ABI of a compiled model: arrays in, arrays out, no exceptions. Records of all subjects are
// stored consecutively; `first[s]` .. `first[s + 1]` are those of subject s.
#pragma once

#include <algorithm>
#include <exception>

#include "solve.hpp"

namespace pkqsp {

constexpr int abi_version = 2;
constexpr int abi_counters = 6;  // steps, rejected, factorisations, explicit, steady, tried

struct AbiStudy {
  const long long* first;        // (S + 1,)
  const double* time;            // all records
  const int* evid;
  const double* amount;
  const double* rate;
  const double* interval;
  const int* additional;
  const int* steady;
  const int* dose;
  const double* fixed;           // (S, X)
  const double* own;             // (all records, C)
  const long long* first_break;  // (S + 1,)
  const double* breaks;
  const double* segments;        // (breaks, 2 C)
};

struct AbiOptions {
  double rtol, atol, min_step, max_step;
  long long max_steps;
  int choice;  // 0 automatic, 1 rodas4, 2 rodas5p, 3 dopri5
  int level;   // instruction set: -1 the best available, 4 AVX-512, 3 AVX2, 1 baseline
  int threads;
};

template <class Model>
void abi_sizes(int* sizes) {
  const int all[8] = {Model::N, Model::P, Model::X, Model::C,
                      Model::D, Model::M, Model::Q, instruction_level()};
  std::copy(all, all + 8, sizes);
}

inline Options to_options(const AbiOptions& o) {
  Options options;
  options.rtol = o.rtol;
  options.atol = o.atol;
  options.min_step = o.min_step;
  options.max_step = o.max_step;
  options.max_steps = static_cast<long>(o.max_steps);
  options.choice = static_cast<Choice>(o.choice);
  return options;
}

template <class Model>
Records abi_records(const AbiStudy& a, long s) {
  const long long at = a.first[s], b = a.first_break[s];
  Records r;
  r.n = static_cast<long>(a.first[s + 1] - at);
  r.time = a.time + at;
  r.evid = a.evid + at;
  r.amount = a.amount + at;
  r.rate = a.rate + at;
  r.interval = a.interval + at;
  r.additional = a.additional + at;
  r.steady = a.steady + at;
  r.dose = a.dose + at;
  r.fixed = a.fixed + s * Model::X;
  r.own = a.own + at * Model::C;
  r.n_breaks = static_cast<long>(a.first_break[s + 1] - b);
  r.breaks = a.breaks + b;
  r.segments = a.segments + b * 2 * Model::C;
  return r;
}

// Returns 0, or 1 if memory or threads are exhausted. `sensitivities` may be null.
template <class Model>
int abi_solve(long long subjects, const AbiStudy& a, const double* parameters,
              const AbiOptions& o, double* values, double* sensitivities, int* reasons,
              long long* counters) {
  try {
    std::vector<Result> results(subjects);
    const int level = o.level < 0 ? instruction_level() : std::min(o.level, instruction_level());
    const auto job_of = [&](long s) {
      const long long at = a.first[s] * Model::M;
      double* lanes = sensitivities == nullptr ? nullptr : sensitivities + at * Model::P;
      return Job<Model>{abi_records<Model>(a, s), parameters + s * Model::P, values + at, lanes};
    };
    solve_many<Model>(static_cast<long>(subjects), o.threads, to_options(o), level, job_of,
                      results.data());
    for (long long s = 0; s < subjects; ++s) {
      const Stats& c = results[s].stats;
      reasons[s] = static_cast<int>(results[s].reason);
      const long all[abi_counters] = {c.steps,          c.rejected,      c.factorisations,
                                      c.explicit_steps, c.steady_passes, c.steps + c.rejected};
      std::copy(all, all + abi_counters, counters + s * abi_counters);
    }
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace pkqsp

// All other symbols of the library have hidden visibility (-fvisibility=hidden): two models loaded
// into one process would otherwise share symbols of the same name (GCC makes such data unique).
#define PKQSP_EXPORT __attribute__((visibility("default")))

// Defines the functions of the shared library for one model.
#define PKQSP_DEFINE_ABI(MODEL)                                                                   \
  extern "C" {                                                                                    \
  PKQSP_EXPORT int pkqsp_abi_version() { return pkqsp::abi_version; }                             \
  PKQSP_EXPORT void pkqsp_sizes(int* sizes) { pkqsp::abi_sizes<MODEL>(sizes); }                   \
  PKQSP_EXPORT const char* pkqsp_reason(int reason) {                                             \
    return pkqsp::describe(static_cast<pkqsp::Reason>(reason));                                   \
  }                                                                                               \
  PKQSP_EXPORT int pkqsp_solve(long long subjects, const pkqsp::AbiStudy* study, const double* parameters,\
                  const pkqsp::AbiOptions* options, double* values, double* sensitivities,        \
                  int* reasons, long long* counters) {                                            \
    return pkqsp::abi_solve<MODEL>(subjects, *study, parameters, *options, values,                \
                                   sensitivities, reasons, counters);                             \
  }                                                                                               \
  }
