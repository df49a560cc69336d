// Many subjects in threads: each thread takes the next subject and has its own work space.
#pragma once

#include <atomic>
#include <cmath>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "subject.hpp"

namespace pkqsp {

struct Result {
  Reason reason = Reason::ok;
  Stats stats;
};

// Records, parameters and predictions of subject s.
template <class Model>
struct Job {
  Records records;
  const double* parameters;
  double* values;
  double* sensitivities;
};

template <class Model>
Result solve_job(Subject<Model>& subject, const Job<Model>& job, const Options& options) {
  Result result;
  result.reason =
      subject.solve(job.records, job.parameters, options, job.values, job.sensitivities);
  result.stats = subject.stats();
  if (result.reason == Reason::ok) return result;
  const long n = job.records.n * Model::M;
  for (long i = 0; i < n; ++i) job.values[i] = NAN;
  for (long i = 0; job.sensitivities != nullptr && i < n * Model::P; ++i) {
    job.sensitivities[i] = NAN;
  }
  return result;
}

// `job_of(s)` returns the job of subject s; `results` has space for all.
template <class Model, class JobOf>
void solve_many(long subjects, int threads, const Options& options, int level, JobOf&& job_of,
                Result* results) {
  std::atomic<long> next{0};
  const auto work = [&] {
    auto subject = std::make_unique<Subject<Model>>();
    subject->machine().hot = Dispatch<Model>::choose(level);
    for (long s = next++; s < subjects; s = next++) {
      results[s] = solve_job(*subject, job_of(s), options);
    }
  };
  const long wanted = threads < subjects ? threads : subjects;
  if (wanted <= 1) {
    work();
    return;
  }
  std::vector<std::thread> pool;
  for (long k = 0; k < wanted; ++k) pool.emplace_back(work);
  for (std::thread& t : pool) t.join();
}

}  // namespace pkqsp
