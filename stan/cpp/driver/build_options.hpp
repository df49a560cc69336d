// Compiled into every model, so that `info` reports the options of the model, not of the driver.
#ifndef PKQSP_DRIVER_BUILD_OPTIONS_HPP
#define PKQSP_DRIVER_BUILD_OPTIONS_HPP

#ifdef STAN_NO_RANGE_CHECKS
extern "C" const bool pkqsp_model_without_range_checks = true;
#else
extern "C" const bool pkqsp_model_without_range_checks = false;
#endif

#ifdef PKQSP_CPP_OPTIMS
extern "C" const bool pkqsp_model_with_cpp_optims = true;
#else
extern "C" const bool pkqsp_model_with_cpp_optims = false;
#endif

#endif
