// The command line as data: one tree of arguments for parsing, help, the comments of the
// CSV files and the configuration in JSON.
#ifndef PKQSP_DRIVER_ARGUMENT_HPP
#define PKQSP_DRIVER_ARGUMENT_HPP

#include <string>
#include <vector>

namespace pkqsp::driver {

enum class Kind { group, choice, integer, real, boolean, text };

// Values that a number may take; the text is for messages.
struct Range {
  double low;
  bool low_allowed;
  double high;
  bool high_allowed;
  const char* text;
};

// An argument. Children of a group are arguments; children of a choice are groups, and its
// value is the name of one of them.
struct Argument {
  std::string name;
  Kind kind = Kind::group;
  std::string help;
  std::string value;
  std::string default_value;
  const Range* range = nullptr;
  std::vector<Argument> children;

  bool is_default() const { return value == default_value; }
  const Argument* find(const std::string& child) const;
  Argument* find(const std::string& child);
};

// The whole tree with its defaults.
Argument all_arguments();

// Typed access by path ("method.sample.adapt.delta"); a missing path is a programming error.
class Settings {
 public:
  explicit Settings(const Argument& root) : root_(root) {}
  const std::string& text(const std::string& path) const { return at(path).value; }
  bool flag(const std::string& path) const { return at(path).value == "1"; }
  int integer(const std::string& path) const;
  unsigned int natural(const std::string& path) const;
  double real(const std::string& path) const;
  const Argument& at(const std::string& path) const;
  // The selected alternative of a choice: "method" -> "sample".
  Settings below(const std::string& path) const;

 private:
  const Argument& root_;
};

}  // namespace pkqsp::driver

#endif
