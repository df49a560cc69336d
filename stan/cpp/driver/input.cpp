#include "input.hpp"

#include "errors.hpp"
#include "output.hpp"

#include <stan/io/dump.hpp>
#include <stan/io/empty_var_context.hpp>
#include <stan/io/json/json_data.hpp>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <unordered_map>

namespace pkqsp::driver {
namespace {

std::ifstream open(const std::string& path, const std::string& what) {
  std::ifstream file(path, std::ios::binary);
  if (!file.good())
    throw InputError("cannot open " + what + " '" + path + "': " + std::strerror(errno));
  if (std::filesystem::is_directory(path))
    throw InputError("cannot read " + what + " '" + path + "': it is a directory");
  return file;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// A radius: the whole text is a number.
bool as_number(const std::string& text, double& number) {
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc() && read.ptr == end;
}

std::vector<std::string> existing_paths(const std::string& path, int chains,
                                        unsigned int first_id) {
  const std::size_t wanted = static_cast<std::size_t>(chains);
  const std::vector<std::string> listed = split_commas(path);
  if (wanted == 1 || listed.size() > 1) return chain_paths(path, chains, first_id);
  const std::vector<std::string> by_number = chain_paths(path, chains, first_id);
  const bool all = std::all_of(by_number.begin(), by_number.end(), [](const std::string& p) {
    return std::filesystem::exists(p);
  });
  return all ? by_number : std::vector<std::string>(wanted, path);
}

std::vector<double> numbers(const std::string& line, const std::string& path, std::size_t number) {
  std::vector<double> row;
  for (const std::string& cell : split_commas(line)) {
    double value = 0;
    if (!as_number(cell, value))
      throw DataError("'" + path + "', line " + std::to_string(number) + ": '" + cell
                      + "' is not a number");
    row.push_back(value);
  }
  return row;
}

std::vector<std::size_t> locate(const std::string& header, const std::vector<std::string>& columns,
                                const std::string& path) {
  std::unordered_map<std::string, std::size_t> place;
  const std::vector<std::string> names = split_commas(header);
  for (std::size_t i = 0; i < names.size(); ++i) place[names[i]] = i;
  std::vector<std::size_t> found;
  for (const std::string& column : columns) {
    const auto it = place.find(column);
    if (it == place.end())
      throw DataError("'" + path + "' has no column for the parameter '" + column
                      + "': it belongs to another model");
    found.push_back(it->second);
  }
  return found;
}

// One context per chain; a shared file is read once.
std::vector<Context> read_each(const std::string& path, int chains, unsigned int first_id,
                               const std::function<Context(const std::string&)>& read) {
  const std::vector<std::string> paths = existing_paths(path, chains, first_id);
  std::vector<Context> contexts;
  for (const std::string& p : paths)
    contexts.push_back(!contexts.empty() && p == paths[0] ? contexts[0] : read(p));
  return contexts;
}

// A metric file of save_metric also contains text, which Stan's reader of numbers refuses:
// only the metric is passed on.
Context read_metric(const std::string& path) {
  if (!ends_with(path, ".json")) return read_context(path, "metric file");
  std::ifstream file = open(path, "metric file");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  rapidjson::Document document;
  document.Parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseNanAndInfFlag>(text.c_str());
  if (document.HasParseError() || !document.IsObject())
    throw DataError("malformed metric file '" + path + "': it is not a JSON object");
  if (!document.HasMember("inv_metric"))
    throw DataError("metric file '" + path + "' has no member 'inv_metric'");
  rapidjson::StringBuffer metric;
  rapidjson::Writer<rapidjson::StringBuffer> writer(metric);
  document["inv_metric"].Accept(writer);
  std::istringstream json(std::string("{\"inv_metric\": ") + metric.GetString() + "}");
  try {
    return std::make_shared<stan::json::json_data>(json);
  } catch (const std::exception& e) {
    throw DataError("malformed metric file '" + path + "': " + e.what());
  }
}

}  // namespace

Context read_context(const std::string& path, const std::string& what) {
  if (path.empty()) return std::make_shared<stan::io::empty_var_context>();
  std::ifstream file = open(path, what);
  try {
    if (ends_with(path, ".json")) return std::make_shared<stan::json::json_data>(file);
    return std::make_shared<stan::io::dump>(file);
  } catch (const std::exception& e) {
    throw DataError("malformed " + what + " '" + path + "': " + e.what());
  }
}

std::vector<Context> read_metrics(const std::string& path, int chains, unsigned int first_id) {
  return read_each(path, chains, first_id, read_metric);
}

Starts read_starts(const std::string& init, int chains, unsigned int first_id) {
  Starts starts;
  if (as_number(init, starts.radius)) {
    if (!(starts.radius >= 0 && std::isfinite(starts.radius)))
      throw UsageError("'" + init + "' is not a valid value for 'init': a radius is 0 or greater, and finite");
    starts.contexts.assign(chains, read_context("", "init file"));
    return starts;
  }
  starts.radius = 2;
  starts.contexts = read_each(init, chains, first_id,
                              [](const std::string& p) { return read_context(p, "init file"); });
  return starts;
}

Eigen::MatrixXd read_draws(const std::string& path, const std::vector<std::string>& columns) {
  std::ifstream file = open(path, "CSV file");
  std::vector<std::size_t> places;
  std::vector<std::vector<double>> rows;
  std::string line;
  std::size_t width = 0;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    if (width == 0) {
      places = locate(line, columns, path);
      width = split_commas(line).size();
      continue;
    }
    std::vector<double> row = numbers(line, path, number);
    if (row.size() != width)
      throw DataError("'" + path + "', line " + std::to_string(number) + ": "
                      + std::to_string(row.size()) + " values, but the header has "
                      + std::to_string(width));
    rows.push_back(std::move(row));
  }
  if (rows.empty()) throw DataError("'" + path + "' holds no draws");
  Eigen::MatrixXd draws(rows.size(), columns.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < columns.size(); ++j) draws(i, j) = rows[i][places[j]];
  return draws;
}

}  // namespace pkqsp::driver
