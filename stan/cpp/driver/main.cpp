// The command line of CmdStan over stan::services: linked with the object file of one model.

#include "errors.hpp"
#include "parse.hpp"
#include "print.hpp"
#include "run.hpp"

#include <stan/math/prim/core/init_threadpool_tbb.hpp>
#include <stan/math/rev/core.hpp>
#include <stan/version.hpp>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <random>
#include <set>

// stanc writes these into every model.
stan::model::model_base& new_model(stan::io::var_context& data, unsigned int seed,
                                   std::ostream* messages);
stan::math::profile_map& get_stan_profile_data();

// build_options.hpp defines these in every model.
extern "C" const bool pkqsp_model_without_range_checks;
extern "C" const bool pkqsp_model_with_cpp_optims;

namespace pkqsp::driver {
namespace {

const char* word(bool yes) { return yes ? "true" : "false"; }

void print_info() {
  std::cout << "stan_version_major = " << stan::MAJOR_VERSION << "\n"
            << "stan_version_minor = " << stan::MINOR_VERSION << "\n"
            << "stan_version_patch = " << stan::PATCH_VERSION << "\n"
            << "STAN_THREADS=true\nSTAN_MPI=false\nSTAN_OPENCL=false\n"
            << "STAN_NO_RANGE_CHECKS=" << word(pkqsp_model_without_range_checks) << "\n"
            << "STAN_CPP_OPTIMS=" << word(pkqsp_model_with_cpp_optims) << "\n";
}

// True if the arguments request text instead of a run.
bool answered(const std::vector<std::string>& words, const std::string& program) {
  const std::string last = words.empty() ? "help" : words.back();
  if (last == "info") {
    print_info();
    return true;
  }
  if (last != "help" && last != "help-all") return false;
  const Argument root = all_arguments();
  const Argument& methods = root.children.front();
  std::string method = words.size() > 1 ? words.front() : "";
  if (method.rfind("method=", 0) == 0) method = method.substr(7);
  if (const Argument* chosen = methods.find(method))
    std::cout << help_text(*chosen, program, true);
  else
    std::cout << help_text(root, program, last == "help-all");
  return true;
}

std::string now_utc() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", std::gmtime(&now));
  return text;
}

// Values that are not constants: the clock's seed, the environment's threads.
void complete(Argument& root) {
  Argument& seed = *root.find("random")->find("seed");
  if (seed.value.empty()) seed.value = seed.default_value = std::to_string(std::random_device{}());
  Argument& threads = *root.find("num_threads");
  const char* from_environment = std::getenv("STAN_NUM_THREADS");
  if (threads.is_default() && from_environment && *from_environment)
    parse_arguments({"num_threads=" + std::string(from_environment)}, root);
  if (threads.value == "0")
    throw UsageError("'0' is not a valid value for 'num_threads': it must be "
                     + std::string(threads.range->text));
}

// For a model without parameters only the generated quantities are sampled.
void settle_sampler(Argument& root, stan::model::model_base& model) {
  Argument& method = *root.find("method");
  if (method.value != "sample" || model.num_params_r() > 0) return;
  Argument& algorithm = *method.find("sample")->find("algorithm");
  if (algorithm.value == "fixed_param") return;
  std::cout << "Model contains no parameters, running fixed_param sampler.\n";
  algorithm.value = "fixed_param";
}

void write_profiles(const Settings& settings) {
  const stan::math::profile_map& profiles = get_stan_profile_data();
  if (profiles.empty()) return;
  CsvWriter csv(settings.text("output.profile_file"), settings.integer("output.sig_figs"));
  csv(std::vector<std::string>{"name,thread_id,total_time,forward_time,reverse_time,chain_stack,"
                               "no_chain_stack,autodiff_calls,no_autodiff_calls"});
  for (const auto& [key, p] : profiles) {
    std::ostringstream row;
    row << key.first << "," << key.second << "," << p.get_fwd_time() + p.get_rev_time() << ","
        << p.get_fwd_time() << "," << p.get_rev_time() << "," << p.get_chain_stack_used() << ","
        << p.get_nochain_stack_used() << "," << p.get_num_rev_passes() << ","
        << p.get_num_no_AD_fwd_passes();
    csv(std::vector<std::string>{row.str()});
  }
  csv.flush();
}

// Methods that describe the parameters' distribution need parameters.
void require_parameters(const Run& run) {
  static const std::set<std::string> methods{"laplace", "pathfinder", "variational"};
  const std::string& method = run.settings.text("method");
  if (run.model.num_params_r() == 0 && methods.count(method))
    throw UsageError("the model contains no parameters, so " + method
                     + " has nothing to approximate; use sample");
}

int dispatch(Run& run) {
  require_parameters(run);
  return find_method(run.settings.text("method"))(run);
}

int go(const std::vector<std::string>& words) {
  Argument root = all_arguments();
  parse_arguments(words, root);
  complete(root);
  const Settings settings(root);
  stan::math::init_threadpool_tbb(settings.integer("num_threads"));
  const Context data = read_context(settings.text("data.file"), "data file");
  // new_model takes a mutable reference for historical reasons; it only reads.
  stan::model::model_base& model =
      new_model(const_cast<stan::io::var_context&>(*data), settings.natural("random.seed"),
                &std::cout);
  settle_sampler(root, model);
  Run run{model, root, settings, settings.below("method"), now_utc(), {}, {}};
  for (const std::string& line : settings_as_lines(root)) std::cout << line << "\n";
  std::cout << std::endl;
  run.save_configuration();
  const int code = dispatch(run);
  write_profiles(settings);
  return code;
}

int report(const std::string& message, int code) {
  std::cout.flush();
  // cmdstanpy shows lines that begin with "Error" or "Exception".
  const bool marked = message.rfind("Exception", 0) == 0 || message.rfind("Error", 0) == 0;
  std::cerr << (marked ? "" : "Error: ") << message << std::endl;
  return code;
}

}  // namespace
}  // namespace pkqsp::driver

int main(int argc, char* argv[]) {
  using namespace pkqsp::driver;
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (answered(words, argv[0])) return words.empty() ? 64 : 0;
    return go(words);
  } catch (const Failure& failure) {
    return report(failure.what(), failure.exit_code);
  } catch (const std::exception& problem) {
    return report(problem.what(), 70);
  }
}
