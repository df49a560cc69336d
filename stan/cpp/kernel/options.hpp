// Options of the caller, and counters of a solve. Plain records: the C ABI passes them as arrays.
#pragma once

namespace pkqsp {

enum class Choice : int {
  automatic = 0,
  rodas4 = 1,
  rodas5p = 2,
  dopri5 = 3,
  linear = 4  // of a system that is not linear: automatic
};

struct Options {
  double rtol = 1e-6;
  double atol = 1e-8;  // relative to the size of each state: see sizes.hpp
  double min_step = 0.0;  // in time units; 0: limited by the precision of time
  double max_step = 0.0;  // 0: none
  long max_steps = 20000;  // attempted steps of one subject, including the search for steady states
  Choice choice = Choice::automatic;
};

struct Stats {
  long steps = 0;           // accepted
  long rejected = 0;
  long factorisations = 0;
  long explicit_steps = 0;  // accepted ones of the explicit pair
  long steady_passes = 0;   // periods integrated to find steady states
};

}  // namespace pkqsp
