#include "run.hpp"

#include <stan/services/diagnose/diagnose.hpp>

#include <algorithm>

namespace pkqsp::driver {

int diagnose(Run& run) {
  const Settings& m = run.method;
  const Starts starts = read_starts(run.settings.text("init"), 1, run.id());
  CsvWriter table = run.open_csv(run.output());
  stan::callbacks::writer init;
  const int failures = stan::services::diagnose::diagnose(
      run.model, *starts.contexts[0], run.seed(), run.id(), starts.radius,
      m.real("test.gradient.epsilon"), m.real("test.gradient.error"), run.interrupt, run.console,
      init, table);
  table.flush();
  // An exit code has eight bits: 256 wrong gradients must not give the code 0.
  return std::min(failures, 255);
}

const Entry diagnose_entry{"diagnose", diagnose};

}  // namespace pkqsp::driver
