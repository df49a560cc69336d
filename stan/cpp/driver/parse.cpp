#include "parse.hpp"

#include "errors.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <numeric>

namespace pkqsp::driver {
namespace {

// Levenshtein distance, for "did you mean".
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row[b.size()];
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

class Parser {
 public:
  explicit Parser(Argument& root) : open_{&root} {}

  void take(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    for (std::size_t depth = open_.size(); depth-- > 0;) {
      if (set(*open_[depth], depth, key, word, equals)) return;
    }
    problems_.push_back("'" + word + "' is either mistyped or misplaced" + suggestion(key));
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  // Try the text as an argument of one open scope; inner scopes are closed if it is found there.
  bool set(Argument& scope, std::size_t depth, const std::string& key, const std::string& word,
           std::size_t equals) {
    if (equals == std::string::npos) return enter(scope, depth, key);
    Argument* argument = scope.find(key);
    if (!argument || argument->kind == Kind::group) return false;
    open_.resize(depth + 1);
    assign(*argument, word.substr(equals + 1));
    return true;
  }

  // A text without '=': a group ("adapt"), or an alternative of a choice ("sample").
  bool enter(Argument& scope, std::size_t depth, const std::string& key) {
    for (Argument& child : scope.children) {
      if (child.kind == Kind::group && child.name == key) {
        open_.resize(depth + 1);
        open_.push_back(&child);
        return true;
      }
      if (child.kind == Kind::choice && child.find(key)) {
        open_.resize(depth + 1);
        assign(child, key);
        return true;
      }
    }
    return false;
  }

  void assign(Argument& argument, const std::string& value) {
    if (argument.kind == Kind::choice) return choose(argument, value);
    if (argument.kind == Kind::boolean) return assign_boolean(argument, value);
    if (argument.kind != Kind::text && !in_range(argument, value)) return;
    argument.value = value;
  }

  void choose(Argument& argument, const std::string& value) {
    if (Argument* alternative = argument.find(value)) {
      argument.value = value;
      open_.push_back(alternative);
      return;
    }
    std::vector<std::string> names;
    for (const Argument& a : argument.children) names.push_back(a.name);
    refuse(argument, value, "one of " + listed(names));
  }

  void assign_boolean(Argument& argument, const std::string& value) {
    if (value == "1" || value == "true") {
      argument.value = "1";
    } else if (value == "0" || value == "false") {
      argument.value = "0";
    } else {
      refuse(argument, value, "0, 1, true or false");
    }
  }

  bool in_range(Argument& argument, const std::string& value) {
    double number = 0;
    const bool whole = argument.kind == Kind::integer;
    const char* end = value.data() + value.size();
    std::from_chars_result read{};
    if (whole) {
      long long integer = 0;
      read = std::from_chars(value.data(), end, integer);
      number = static_cast<double>(integer);
    } else {
      read = std::from_chars(value.data() + (value[0] == '+'), end, number);
    }
    const Range& r = *argument.range;
    const bool fits = (number > r.low || (r.low_allowed && number == r.low))
                      && (number < r.high || (r.high_allowed && number == r.high))
                      && !(whole && argument.name != "seed" && number > 2147483647.0);
    if (read.ec == std::errc() && read.ptr == end && fits) return true;
    refuse(argument, value, std::string(whole ? "a whole number " : "a number ") + r.text);
    return false;
  }

  void refuse(const Argument& argument, const std::string& value, const std::string& valid) {
    problems_.push_back("'" + value + "' is not a valid value for '" + argument.name
                        + "': it must be " + valid);
  }

  std::string suggestion(const std::string& key) const {
    std::vector<std::string> names;
    for (const Argument* scope : open_)
      for (const Argument& child : scope->children) {
        names.push_back(child.name);
        if (child.kind == Kind::choice)
          for (const Argument& a : child.children) names.push_back(a.name);
      }
    const auto closest = std::min_element(names.begin(), names.end(), [&](auto& a, auto& b) {
      return distance(a, key) < distance(b, key);
    });
    if (closest == names.end() || distance(*closest, key) > 1 + key.size() / 3)
      return "; here one of these is valid: " + listed(names);
    return "; did you mean '" + *closest + "'?";
  }

  std::vector<Argument*> open_;
  std::vector<std::string> problems_;
};

}  // namespace

void parse_arguments(const std::vector<std::string>& words, Argument& root) {
  Parser parser(root);
  for (const std::string& word : words) parser.take(word);
  if (parser.problems().empty()) return;
  std::string message;
  for (const std::string& problem : parser.problems())
    message += (message.empty() ? "" : "\nError: ") + problem;
  throw UsageError(message);
}

}  // namespace pkqsp::driver
