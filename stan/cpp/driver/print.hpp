// The argument tree as text: comments of a CSV file, JSON, help.
#ifndef PKQSP_DRIVER_PRINT_HPP
#define PKQSP_DRIVER_PRINT_HPP

#include "argument.hpp"

#include <string>
#include <vector>

namespace pkqsp::driver {

// Lines in CmdStan's layout ("  num_samples = 1000 (Default)"), without a comment sign.
std::vector<std::string> settings_as_lines(const Argument& root);

// Members of a JSON object, without the braces.
std::string settings_as_json(const Argument& root, int indent);

// The first levels, or everything.
std::string help_text(const Argument& root, const std::string& program, bool everything);

std::string json_quoted(const std::string& text);

}  // namespace pkqsp::driver

#endif
