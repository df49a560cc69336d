#include "argument.hpp"

#include <limits>
#include <stdexcept>
#include <utility>

namespace pkqsp::driver {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Range positive{0, false, infinity, false, "greater than 0"};
constexpr Range not_negative{0, true, infinity, false, "0 or greater"};
constexpr Range at_least_one{1, true, infinity, false, "1 or greater"};
constexpr Range open_unit{0, false, 1, false, "between 0 and 1, both excluded"};
constexpr Range closed_unit{0, true, 1, true, "between 0 and 1"};
constexpr Range figures{-1, true, 18, true, "from 1 to 18, or -1"};
constexpr Range seeds{0, true, 4294967295.0, true, "from 0 to 4294967295"};
constexpr Range threads{-1, true, infinity, false, "1 or greater, or -1 for all cores"};

Argument leaf(Kind kind, std::string name, std::string value, std::string help,
              const Range* range = nullptr) {
  Argument a;
  a.name = std::move(name);
  a.kind = kind;
  a.help = std::move(help);
  a.value = value;
  a.default_value = std::move(value);
  a.range = range;
  return a;
}

Argument integer(std::string name, std::string value, std::string help, const Range& range) {
  return leaf(Kind::integer, std::move(name), std::move(value), std::move(help), &range);
}

Argument real(std::string name, std::string value, std::string help, const Range& range) {
  return leaf(Kind::real, std::move(name), std::move(value), std::move(help), &range);
}

Argument boolean(std::string name, bool value, std::string help) {
  return leaf(Kind::boolean, std::move(name), value ? "1" : "0", std::move(help));
}

Argument text(std::string name, std::string value, std::string help) {
  return leaf(Kind::text, std::move(name), std::move(value), std::move(help));
}

Argument group(std::string name, std::string help, std::vector<Argument> children = {}) {
  Argument a;
  a.name = std::move(name);
  a.help = std::move(help);
  a.children = std::move(children);
  return a;
}

Argument choice(std::string name, std::string value, std::string help,
                std::vector<Argument> alternatives) {
  Argument a = leaf(Kind::choice, std::move(name), std::move(value), std::move(help));
  a.children = std::move(alternatives);
  return a;
}

Argument adapt() {
  return group("adapt", "Warm-up adaptation",
               {boolean("engaged", true, "Adapt during warm-up?"),
                real("gamma", "0.05", "Regularisation scale", positive),
                real("delta", "0.8", "Target acceptance statistic", open_unit),
                real("kappa", "0.75", "Relaxation exponent", positive),
                real("t0", "10", "Iteration offset", positive),
                integer("init_buffer", "75", "Width of the initial fast interval", not_negative),
                integer("term_buffer", "50", "Width of the final fast interval", not_negative),
                integer("window", "25", "Initial width of the slow interval", not_negative),
                boolean("save_metric", false, "Write step size and metric as JSON?")});
}

Argument hmc() {
  return group(
      "hmc", "Hamiltonian Monte Carlo",
      {choice("engine", "nuts", "How the length of a trajectory is found",
              {group("static", "Fixed integration time",
                     {real("int_time", "6.28319", "Total integration time", positive)}),
               group("nuts", "The no-U-turn sampler",
                     {integer("max_depth", "10", "Greatest tree depth", at_least_one)})}),
       choice("metric", "diag_e", "Shape of the mass matrix",
              {group("unit_e", "Identity"), group("diag_e", "Diagonal"),
               group("dense_e", "Dense")}),
       text("metric_file", "", "File with the initial inverse metric"),
       real("stepsize", "1", "Initial step size", positive),
       real("stepsize_jitter", "0", "Uniform jitter of the step size", closed_unit)});
}

Argument sample() {
  return group(
      "sample", "Bayesian inference by Markov chain Monte Carlo",
      {integer("num_samples", "1000", "Number of sampling iterations", not_negative),
       integer("num_warmup", "1000", "Number of warm-up iterations", not_negative),
       boolean("save_warmup", false, "Also write the warm-up draws?"),
       integer("thin", "1", "Period between saved draws", at_least_one), adapt(),
       choice("algorithm", "hmc", "Sampler",
              {hmc(), group("fixed_param", "Parameters are constant")}),
       integer("num_chains", "1", "Number of chains in this process", at_least_one)});
}

std::vector<Argument> tolerances() {
  return {real("init_alpha", "0.001", "Step size of the first iteration", positive),
          real("tol_obj", "1e-12", "Tolerance on changes of the objective", not_negative),
          real("tol_rel_obj", "10000", "Tolerance on relative changes of it", not_negative),
          real("tol_grad", "1e-08", "Tolerance on the norm of the gradient", not_negative),
          real("tol_rel_grad", "1e+07", "Tolerance on its relative norm", not_negative),
          real("tol_param", "1e-08", "Tolerance on changes of parameters", not_negative)};
}

std::vector<Argument> limited_memory() {
  std::vector<Argument> all = tolerances();
  all.push_back(integer("history_size", "5", "Steps kept for the Hessian", at_least_one));
  return all;
}

Argument optimize() {
  return group("optimize", "Posterior mode or maximum likelihood",
               {choice("algorithm", "lbfgs", "Optimiser",
                       {group("bfgs", "BFGS with line search", tolerances()),
                        group("lbfgs", "Limited-memory BFGS", limited_memory()),
                        group("newton", "Newton's method")}),
                boolean("jacobian", false, "Include the Jacobian of constrained parameters?"),
                integer("iter", "2000", "Greatest number of iterations", at_least_one),
                boolean("save_iterations", false, "Write every iteration?")});
}

Argument laplace() {
  return group("laplace", "Normal approximation at the mode",
               {text("mode", "", "File with the mode: CSV of optimize, or JSON"),
                boolean("jacobian", true, "Include the Jacobian of constrained parameters?"),
                integer("draws", "1000", "Number of draws", not_negative),
                boolean("calculate_lp", true, "Compute the log density of each draw?")});
}

Argument pathfinder() {
  std::vector<Argument> all = limited_memory();
  all.push_back(integer("num_psis_draws", "1000", "Draws after resampling", at_least_one));
  all.push_back(integer("num_paths", "4", "Number of paths", at_least_one));
  all.push_back(boolean("save_single_paths", false, "Write each path?"));
  all.push_back(boolean("psis_resample", true, "Resample by importance?"));
  all.push_back(boolean("calculate_lp", true, "Compute the log density of each draw?"));
  all.push_back(integer("max_lbfgs_iters", "1000", "Greatest number of iterations", at_least_one));
  all.push_back(integer("num_draws", "1000", "Draws of each path", at_least_one));
  all.push_back(integer("num_elbo_draws", "25", "Draws for each ELBO", at_least_one));
  return group("pathfinder", "Variational approximation along an optimisation path",
               std::move(all));
}

Argument variational() {
  return group("variational", "Automatic differentiation variational inference",
               {choice("algorithm", "meanfield", "Family",
                       {group("meanfield", "Independent normals"),
                        group("fullrank", "Correlated normal")}),
                integer("iter", "10000", "Greatest number of iterations", at_least_one),
                integer("grad_samples", "1", "Draws for a gradient", at_least_one),
                integer("elbo_samples", "100", "Draws for an ELBO", at_least_one),
                real("eta", "1", "Step size scale", positive),
                group("adapt", "Adaptation of eta",
                      {boolean("engaged", true, "Adapt?"),
                       integer("iter", "50", "Iterations of adaptation", at_least_one)}),
                real("tol_rel_obj", "0.01", "Relative tolerance on the ELBO", positive),
                integer("eval_elbo", "100", "Period between ELBO evaluations", at_least_one),
                integer("output_samples", "1000", "Number of draws", not_negative)});
}

Argument generate_quantities() {
  return group("generate_quantities", "Generated quantities of draws made before",
               {text("fitted_params", "", "CSV file with draws of the parameters"),
                integer("num_chains", "1", "Number of files", at_least_one)});
}

Argument log_prob() {
  return group("log_prob", "Log density and gradient at given points",
               {text("unconstrained_params", "", "JSON or R dump with params_r"),
                text("constrained_params", "", "JSON or R dump with the parameters"),
                boolean("jacobian", true, "Include the Jacobian of constrained parameters?")});
}

Argument diagnose() {
  return group("diagnose", "Gradients against finite differences",
               {choice("test", "gradient", "Test",
                       {group("gradient", "Check the gradient",
                              {real("epsilon", "1e-06", "Finite difference", positive),
                               real("error", "1e-06", "Greatest error", positive)})})});
}

}  // namespace

