// Status codes of a solve.
#pragma once

namespace pkqsp {

enum class Reason : int {
  ok = 0,
  too_many_steps,
  step_too_small,
  not_finite,
  singular,
  no_steady_state,
  bad_record,
  bad_time,
  bad_dose,
  count  // number of codes
};

inline const char* describe(Reason reason) {
  switch (reason) {
    case Reason::ok: return "ok";
    case Reason::too_many_steps: return "more steps than max_steps allows";
    case Reason::step_too_small: return "the step size fell below its minimum";
    case Reason::not_finite: return "a state, derivative or parameter is not finite";
    case Reason::singular: return "the iteration matrix is singular";
    case Reason::no_steady_state: return "no steady state was found";
    case Reason::bad_record: return "a record is invalid (EVID, SS, II or target)";
    case Reason::bad_time: return "an interval of negative duration";
    case Reason::bad_dose: return "a dose with negative lag, rate, duration or amount entering";
    default: return "unknown";
  }
}

}  // namespace pkqsp
