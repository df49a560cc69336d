#include "output.hpp"

#include "errors.hpp"
#include "stop.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

namespace pkqsp::driver {
namespace {

constexpr std::size_t buffer_size = 1 << 16;

// The other chains of the process stop when one of them fails.
[[noreturn]] void refuse(const std::string& path) {
  asked_to_stop = could_not_write = true;
  throw OutputError("Error: cannot write '" + path + "': " + std::strerror(errno));
}

}  // namespace

CsvWriter::CsvWriter(std::string path, int significant_figures)
    : path_(std::move(path)), figures_(significant_figures) {
  if (path_.empty()) return;
  file_.reset(std::fopen(path_.c_str(), "wb"));
  if (!file_) refuse(path_);
  std::setvbuf(file_.get(), nullptr, _IONBF, 0);
  buffer_.reserve(2 * buffer_size);
  last_flush_ = std::chrono::steady_clock::now();
}

CsvWriter::~CsvWriter() {
  try {
    flush();
  } catch (const OutputError&) {
    // Errors are reported earlier: each method flushes before it ends.
  }
}

void CsvWriter::flush() {
  if (!file_ || buffer_.empty()) return;
  const std::size_t written = std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get());
  if (written != buffer_.size()) {
    buffer_.erase(0, written);
    refuse(path_);
  }
  buffer_.clear();
  last_flush_ = std::chrono::steady_clock::now();
}

void CsvWriter::flush_if_due() {
  const auto now = std::chrono::steady_clock::now();
  if (buffer_.size() > buffer_size || now - last_flush_ > std::chrono::seconds(1)) flush();
}

void CsvWriter::discard_if_empty() noexcept {
  if (!file_ || rows_ > 0) return;
  buffer_.clear();
  file_.reset();
  remove_file(path_);
}

void CsvWriter::operator()(const std::vector<std::string>& names) {
  if (!file_) return;
  for (std::size_t i = 0; i < names.size(); ++i) buffer_ += (i ? "," : "") + names[i];
  buffer_ += '\n';
  has_names_ = true;
  flush();
}

void CsvWriter::operator()() {
  if (!file_) return;
  buffer_ += "# \n";
  flush_if_due();
}

void CsvWriter::operator()(const std::string& message) {
  if (!file_) return;
  buffer_ += "# " + message + '\n';
  flush();
}

void CsvWriter::operator()(const std::vector<double>& row) { add(row.data(), row.size()); }

void CsvWriter::operator()(const Eigen::Matrix<double, -1, 1>& row) {
  add(row.data(), row.size());
}

void CsvWriter::operator()(const Eigen::Matrix<double, 1, -1>& row) {
  add(row.data(), row.size());
}

void CsvWriter::operator()(const Eigen::Matrix<double, -1, -1>& draws_in_columns) {
  for (Eigen::Index j = 0; j < draws_in_columns.cols(); ++j)
    add(draws_in_columns.data() + j * draws_in_columns.rows(), draws_in_columns.rows());
}

void CsvWriter::add(const double* values, std::size_t count) {
  if (!file_) return;
  char text[32];
  for (std::size_t i = 0; i < count; ++i) {
    if (i) buffer_ += ',';
    const auto end = figures_ > 0 ? std::to_chars(text, text + sizeof text, values[i],
                                                  std::chars_format::general, figures_)
                                  : std::to_chars(text, text + sizeof text, values[i]);
    buffer_.append(text, end.ptr);
  }
  buffer_ += '\n';
  ++rows_;
  flush_if_due();
}

void remove_file(const std::string& path) noexcept {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) std::filesystem::remove(path, ignored);
}

std::string numbered(const std::string& path, unsigned int number) {
  return path_with_suffix(path, "_" + std::to_string(number), std::filesystem::path(path).extension());
}

std::string path_with_suffix(const std::string& path, const std::string& suffix,
                   const std::string& extension) {
  std::filesystem::path p(path);
  return (p.parent_path() / (p.stem().string() + suffix + extension)).string();
}

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    parts.push_back(text.substr(start, comma - start));
    start = comma + 1;
  }
  return parts;
}

std::vector<std::string> chain_paths(const std::string& path, int chains, unsigned int first_id) {
  const std::size_t wanted = static_cast<std::size_t>(chains);
  if (path.empty() || wanted == 1) return std::vector<std::string>(wanted, path);
  std::vector<std::string> paths = split_commas(path);
  if (paths.size() == wanted) return paths;
  if (paths.size() > 1)
    throw UsageError(std::to_string(paths.size()) + " file names for " + std::to_string(chains)
                     + " chains: '" + path + "'");
  paths.clear();
  for (unsigned int i = 0; i < wanted; ++i) paths.push_back(numbered(path, first_id + i));
  return paths;
}

}  // namespace pkqsp::driver
