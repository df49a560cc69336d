// Inputs and outputs of all methods: the model, the settings, the console, output files with their
// header.
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
#include <functional>
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

// Throws Interrupted at the next iteration after SIGINT or SIGTERM.
class SignalInterrupt : public stan::callbacks::interrupt {
 public:
  SignalInterrupt();
  void operator()() override;
};

// Stan's JSON writer does not check its stream, so the stream itself records a failure.
class JsonFile : public std::ofstream {
 public:
  JsonFile(const std::string& path, std::vector<std::string>& unwritten);
  ~JsonFile() override;

 private:
  std::string path_;
  std::vector<std::string>& unwritten_;
};

using JsonWriter = stan::callbacks::json_writer<JsonFile>;

struct Run {
  stan::model::model_base& model;
  const Argument& arguments;
  Settings settings;
  Settings method;
  std::string started;
  Console console{};
  SignalInterrupt interrupt{};
  std::vector<std::string> json_paths{};
  std::vector<std::string> unwritten{};  // JSON files that failed

  unsigned int id() const { return settings.natural("id"); }
  unsigned int seed() const { return settings.natural("random.seed"); }
  int refresh() const { return settings.integer("output.refresh"); }
  const std::string& output() const { return settings.text("output.file"); }
  const std::string& diagnostics() const { return settings.text("output.diagnostic_file"); }

  // A CSV file that begins with versions and settings.
  CsvWriter open_csv(const std::string& path) const;
  std::vector<CsvWriter> open_csvs(const std::vector<std::string>& paths) const;
  JsonWriter open_json(const std::string& path);
  void save_configuration() const;
};

// The methods by name; each returns CmdStan's exit code. A program may be linked without some of
// them, so each source registers its own: `const Entry optimize_entry{...}`.
using Method = int (*)(Run&);

struct Entry {
  Entry(const char* name, Method method);
};

// Throws if the program was linked without it.
Method find_method(const std::string& name);

// Run a method's body and check its files: `draws` contain the result, `others` further output. A
// file that was not written completely is reported; after a failure, files without draws are
// removed.
int guarded(Run& run, std::vector<CsvWriter>& draws, std::vector<CsvWriter>& others,
            const std::function<int()>& body);

inline int guarded(Run& run, std::vector<CsvWriter>& draws, const std::function<int()>& body) {
  std::vector<CsvWriter> none;
  return guarded(run, draws, none, body);
}

}  // namespace pkqsp::driver

#endif
