#include "run.hpp"

#include <stan/services/pathfinder/multi.hpp>
#include <stan/services/pathfinder/single.hpp>

namespace pkqsp::driver {
namespace {

int single(Run& run, const Starts& starts, std::vector<CsvWriter>& draws) {
  const Settings& m = run.method;
  const bool save = m.flag("save_single_paths");
  JsonWriter path = save ? run.open_json(path_with_suffix(run.output(), "", ".json")) : JsonWriter();
  stan::callbacks::writer init;
  return stan::services::pathfinder::pathfinder_lbfgs_single(
      run.model, *starts.contexts[0], run.seed(), run.id(), starts.radius,
      m.integer("history_size"), m.real("init_alpha"), m.real("tol_obj"), m.real("tol_rel_obj"),
      m.real("tol_grad"), m.real("tol_rel_grad"), m.real("tol_param"),
      m.integer("max_lbfgs_iters"), m.integer("num_elbo_draws"), m.integer("num_draws"), save,
      run.refresh(), run.interrupt, run.console, init, draws[0], path, m.flag("calculate_lp"));
}

std::vector<std::string> path_files(const Run& run) {
  const std::string base =
      run.method.flag("save_single_paths") ? path_with_suffix(run.output(), "_path", ".csv") : "";
  return chain_paths(base, run.method.integer("num_paths"), run.id());
}

int multi(Run& run, const Starts& starts, std::vector<CsvWriter>& draws,
          std::vector<CsvWriter>& single_draws) {
  const Settings& m = run.method;
  const int paths = m.integer("num_paths");
  const bool save = m.flag("save_single_paths");
  std::vector<JsonWriter> single_paths;
  for (const std::string& path : path_files(run))
    single_paths.push_back(save ? run.open_json(path_with_suffix(path, "", ".json")) : JsonWriter());
  std::vector<stan::callbacks::writer> inits(paths);
  JsonWriter nothing;
  return stan::services::pathfinder::pathfinder_lbfgs_multi(
      run.model, starts.contexts, run.seed(), run.id(), starts.radius, m.integer("history_size"),
      m.real("init_alpha"), m.real("tol_obj"), m.real("tol_rel_obj"), m.real("tol_grad"),
      m.real("tol_rel_grad"), m.real("tol_param"), m.integer("max_lbfgs_iters"),
      m.integer("num_elbo_draws"), m.integer("num_draws"), m.integer("num_psis_draws"), paths,
      save, run.refresh(), run.interrupt, run.console, inits, single_draws, single_paths, draws[0],
      nothing, m.flag("calculate_lp"), m.flag("psis_resample"));
}

}  // namespace

int pathfinder(Run& run) {
  const int paths = run.method.integer("num_paths");
  const Starts starts = read_starts(run.settings.text("init"), paths, run.id());
  std::vector<CsvWriter> draws = run.open_csvs({run.output()});
  if (paths == 1) return guarded(run, draws, [&] { return single(run, starts, draws); });
  std::vector<CsvWriter> single_draws = run.open_csvs(path_files(run));
  return guarded(run, draws, single_draws,
                 [&] { return multi(run, starts, draws, single_draws); });
}

const Entry pathfinder_entry{"pathfinder", pathfinder};

}  // namespace pkqsp::driver
