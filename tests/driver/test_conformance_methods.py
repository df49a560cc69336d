"""The other public methods of CmdStanModel, against closed forms."""

import re
from pathlib import Path

import cmdstanpy
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pkqsp_bayes.engine.toolchain import Stan
from tests.driver.conftest import Program
from tests.driver.programs import BetaBinomial, NormalInverseGamma

CENTRE = np.array([1.0, -2.0])
COVARIANCE = np.array([[1.0, 0.6], [0.6, 2.0]])
CORRELATED_DATA = {"centre": CENTRE.tolist(), "covariance": COVARIANCE.tolist()}


def check_moments(draws: np.ndarray, *, covariance: np.ndarray = COVARIANCE) -> None:
    """Assert the moments of independent draws (n x 2), by their standard errors."""
    scale = np.sqrt(np.diag(covariance))
    error = scale / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - CENTRE) < 5 * error).all()
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=6 * 3 / np.sqrt(len(draws)))


@pytest.mark.parametrize("algorithm", ["bfgs", "lbfgs", "newton"])
def test_optimize(normal: Program, normal_truth: NormalInverseGamma, algorithm: str) -> None:
    fit = normal.model.optimize(normal_truth.data, seed=1, algorithm=algorithm, inits=0.5)
    mu, sigma2 = normal_truth.mode
    np.testing.assert_allclose(fit.optimized_params_dict["mu"], mu, rtol=1e-3)
    np.testing.assert_allclose(fit.optimized_params_dict["sigma2"], sigma2, rtol=1e-3)


def test_optimize_with_jacobian_and_tolerances(beta_binomial: Program) -> None:
    truth = BetaBinomial()
    a, b = truth.shapes
    plain = beta_binomial.model.optimize(truth.data, seed=1)
    assert plain.stan_variable("theta") == pytest.approx((a - 1) / (a + b - 2), abs=1e-5)
    fit = beta_binomial.model.optimize(
        truth.data, seed=1, jacobian=True, algorithm="lbfgs", init_alpha=0.01, tol_obj=1e-12,
        tol_rel_obj=1, tol_grad=1e-9, tol_rel_grad=1e3, tol_param=1e-10, history_size=7,
        iter=500, save_iterations=True,
    )  # fmt: skip
    assert fit.stan_variable("theta") == pytest.approx(a / (a + b), abs=1e-6)
    assert len(fit.optimized_iterations_np) > 2
    assert fit.metadata.cmdstan_config["history_size"] == 7
    again = cmdstanpy.from_csv(fit.runset.csv_files, method="optimize")
    assert again.stan_variable("theta") == fit.stan_variable("theta")


def test_laplace_of_a_normal_is_exact(correlated: Program) -> None:
    fit = correlated.model.laplace_sample(CORRELATED_DATA, seed=1, draws=4000)
    check_moments(fit.stan_variable("x"))
    log_q = fit.method_variables()["log_q__"]
    log_p = fit.method_variables()["log_p__"]
    np.testing.assert_allclose(np.ptp(log_q - log_p), 0, atol=1e-4)
    np.testing.assert_allclose(fit.mode.stan_variable("x"), CENTRE, atol=1e-4)


def test_laplace_takes_a_mode(correlated: Program, tmp_path: Path) -> None:
    mode = correlated.model.optimize(CORRELATED_DATA, seed=1, jacobian=True)
    fit = correlated.model.laplace_sample(CORRELATED_DATA, seed=1, mode=mode)
    np.testing.assert_allclose(fit.mode.stan_variable("x"), CENTRE, atol=1e-4)
    assert cmdstanpy.from_csv(fit._runset.csv_files, method="laplace").draws().shape == (1000, 4)
    data, point = tmp_path / "data.json", tmp_path / "mode.json"
    cmdstanpy.write_stan_json(str(data), CORRELATED_DATA)
    cmdstanpy.write_stan_json(str(point), {"x": CENTRE})
    done = correlated.run("laplace", f"mode={point}", "draws=5", "calculate_lp=0", "data",
                          f"file={data}", "output", f"file={tmp_path / 'l.csv'}")  # fmt: skip
    assert done.returncode == 0, done.stdout
    rows = np.loadtxt(tmp_path / "l.csv", delimiter=",", skiprows=0, comments=["#", "log_p__"])
    assert rows.shape == (5, 4)
    assert np.isnan(rows[:, 0]).all()


@pytest.mark.parametrize("paths", [1, 4])
def test_pathfinder(correlated: Program, paths: int) -> None:
    fit = correlated.model.pathfinder(
        CORRELATED_DATA, seed=1, num_paths=paths, draws=2000, num_single_draws=2000
    )
    draws = fit.stan_variable("x")
    assert draws.shape == (2000, 2)
    assert np.abs(draws.mean(axis=0) - CENTRE).max() < 0.3
    again = cmdstanpy.from_csv(fit._runset.csv_files, method="pathfinder")
    np.testing.assert_array_equal(again.draws(), fit.draws())
    assert len(fit.create_inits(chains=4)) == 4


