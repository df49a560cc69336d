// What every method needs: the model, the settings, the console, output files with their header.
#ifndef PKQSP_DRIVER_RUN_HPP
#define PKQSP_DRIVER_RUN_HPP

#include "argument.hpp"
#include "input.hpp"
#include "output.hpp"

#include <stan/callbacks/interrupt.hpp>
#include <stan/callbacks/json_writer.hpp>
#include <stan/callbacks/logger.hpp>
#include <stan/model/model_base.hpp>

#include <fstream>
#include <mutex>
#include <string>
#include <vector>

namespace pkqsp::driver {

// Console; chains of one process write whole lines.
class Console : public stan::callbacks::logger {
 public:
  void debug(const std::string& message) override { say(stdout, message); }
  void debug(const std::stringstream& message) override { say(stdout, message.str()); }
  void info(const std::string& message) override { say(stdout, message); }
  void info(const std::stringstream& message) override { say(stdout, message.str()); }
  void warn(const std::string& message) override { say(stdout, message); }
  void warn(const std::stringstream& message) override { say(stdout, message.str()); }
  void error(const std::string& message) override { say(stderr, message); }
  void error(const std::stringstream& message) override { say(stderr, message.str()); }
  void fatal(const std::string& message) override { say(stderr, message); }
  void fatal(const std::stringstream& message) override { say(stderr, message.str()); }

 private:
  void say(std::FILE* stream, const std::string& message);
  std::mutex mutex_;
};

// Throws Interrupted at the next iteration once SIGINT or SIGTERM has come.
class SignalInterrupt : public stan::callbacks::interrupt {
 public:
  SignalInterrupt();
  void operator()() override;
};

using JsonWriter = stan::callbacks::json_writer<std::ofstream>;

struct Run {
  stan::model::model_base& model;
  const Argument& arguments;
  Settings settings;
  Settings method;
  std::string started;
  Console console;
  SignalInterrupt interrupt;

  unsigned int id() const { return settings.natural("id"); }
  unsigned int seed() const { return settings.natural("random.seed"); }
  int refresh() const { return settings.integer("output.refresh"); }
  const std::string& output() const { return settings.text("output.file"); }
  const std::string& diagnostics() const { return settings.text("output.diagnostic_file"); }

  // A CSV file that begins with versions and settings.
  CsvWriter open_csv(const std::string& path) const;
  std::vector<CsvWriter> open_csvs(const std::vector<std::string>& paths) const;
  JsonWriter open_json(const std::string& path) const;
  void save_configuration() const;
};

// The methods; each returns CmdStan's exit code.
int sample(Run& run);
int sample_nuts(Run& run);
int sample_static(Run& run);
int optimize(Run& run);
int laplace(Run& run);
int pathfinder(Run& run);
int variational(Run& run);
int generate_quantities(Run& run);
int log_prob(Run& run);
int diagnose(Run& run);

// Flush what a method wrote; after a failure take away files that hold no draw.
template <class Writers>
int finish(Writers& writers, int exit_code) {
  for (CsvWriter& writer : writers) {
    if (exit_code != 0) writer.discard_if_empty();
    writer.flush();
  }
  return exit_code;
}

// Run a method's body; files that hold no draw go away if it fails or throws.
template <class Writers, class Body>
int guarded(Writers& writers, Body&& body) {
  try {
    return finish(writers, body());
  } catch (...) {
    for (CsvWriter& writer : writers) writer.discard_if_empty();
    throw;
  }
}

}  // namespace pkqsp::driver

#endif
