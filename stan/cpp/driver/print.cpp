#include "print.hpp"

#include <cstdio>

namespace pkqsp::driver {
namespace {

std::string shown(const Argument& a) {
  if (a.kind != Kind::boolean) return a.value;
  return a.value == "1" ? "true" : "false";
}

void add_lines(const Argument& scope, int depth, std::vector<std::string>& lines) {
  const std::string margin(2 * depth, ' ');
  for (const Argument& a : scope.children) {
    if (a.kind == Kind::group) {
      lines.push_back(margin + a.name);
      add_lines(a, depth + 1, lines);
      continue;
    }
    lines.push_back(margin + a.name + " = " + shown(a) + (a.is_default() ? " (Default)" : ""));
    const Argument* chosen = a.kind == Kind::choice ? a.find(a.value) : nullptr;
    if (chosen && !chosen->children.empty()) {
      lines.push_back(margin + "  " + chosen->name);
      add_lines(*chosen, depth + 2, lines);
    }
  }
}

std::string json_value(const Argument& a) {
  if (a.kind == Kind::boolean) return shown(a);
  if (a.kind == Kind::text) return json_quoted(a.value);
  return a.value;
}

std::string json_object(const Argument& scope, int indent) {
  const std::string members = settings_as_json(scope, indent + 2);
  return members.empty() ? "{}" : "{\n" + members + "\n" + std::string(indent, ' ') + "}";
}

std::string json_choice(const Argument& a, int indent) {
  const std::string margin(indent + 2, ' ');
  std::string text = "{\n" + margin + "\"value\": " + json_quoted(a.value);
  const Argument* chosen = a.find(a.value);
  if (chosen && !chosen->children.empty())
    text += ",\n" + margin + json_quoted(chosen->name) + ": " + json_object(*chosen, indent + 2);
  return text + "\n" + std::string(indent, ' ') + "}";
}

void add_help(const Argument& scope, int depth, int levels, std::string& text) {
  for (const Argument& a : scope.children) {
    text += std::string(2 * depth, ' ') + a.name;
    if (a.kind != Kind::group) text += "=" + (a.kind == Kind::text ? "<text>" : std::string());
    if (a.kind == Kind::integer) text += "<integer>";
    if (a.kind == Kind::real) text += "<number>";
    if (a.kind == Kind::boolean) text += "<0|1>";
    for (std::size_t i = 0; a.kind == Kind::choice && i < a.children.size(); ++i)
      text += (i ? "|" : "") + a.children[i].name;
    text += "\n" + std::string(2 * depth + 4, ' ') + a.help;
    if (a.range) text += "; " + std::string(a.range->text);
    if (a.kind != Kind::group) text += " (default: " + (a.default_value.empty() ? "none" : shown(a)) + ")";
    text += "\n";
    if (levels <= 1) continue;
    if (a.kind == Kind::group) add_help(a, depth + 1, levels - 1, text);
    for (const Argument& alternative : a.children) {
      if (a.kind != Kind::choice) break;
      text += std::string(2 * depth + 2, ' ') + alternative.name + ": " + alternative.help + "\n";
      add_help(alternative, depth + 2, levels - 1, text);
    }
  }
}

}  // namespace

std::vector<std::string> settings_as_lines(const Argument& root) {
  std::vector<std::string> lines;
  add_lines(root, 0, lines);
  return lines;
}

std::string settings_as_json(const Argument& root, int indent) {
  const std::string margin(indent, ' ');
  std::string text;
  for (const Argument& a : root.children) {
    text += (text.empty() ? "" : ",\n") + margin + json_quoted(a.name) + ": ";
    if (a.kind == Kind::group)
      text += json_object(a, indent);
    else
      text += a.kind == Kind::choice ? json_choice(a, indent) : json_value(a);
  }
  return text;
}

std::string help_text(const Argument& root, const std::string& program, bool everything) {
  std::string text = "Usage: " + program + " <method> <argument=value> ... [data file=<file>] "
                     "[output file=<file>] ...\n"
                     "       " + program + " info | help | help-all | <method> help\n\n";
  add_help(root, 0, everything ? 100 : 1, text);
  return text;
}

std::string json_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const unsigned char c : text) {
    char code[8];
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += static_cast<char>(c);
    } else if (c < 0x20) {
      std::snprintf(code, sizeof code, "\\u%04x", c);
      quoted += code;
    } else {
      quoted += static_cast<char>(c);
    }
  }
  return quoted + "\"";
}

}  // namespace pkqsp::driver