def test_pathfinder_without_resampling(correlated: Program) -> None:
    arguments = {"seed": 1, "num_paths": 2, "num_single_draws": 100, "inits": [{"x": [0, 0]}] * 2}
    fit = correlated.model.pathfinder(CORRELATED_DATA, psis_resample=False, **arguments)
    assert fit.draws().shape[0] == 200
    assert not fit.is_resampled
    fit = correlated.model.pathfinder(CORRELATED_DATA, calculate_lp=False, **arguments)
    assert np.isnan(fit.method_variables()["lp__"]).any()


def test_pathfinder_saves_single_paths(correlated: Program, tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    cmdstanpy.write_stan_json(str(data), CORRELATED_DATA)
    of_two = [f"out_path_{i}.{kind}" for i in (1, 2) for kind in ("csv", "json")]
    for paths, names in ((1, ["out.json"]), (2, of_two)):
        folder = tmp_path / str(paths)
        folder.mkdir()
        done = correlated.run(
            "pathfinder", f"num_paths={paths}", "save_single_paths=1", "data", f"file={data}",
            "output", f"file={folder / 'out.csv'}",
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert sorted(p.name for p in folder.iterdir() if p.name != "out.csv") == names


@pytest.mark.parametrize("algorithm", ["meanfield", "fullrank"])
def test_variational(correlated: Program, algorithm: str) -> None:
    fit = correlated.model.variational(
        CORRELATED_DATA, seed=3, algorithm=algorithm, grad_samples=20, elbo_samples=200, iter=5000,
        tol_rel_obj=0.001, draws=2000, require_converged=False,
    )  # fmt: skip
    assert fit.variational_sample.shape[0] == 2000
    assert np.abs(fit.stan_variable("x", mean=True) - CENTRE).max() < 0.3
    assert fit.eta > 0
    again = cmdstanpy.from_csv(fit.runset.csv_files, method="variational")
    np.testing.assert_array_equal(again.variational_sample, fit.variational_sample)


def test_variational_without_adaptation(correlated: Program, tmp_path: Path) -> None:
    """cmdstanpy wants an adapted eta in the file, which is not there; so by the command line."""
    data, output, path = (tmp_path / name for name in ("data.json", "out.csv", "elbo.csv"))
    cmdstanpy.write_stan_json(str(data), CORRELATED_DATA)
    done = correlated.run(
        "variational", "output_samples=10", "eta=0.1", "eval_elbo=50", "adapt", "engaged=0",
        "data", f"file={data}", "random", "seed=3", "output", f"file={output}",
        f"diagnostic_file={path}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    table = pd.read_csv(output, comment="#")
    assert list(table) == ["lp__", "log_p__", "log_g__", "x.1", "x.2"]
    assert len(table) == 1 + 10, "the mean comes first"
    assert "iter,time_in_seconds,ELBO" in path.read_text()


def test_generate_quantities_of_fits(
    cmdstan: Stan,
    normal: Program,
    normal_fit: cmdstanpy.CmdStanMCMC,
    normal_truth: NormalInverseGamma,
) -> None:
    of_chains = normal.model.generate_quantities(normal_truth.data, normal_fit, seed=5)
    np.testing.assert_allclose(
        of_chains.stan_variable("shifted")[:, 0], normal_fit.stan_variable("mu") + 1, rtol=1e-6
    )
    y_new = of_chains.stan_variable("y_new")
    spread = (y_new - normal_fit.stan_variable("mu")) / np.sqrt(normal_fit.stan_variable("sigma2"))
    chains = spread.reshape(4, 1000)
    assert stats.kstest(chains[0], "norm").pvalue > 1e-3
    if cmdstan.source == "httpstan":
        assert np.abs(np.corrcoef(chains) - np.eye(4)).max() < 0.15, "each chain has its own"
    assert not np.isclose(y_new, normal_fit.stan_variable("y_new")).any(), "drawn anew"

    mode = normal.model.optimize(normal_truth.data, seed=1)
    of_mode = normal.model.generate_quantities(normal_truth.data, mode, seed=5)
    assert of_mode.stan_variable("shifted")[0][1] == pytest.approx(
        mode.stan_variable("mu") + 2, rel=1e-5
    )
    approximate = normal.model.variational(
        normal_truth.data, seed=1, draws=20, require_converged=False
    )
    of_vb = normal.model.generate_quantities(normal_truth.data, approximate, seed=5)
    assert of_vb.stan_variable("shifted").shape == (20, 2)


def test_generate_quantities_keeps_saved_warmup(
    normal: Program, normal_truth: NormalInverseGamma
) -> None:
    fit = normal.model.sample(
        normal_truth.data, seed=1, chains=2, iter_warmup=30, iter_sampling=40, save_warmup=True,
        show_progress=False,
    )  # fmt: skip
    again = normal.model.generate_quantities(normal_truth.data, fit, seed=1)
    assert again.draws().shape[:2] == (40, 2)
    assert again.draws(inc_warmup=True).shape[:2] == (70, 2)


def test_log_prob_and_gradient(beta_binomial: Program, tmp_path: Path) -> None:
    truth = BetaBinomial()
    a, b = truth.shapes
    theta = 0.3
    plain = beta_binomial.model.log_prob({"theta": theta}, truth.data, jacobian=False, sig_figs=12)
    other = beta_binomial.model.log_prob({"theta": 0.6}, truth.data, jacobian=False, sig_figs=12)
    exact = stats.beta(a, b).logpdf([theta, 0.6])
    assert plain.columns.tolist() == ["lp__", "g_theta"]
    assert other["lp__"][0] - plain["lp__"][0] == pytest.approx(exact[1] - exact[0], rel=1e-9)
    slope = (a - 1) / theta - (b - 1) / (1 - theta)
    assert plain["g_theta"][0] == pytest.approx(slope * theta * (1 - theta), rel=1e-9)
    adjusted = beta_binomial.model.log_prob({"theta": theta}, truth.data, sig_figs=12)
    change = adjusted["lp__"][0] - plain["lp__"][0]
    assert change == pytest.approx(np.log(theta * (1 - theta)), rel=1e-9)
    data, points = tmp_path / "d.json", tmp_path / "p.json"
    cmdstanpy.write_stan_json(str(data), truth.data)
    cmdstanpy.write_stan_json(str(points), {"params_r": [[0.0], [1.0]]})
    done = beta_binomial.run("log_prob", f"unconstrained_params={points}", "data", f"file={data}",
                             "output", f"file={tmp_path / 'lp.csv'}")  # fmt: skip
    assert done.returncode == 0, done.stdout
    rows = np.loadtxt(tmp_path / "lp.csv", delimiter=",", comments=["#", "lp__"])
    for row, u in zip(rows, (0.0, 1.0), strict=True):
        assert row[1] == pytest.approx(a - (a + b) / (1 + np.exp(-u)), rel=1e-6)


def test_diagnose(normal: Program, normal_truth: NormalInverseGamma) -> None:
    table = normal.model.diagnose({"mu": 1.0, "sigma2": 2.0}, normal_truth.data)
    assert table.columns.tolist() == ["param_idx", "value", "model", "finite_diff", "error"]
    np.testing.assert_allclose(table["value"], [1.0, np.log(2.0)], rtol=1e-5)
    np.testing.assert_allclose(table["model"], table["finite_diff"], rtol=1e-5)
    # mu's gradient: 2 (1 - mu) / sigma2 + sum(y - mu) / sigma2, at mu = 1
    exact = float((normal_truth.y - 1).sum()) / 2
    assert table["model"][0] == pytest.approx(exact, rel=1e-4)


def test_information_about_program_and_executable(cmdstan: Stan, normal: Program) -> None:
    info = normal.model.exe_info()
    version = ".".join(info[f"stan_version_{part}"] for part in ("major", "minor", "patch"))
    assert version == cmdstan.version
    assert {"STAN_THREADS", "STAN_MPI", "STAN_OPENCL", "STAN_NO_RANGE_CHECKS"} <= set(info)
    source = normal.model.src_info()
    assert source["parameters"]["sigma2"] == {"type": "real", "dimensions": 0}
    assert "inv_gamma" in normal.model.code()
    assert cmdstanpy.cmdstan_version() == tuple(int(x) for x in cmdstan.version.split(".")[:2])


def test_format(cmdstan: Stan, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ugly.stan"
    path.write_text("parameters{real    x;}model{x~normal(0,1);}")
    cmdstanpy.format_stan_file(path)
    assert capsys.readouterr().out.startswith("parameters {\n  real x;\n}")
    cmdstanpy.format_stan_file(path, overwrite_file=True, canonicalize=True)
    assert "x ~ normal(0, 1);" in path.read_text()
    assert len(list(tmp_path.glob("ugly.stan.bak*"))) == 1


def test_help(normal: Program) -> None:
    for words in (["help"], ["help-all"], ["sample", "help"], ["method=sample", "help"]):
        done = normal.run(*words)
        assert done.returncode == 0
        assert "num_samples" in done.stdout or words == ["help"]
    assert normal.run().returncode != 0
    assert re.search(r"adapt", normal.run("sample", "help").stdout)
