// The caller's timeline of one subject, and the memory for predictions. Nothing is copied.
#pragma once

namespace pkqsp {

struct Records {
  long n = 0;
  const double* time = nullptr;      // (n,)
  const int* evid = nullptr;         // 0 observation, 1 dose, 2 other, 3 reset, 4 reset and dose
  const double* amount = nullptr;    // AMT
  const double* rate = nullptr;      // RATE: 0 bolus, > 0 infusion, -1 and -2 modelled
  const double* interval = nullptr;  // II
  const int* additional = nullptr;   // ADDL
  const int* steady = nullptr;       // SS
  const int* dose = nullptr;         // 0-based target, -1 for none
  const double* fixed = nullptr;     // (X,) covariates
  const double* own = nullptr;       // (n, C) value of each varying covariate at each record
  // Covariate segments. Starts increase within a stretch of time; a decrease marks the next
  // stretch, which begins at a reset (except one at the first record).
  long n_breaks = 0;
  const double* breaks = nullptr;    // (B,) starts of covariate segments
  const double* segments = nullptr;  // (B, 2 C) intercept, slope

  // A record without an effect on the system.
  bool passive(long i) const { return evid[i] == 0 || evid[i] == 2; }
};

// Times closer than this are treated as one time: 3 * 0.1 and 0.3 are not the same double.
inline double time_slack(double t) { return 1e-12 * (t > 1.0 ? t : t < -1.0 ? -t : 1.0); }

}  // namespace pkqsp
