#include "run.hpp"

#include "errors.hpp"
#include "print.hpp"

#include <stan/version.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace pkqsp::driver {
namespace {

std::atomic<bool> asked_to_stop{false};

extern "C" void on_signal(int) { asked_to_stop = true; }

}  // namespace

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

JsonWriter Run::open_json(const std::string& path) const {
  auto file = std::make_unique<std::ofstream>(path);
  if (!file->good()) throw OutputError("cannot write '" + path + "': " + std::strerror(errno));
  return JsonWriter(std::move(file));
}

void Run::save_configuration() const {
  if (!settings.flag("output.save_cmdstan_config")) return;
  const std::string path = beside(split_commas(output()).front(), "_config", ".json");
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

}  // namespace pkqsp::driver
