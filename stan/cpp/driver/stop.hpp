// The wish to end a run early: a signal came, or one chain cannot write its draws.
#ifndef PKQSP_DRIVER_STOP_HPP
#define PKQSP_DRIVER_STOP_HPP

#include <atomic>

namespace pkqsp::driver {

// Every chain looks at it between iterations (SignalInterrupt).
inline std::atomic<bool> asked_to_stop{false};

// Stan's services turn exceptions into lines of the log; this tells what such a line was about.
inline std::atomic<bool> could_not_write{false};

}  // namespace pkqsp::driver

#endif
