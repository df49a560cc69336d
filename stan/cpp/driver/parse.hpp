#ifndef PKQSP_DRIVER_PARSE_HPP
#define PKQSP_DRIVER_PARSE_HPP

#include "argument.hpp"

#include <string>
#include <vector>

namespace pkqsp::driver {

// Set the tree's values from the command line; throws UsageError that lists every problem.
void parse_arguments(const std::vector<std::string>& words, Argument& root);

}  // namespace pkqsp::driver

#endif
