#include "run.hpp"

#include "errors.hpp"
#include "print.hpp"
#include "stop.hpp"

#include <stan/version.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>

#include <unistd.h>

namespace pkqsp::driver {
namespace {

constexpr unsigned int patience_seconds = 10;

// The alarm ends the process if an iteration does not end.
extern "C" void on_signal(int) {
  asked_to_stop = true;
  alarm(patience_seconds);
}

// Created at its first use, because the order of initialisation of other objects is undefined.
std::map<std::string, Method>& linked_methods() {
  static std::map<std::string, Method> methods;
  return methods;
}

void discard(std::vector<CsvWriter>& writers) {
  for (CsvWriter& writer : writers) writer.discard_if_empty();
}

// After a failure no file must remain that could be mistaken for a result.
void discard(const Run& run, std::vector<CsvWriter>& draws, std::vector<CsvWriter>& others) {
  discard(draws);
  discard(others);
  for (const std::string& path : run.unwritten) remove_file(path);
  std::error_code ignored;
  for (const std::string& path : run.json_paths)
    if (std::filesystem::is_empty(path, ignored)) remove_file(path);
}

// Whether the body succeeded; some services only log why they could not start.
int finish(const Run& run, std::vector<CsvWriter>& draws, std::vector<CsvWriter>& others,
           int code) {
  if (could_not_write) code = OutputError::code;
  if (asked_to_stop && !could_not_write) throw Interrupted();
  for (CsvWriter& writer : draws) {
    if (code == 0 && writer.is_valid() && !writer.has_names()) code = 70;
    writer.flush();
  }
  for (CsvWriter& writer : others) writer.flush();
  if (!run.unwritten.empty())
    throw OutputError("cannot write '" + run.unwritten[0] + "' in full: is the disk full?");
  if (code != 0) discard(run, draws, others);
  return code;
}

}  // namespace

Entry::Entry(const char* name, Method method) { linked_methods()[name] = method; }

Method find_method(const std::string& name) {
  const auto found = linked_methods().find(name);
  if (found != linked_methods().end()) return found->second;
  throw UsageError("this program was linked for sampling only, without '" + name
                   + "': compile it again with METHODS=all");
}

JsonFile::JsonFile(const std::string& path, std::vector<std::string>& unwritten)
    : std::ofstream(path), path_(path), unwritten_(unwritten) {}

JsonFile::~JsonFile() {
  close();
  if (fail()) unwritten_.push_back(path_);
}

void Console::say(std::FILE* stream, const std::string& message) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::fputs((message + "\n").c_str(), stream);
  std::fflush(stream);
}

SignalInterrupt::SignalInterrupt() {
  // The first signal ends the run after the iteration in hand, the second one at once.
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void SignalInterrupt::operator()() {
  if (asked_to_stop) throw Interrupted();
}

CsvWriter Run::open_csv(const std::string& path) const {
  CsvWriter csv(path, settings.integer("output.sig_figs"));
  csv("stan_version_major = " + stan::MAJOR_VERSION);
  csv("stan_version_minor = " + stan::MINOR_VERSION);
  csv("stan_version_patch = " + stan::PATCH_VERSION);
  csv("model = " + model.model_name());
  csv("start_datetime = " + started);
  for (const std::string& line : settings_as_lines(arguments)) csv(line);
  for (const std::string& line : model.model_compile_info()) csv(line);
  return csv;
}

std::vector<CsvWriter> Run::open_csvs(const std::vector<std::string>& paths) const {
  std::vector<CsvWriter> all;
  for (const std::string& path : paths) all.push_back(path.empty() ? CsvWriter() : open_csv(path));
  return all;
}

JsonWriter Run::open_json(const std::string& path) {
  auto file = std::make_unique<JsonFile>(path, unwritten);
  if (!file->good()) throw OutputError("cannot write '" + path + "': " + std::strerror(errno));
  json_paths.push_back(path);
  file->precision(std::max(settings.integer("output.sig_figs"), 8));
  return JsonWriter(std::move(file));
}

void Run::save_configuration() const {
  if (!settings.flag("output.save_cmdstan_config")) return;
  const std::string path = path_with_suffix(split_commas(output()).front(), "_config", ".json");
  std::ofstream file(path);
  file << "{\n  \"stan_major_version\": " << json_quoted(stan::MAJOR_VERSION)
       << ",\n  \"stan_minor_version\": " << json_quoted(stan::MINOR_VERSION)
       << ",\n  \"stan_patch_version\": " << json_quoted(stan::PATCH_VERSION)
       << ",\n  \"model_name\": " << json_quoted(model.model_name())
       << ",\n  \"start_datetime\": " << json_quoted(started) << ",\n"
       << settings_as_json(arguments, 2) << "\n}\n";
  file.flush();
  if (!file.good()) throw OutputError("cannot write '" + path + "': " + std::strerror(errno));
}

int guarded(Run& run, std::vector<CsvWriter>& draws, std::vector<CsvWriter>& others,
            const std::function<int()>& body) {
  try {
    return finish(run, draws, others, body());
  } catch (...) {
    discard(run, draws, others);
    throw;
  }
}

}  // namespace pkqsp::driver