Argument all_arguments() {
  return group(
      "", "",
      {choice("method", "sample", "What to do",
              {sample(), optimize(), variational(), diagnose(), generate_quantities(),
               pathfinder(), log_prob(), laplace()}),
       integer("id", "1", "Identifier of the first chain", at_least_one),
       group("data", "Input", {text("file", "", "Data in JSON or R dump format")}),
       text("init", "2", "Radius of random initial values, 0, or file(s) with initial values"),
       group("random", "Random numbers", {integer("seed", "", "Seed (default: the clock)", seeds)}),
       group("output", "Output",
             {text("file", "output.csv", "CSV file"),
              text("diagnostic_file", "", "File for gradients and momenta"),
              integer("refresh", "100", "Iterations between messages", not_negative),
              integer("sig_figs", "8", "Significant figures", figures),
              text("profile_file", "profile.csv", "CSV file for profiles"),
              boolean("save_cmdstan_config", false, "Write the configuration as JSON?")}),
       integer("num_threads", "1", "Number of threads", threads)});
}

const Argument* Argument::find(const std::string& child) const {
  for (const Argument& a : children)
    if (a.name == child) return &a;
  return nullptr;
}

Argument* Argument::find(const std::string& child) {
  return const_cast<Argument*>(static_cast<const Argument*>(this)->find(child));
}

const Argument& Settings::at(const std::string& path) const {
  const Argument* here = &root_;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    here = here->find(path.substr(start, dot - start));
    if (!here) throw std::logic_error("no argument at " + path);
    start = dot + 1;
  }
  return *here;
}

Settings Settings::below(const std::string& path) const {
  const Argument& chosen = at(path);
  return Settings(*chosen.find(chosen.value));
}

int Settings::integer(const std::string& path) const { return std::stoi(text(path)); }

unsigned int Settings::natural(const std::string& path) const {
  return static_cast<unsigned int>(std::stoul(text(path)));
}

double Settings::real(const std::string& path) const { return std::stod(text(path)); }

}  // namespace pkqsp::driver
