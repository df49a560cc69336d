// Request to stop a run early: after a signal, or if one chain cannot write its draws.
#ifndef PKQSP_DRIVER_STOP_HPP
#define PKQSP_DRIVER_STOP_HPP

#include <atomic>

namespace pkqsp::driver {

// Every chain checks it between iterations (SignalInterrupt).
inline std::atomic<bool> asked_to_stop{false};

// Stan's services turn exceptions into lines of the log; this stores the exception of such a line.
inline std::atomic<bool> could_not_write{false};

}  // namespace pkqsp::driver

#endif
