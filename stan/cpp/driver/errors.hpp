// Failures before and around Stan's services, with CmdStan's exit codes.
#ifndef PKQSP_DRIVER_ERRORS_HPP
#define PKQSP_DRIVER_ERRORS_HPP

#include <stdexcept>
#include <string>

namespace pkqsp::driver {

struct Failure : std::runtime_error {
  Failure(int code, const std::string& message) : std::runtime_error(message), exit_code(code) {}
  int exit_code;
};

struct UsageError : Failure {
  explicit UsageError(const std::string& message) : Failure(64, message) {}
};

struct DataError : Failure {
  explicit DataError(const std::string& message) : Failure(65, message) {}
};

struct InputError : Failure {
  explicit InputError(const std::string& message) : Failure(66, message) {}
};

struct OutputError : Failure {
  static constexpr int code = 73;
  explicit OutputError(const std::string& message) : Failure(code, message) {}
};

struct Interrupted : Failure {
  Interrupted() : Failure(130, "interrupted: the draws up to here are in the output files") {}
};

}  // namespace pkqsp::driver

#endif
