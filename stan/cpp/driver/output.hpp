// Output files: a fast CSV writer that detects a full disk, file names of several chains.
#ifndef PKQSP_DRIVER_OUTPUT_HPP
#define PKQSP_DRIVER_OUTPUT_HPP

#include <stan/callbacks/writer.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace pkqsp::driver {

// Writes rows of numbers and '#' comments. Without a path it writes nothing.
//
// Rows reach the file at least once a second, so that a killed process keeps its draws.
// Every failed write throws OutputError with the file's name.
class CsvWriter : public stan::callbacks::writer {
 public:
  CsvWriter() = default;
  CsvWriter(std::string path, int significant_figures);
  CsvWriter(CsvWriter&&) noexcept = default;
  CsvWriter& operator=(CsvWriter&&) noexcept = default;
  ~CsvWriter() override;

  void operator()(const std::vector<std::string>& names) override;
  void operator()(const std::vector<double>& row) override;
  void operator()() override;
  void operator()(const std::string& message) override;
  void operator()(const Eigen::Matrix<double, -1, -1>& draws_in_columns) override;
  void operator()(const Eigen::Matrix<double, -1, 1>& row) override;
  void operator()(const Eigen::Matrix<double, 1, -1>& row) override;
  bool is_valid() const noexcept override { return static_cast<bool>(file_); }

  // Write what is buffered; throws if the disk is full.
  void flush();
  // Remove the file unless it has a row of numbers: it must not be mistaken for a result.
  void discard_if_empty() noexcept;
  // Whether the line of column names was written: without it a method has not started.
  bool has_names() const { return has_names_; }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void add(const double* values, std::size_t count);
  void flush_if_due();

  std::string path_;
  int figures_ = 8;
  std::unique_ptr<std::FILE, Close> file_;
  std::string buffer_;
  std::size_t rows_ = 0;
  bool has_names_ = false;
  std::chrono::steady_clock::time_point last_flush_;
};

// "out.csv" -> "out_3.csv".
std::string numbered(const std::string& path, unsigned int number);

// "out.csv" with suffix "_metric" and extension ".json" -> "out_metric.json".
std::string path_with_suffix(const std::string& path, const std::string& suffix,
                             const std::string& extension);

// One path per chain: for one chain the path; for several a comma-separated list of that length,
// or the path with numbers from the first id.
std::vector<std::string> chain_paths(const std::string& path, int chains, unsigned int first_id);

// Remove a regular file; devices and other special files are kept.
void remove_file(const std::string& path) noexcept;

std::vector<std::string> split_commas(const std::string& text);

}  // namespace pkqsp::driver

#endif
