// Stan's sampler services have more than twenty arguments and differ in a few of them. Here they
// are called with tuples of related arguments.
#ifndef PKQSP_DRIVER_CALLS_HPP
#define PKQSP_DRIVER_CALLS_HPP

#include "chains.hpp"

#include <tuple>
#include <utility>

// An overloaded or templated function as an object.
#define PKQSP_LIFT(function) \
  [](auto&&... arguments) { return function(std::forward<decltype(arguments)>(arguments)...); }

namespace pkqsp::driver {

template <class Service, class... Parts>
int call(Service&& service, Parts&&... parts) {
  return std::apply(std::forward<Service>(service), std::tuple_cat(std::forward<Parts>(parts)...));
}

// Iterations, thinning, step size: common to all HMC services.
inline auto hmc_settings(const Run& run, const Chains& chains, unsigned int id) {
  const Settings& m = run.method;
  return std::make_tuple(run.seed(), id, chains.starts.radius, m.integer("num_warmup"),
                         m.integer("num_samples"), m.integer("thin"), m.flag("save_warmup"),
                         run.refresh(), m.real("algorithm.hmc.stepsize"),
                         m.real("algorithm.hmc.stepsize_jitter"));
}

inline auto step_size_adaptation(const Settings& m) {
  return std::make_tuple(m.real("adapt.delta"), m.real("adapt.gamma"), m.real("adapt.kappa"),
                         m.real("adapt.t0"));
}

inline auto windows(const Settings& m) {
  return std::make_tuple(m.natural("adapt.init_buffer"), m.natural("adapt.term_buffer"),
                         m.natural("adapt.window"));
}

}  // namespace pkqsp::driver

#endif
