"""CmdStanModel.sample and what its fit offers, against posteriors known in closed form."""

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import cmdstanpy
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.driver.conftest import Program
from tests.driver.programs import BetaBinomial, Decay, NormalInverseGamma

Check = Callable[[np.ndarray, float], None]


def draws_of(fit: cmdstanpy.CmdStanMCMC, column: str) -> np.ndarray:
    """Return iterations x chains."""
    return fit.draws()[:, :, fit.column_names.index(column)]


def test_normal_mean_and_variance(
    normal_fit: cmdstanpy.CmdStanMCMC, normal_truth: NormalInverseGamma, check_mean: Check
) -> None:
    mu, sigma2 = draws_of(normal_fit, "mu"), draws_of(normal_fit, "sigma2")
    check_mean(mu, normal_truth.mean_mu)
    check_mean((mu - normal_truth.mean_mu) ** 2, normal_truth.variance_mu)
    check_mean(sigma2, normal_truth.mean_sigma2)
    check_mean((sigma2 - normal_truth.mean_sigma2) ** 2, normal_truth.variance_sigma2)


def test_correlated_normal_with_a_dense_metric(correlated: Program, check_mean: Check) -> None:
    covariance = np.array([[1.0, 1.8], [1.8, 4.0]])
    fit = correlated.model.sample(
        {"centre": [1.0, -2.0], "covariance": covariance.tolist()},
        seed=2,
        chains=2,
        metric="dense",
        show_progress=False,
    )
    x = np.stack([draws_of(fit, f"x[{i}]") for i in (1, 2)])
    check_mean(x[0], 1.0)
    check_mean(x[1], -2.0)
    check_mean((x[0] - 1) ** 2, 1.0)
    check_mean((x[0] - 1) * (x[1] + 2), 1.8)
    assert fit.metric_type == "dense_e"
    assert fit.inv_metric.shape == (2, 2, 2)


def test_beta_binomial_with_a_user_header(beta_binomial: Program, check_mean: Check) -> None:
    truth = BetaBinomial()
    fit = beta_binomial.model.sample(truth.data, seed=3, chains=4, show_progress=False)
    theta = draws_of(fit, "theta")
    posterior = stats.beta(*truth.shapes)
    check_mean(theta, posterior.mean())
    check_mean((theta - posterior.mean()) ** 2, posterior.var())
    check_mean((theta < posterior.ppf(0.1)).astype(float), 0.1)


def test_ode_with_a_known_solution(ode: Program, decay_truth: Decay, check_mean: Check) -> None:
    fit = ode.model.sample(
        decay_truth.data, seed=4, chains=2, iter_warmup=300, iter_sampling=500, inits=1.0,
        show_progress=False,
    )  # fmt: skip
    k = draws_of(fit, "k")
    check_mean(k, decay_truth.mean)
    check_mean((k - decay_truth.mean) ** 2, decay_truth.variance)


def test_static_hmc(normal: Program, normal_json: Path, tmp_path: Path, check_mean: Check,
                    normal_truth: NormalInverseGamma) -> None:  # fmt: skip
    done = normal.run(
        "method=sample", "num_samples=2000", "algorithm=hmc", "engine=static", "int_time=2",
        "random", "seed=5", "data", f"file={normal_json}", "output",
        f"file={tmp_path / 'static.csv'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    table = pd.read_csv(tmp_path / "static.csv", comment="#")
    assert list(table)[:4] == ["lp__", "accept_stat__", "stepsize__", "int_time__"]
    check_mean(table["mu"].to_numpy()[:, None], normal_truth.mean_mu)


@pytest.mark.parametrize("metric", ["unit_e", "diag_e", "dense_e"])
@pytest.mark.parametrize("adapt", [True, False])
def test_every_metric(
    normal: Program, normal_truth: NormalInverseGamma, metric: str, adapt: bool, check_mean: Check
) -> None:
    fit = normal.model.sample(
        normal_truth.data, seed=6, chains=2, metric=metric, adapt_engaged=adapt, step_size=0.3,
        show_progress=False,
    )  # fmt: skip
    check_mean(draws_of(fit, "mu"), normal_truth.mean_mu)
    assert fit.metric_type == metric
    if not adapt:
        np.testing.assert_allclose(fit.step_size, 0.3)
    if metric == "unit_e":
        assert fit.inv_metric is None
    else:
        assert fit.inv_metric.shape[0] == 2


def test_adaptation_arguments_arrive(normal: Program, normal_truth: NormalInverseGamma) -> None:
    fit = normal.model.sample(
        normal_truth.data, seed=7, chains=1, iter_warmup=300, iter_sampling=100,
        adapt_delta=0.95, adapt_init_phase=20, adapt_metric_window=30, adapt_step_size=40,
        max_treedepth=7, show_progress=False,
    )  # fmt: skip
    config = fit.metadata.cmdstan_config
    got = [config[k] for k in ("delta", "init_buffer", "window", "term_buffer", "max_depth")]
    assert got == [0.95, 20, 30, 40, 7]
    assert draws_of(fit, "accept_stat__").mean() > 0.85


def test_warmup_is_saved_and_thinned(normal: Program, normal_truth: NormalInverseGamma) -> None:
    fit = normal.model.sample(
        normal_truth.data, seed=8, chains=2, iter_warmup=201, iter_sampling=301, thin=4,
        save_warmup=True, show_progress=False,
    )  # fmt: skip
    assert fit.draws().shape[:2] == (76, 2)
    assert fit.draws(inc_warmup=True).shape[:2] == (76 + 51, 2)
    assert fit.num_draws_warmup == 51
    assert fit.draws_pd(inc_warmup=True).shape[0] == 2 * (76 + 51)


def test_progress_is_shown(
    normal: Program, normal_truth: NormalInverseGamma, capfd: pytest.CaptureFixture[str]
) -> None:
    normal.model.sample(normal_truth.data, seed=9, chains=2, refresh=100, show_progress=True)
    shown = "".join(capfd.readouterr())
    assert "Sampling completed" in shown
    assert "2000/2000" in shown, "the bar follows the lines with the iterations"


def test_console_is_streamed(
    normal: Program, normal_truth: NormalInverseGamma, capfd: pytest.CaptureFixture[str]
) -> None:
    normal.model.sample(
        normal_truth.data, seed=9, chains=2, refresh=500, show_console=True,
        force_one_process_per_chain=False,
    )  # fmt: skip
    out = capfd.readouterr().out
    assert re.search(r"Chain \[1\] Iteration:    1 / 2000 \[  0%\]  \(Warmup\)", out)
    assert re.search(r"Chain \[2\] Iteration: 2000 / 2000 \[100%\]  \(Sampling\)", out)


def test_same_seed_same_draws_and_different_id_different_draws(
    normal: Program, normal_truth: NormalInverseGamma
) -> None:
    def sample(seed: int, chain_id: int) -> np.ndarray:
        fit = normal.model.sample(
            normal_truth.data, seed=seed, chains=1, chain_ids=chain_id, sig_figs=18,
            show_progress=False,
        )  # fmt: skip
        return fit.draws()

    first = sample(10, 1)
    np.testing.assert_array_equal(first, sample(10, 1))
    assert not np.isclose(first, sample(10, 2)).all(axis=2).any(), "not one draw is shared"
    assert not np.isclose(first, sample(11, 1)).all(axis=2).any()


def test_one_process_and_a_process_per_chain_draw_the_same(
    normal: Program, normal_truth: NormalInverseGamma
) -> None:
    fits = [
        normal.model.sample(
            normal_truth.data,
            seed=12,
            chains=3,
            chain_ids=5,
            sig_figs=18,
            force_one_process_per_chain=separate,
            show_progress=False,
        )
        for separate in (True, False)
    ]
    assert [fit.runset.num_procs for fit in fits] == [3, 1]
    np.testing.assert_array_equal(fits[0].draws(), fits[1].draws())
    assert fits[1].chain_ids == [5, 6, 7]


def test_threads_do_not_change_the_draws(
    normal: Program, normal_json: Path, tmp_path: Path
) -> None:
    rows = []
    for threads in (1, 3):
        output = tmp_path / f"t{threads}.csv"
        done = normal.run(
            "sample", "num_samples=50", "num_warmup=50", "num_chains=3", "data",
            f"file={normal_json}", "random", "seed=3", "output", f"file={output}",
            f"num_threads={threads}",
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        files = sorted(tmp_path.glob(f"t{threads}_*.csv"))
        assert [f.name for f in files] == [f"t{threads}_{i}.csv" for i in (1, 2, 3)]
        rows.append([re.sub("(?m)^#.*\n", "", f.read_text()) for f in files])
    assert rows[0] == rows[1]


@pytest.mark.parametrize("separate", [True, False])
def test_metric_and_step_size_are_resumed(
    normal: Program, normal_truth: NormalInverseGamma, normal_fit: cmdstanpy.CmdStanMCMC,
    separate: bool, check_mean: Check,
) -> None:  # fmt: skip
    metrics = [{"inv_metric": m} for m in normal_fit.inv_metric]
    starts = normal_fit.create_inits(seed=1, chains=4)
    fit = normal.model.sample(
        normal_truth.data, seed=13, chains=4, iter_warmup=0, adapt_engaged=False,
        inv_metric=metrics, step_size=float(normal_fit.step_size.mean()), inits=starts,
        force_one_process_per_chain=separate, show_progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(fit.inv_metric, normal_fit.inv_metric, rtol=1e-5)
    np.testing.assert_allclose(fit.step_size, normal_fit.step_size.mean(), rtol=1e-5)
    check_mean(draws_of(fit, "mu"), normal_truth.mean_mu)


def test_metric_file_and_saved_metric(normal: Program, normal_json: Path, tmp_path: Path) -> None:
    words = ["data", f"file={normal_json}", "random", "seed=2"]
    first = tmp_path / "first.csv"
    done = normal.run("sample", "adapt", "save_metric=1", *words, "output", f"file={first}")
    assert done.returncode == 0, done.stdout
    saved = json.loads((tmp_path / "first_metric.json").read_text())
    assert saved["metric_type"] == "diag_e"
    assert saved["stepsize"] > 0
    second = tmp_path / "second.csv"
    done = normal.run(
        "sample", "num_warmup=0", "algorithm=hmc", f"stepsize={saved['stepsize']}",
        f"metric_file={tmp_path / 'first_metric.json'}", "adapt", "engaged=0", *words, "output",
        f"file={second}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    line = re.search(r"Diagonal elements.*\n# (.*)\n", second.read_text())
    np.testing.assert_allclose(
        [float(x) for x in line[1].split(",")], saved["inv_metric"], rtol=1e-6
    )


def test_configuration_as_json(normal: Program, normal_json: Path, tmp_path: Path) -> None:
    done = normal.run(
        "id=3", "random", "seed=9", "sample", "num_samples=10", "thin=2", "adapt", "delta=0.9",
        "data", f"file={normal_json}", "output", f"file={tmp_path / 'out.csv'}", "sig_figs=4",
        "save_cmdstan_config=1",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    config = json.loads((tmp_path / "out_config.json").read_text())
    assert config["model_name"] == "normal_model"
    assert config["method"]["value"] == "sample"
    sample = config["method"]["sample"]
    assert (sample["num_samples"], sample["thin"], sample["save_warmup"]) == (10, 2, False)
    assert sample["adapt"]["delta"] == 0.9
    assert sample["algorithm"]["hmc"]["engine"]["value"] == "nuts"
    assert (config["id"], config["random"]["seed"]) == (3, 9)
    table = pd.read_csv(tmp_path / "out.csv", comment="#", dtype=str)
    assert len(table) == 5
    assert table["mu"].str.replace(r"[-.]|e.*|^-?0\.0*", "", regex=True).str.len().max() <= 4


def test_data_and_metric_as_r_dump(
    normal: Program, normal_truth: NormalInverseGamma, tmp_path: Path
) -> None:
    y = ", ".join(map(str, normal_truth.y))
    data, metric = tmp_path / "data.R", tmp_path / "metric.R"
    data.write_text(f"N <- {len(normal_truth.y)}\ny <- c({y})\nbroken <- 0\n")
    metric.write_text("inv_metric <- structure(c(0.07, 0.01, 0.01, 0.08), .Dim = c(2, 2))\n")
    fit = normal.model.sample(
        str(data), seed=1, chains=2, iter_warmup=0, adapt_engaged=False, step_size=0.5,
        metric="dense", inv_metric=str(metric), show_progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(fit.inv_metric, [[[0.07, 0.01], [0.01, 0.08]]] * 2, rtol=1e-5)
    assert abs(fit.stan_variable("mu").mean() - normal_truth.mean_mu) < 0.1


def test_inits_of_all_kinds(
    normal: Program, normal_truth: NormalInverseGamma, tmp_path: Path
) -> None:
    start = {"mu": 100.0, "sigma2": 50.0}
    path = tmp_path / "init.json"
    cmdstanpy.write_stan_json(str(path), start)
    rdump = tmp_path / "init.R"
    rdump.write_text("mu <- 100.0\nsigma2 <- 50.0\n")
    for inits in (start, str(path), str(rdump), [start, start]):
        for separate in (True, False):
            fit = normal.model.sample(
                normal_truth.data, seed=1, chains=2, iter_warmup=1, iter_sampling=3,
                max_treedepth=1, save_warmup=True, inits=inits, step_size=1e-6, adapt_engaged=False,
                force_one_process_per_chain=separate, show_progress=False,
            )  # fmt: skip
            first = fit.draws(inc_warmup=True)[0]
            np.testing.assert_allclose(first[:, fit.column_names.index("mu")], 100, rtol=1e-2)
    for radius, largest in ((0, 1e-4), (0.5, 0.51)):
        fit = normal.model.sample(
            normal_truth.data, seed=1, chains=2, iter_warmup=1, iter_sampling=3, inits=radius,
            max_treedepth=1, step_size=1e-7, adapt_engaged=False, show_progress=False,
        )  # fmt: skip
        assert np.abs(draws_of(fit, "mu")).max() < largest
        assert np.abs(np.log(draws_of(fit, "sigma2"))).max() < largest


def test_a_partial_init_leaves_the_rest_random(
    normal: Program, normal_truth: NormalInverseGamma
) -> None:
    fit = normal.model.sample(
        normal_truth.data, seed=1, chains=2, iter_warmup=1, iter_sampling=3,
        max_treedepth=1, inits={"sigma2": 9.0}, step_size=1e-6, adapt_engaged=False,
        show_progress=False,
    )  # fmt: skip
    np.testing.assert_allclose(draws_of(fit, "sigma2"), 9, rtol=1e-2)
    first, second = draws_of(fit, "mu")[0]
    assert abs(first - second) > 0.01, "each chain draws its own"


def test_fixed_param(normal: Program, constants: Program, normal_truth: NormalInverseGamma) -> None:
    start = {"mu": 1.5, "sigma2": 4.0}
    fit = normal.model.sample(
        normal_truth.data, seed=1, chains=1, iter_sampling=500, fixed_param=True, inits=start,
        show_progress=False,
    )  # fmt: skip
    assert (draws_of(fit, "mu") == 1.5).all()
    assert abs(fit.stan_variable("y_new").mean() - 1.5) < 5 * 2 / np.sqrt(500)
    fit = constants.model.sample(seed=2, chains=2, show_progress=False)
    z = fit.stan_variable("z")
    assert abs(z.mean() - 3) < 5 * 2 / np.sqrt(len(z))
    assert abs(z.std() - 2) < 0.2
    assert fit.stan_variable("pair")[0][1].tolist() == [2.5, 3.5]


def test_what_a_fit_offers(normal_fit: cmdstanpy.CmdStanMCMC, tmp_path: Path) -> None:
    fit = normal_fit
    assert fit.chains == 4
    assert set(fit.method_variables()) >= {"lp__", "divergent__", "energy__", "treedepth__"}
    assert fit.stan_variable("shifted").shape == (4000, 2)
    np.testing.assert_allclose(
        fit.stan_variable("shifted")[:, 1], fit.stan_variable("mu") + 2, rtol=1e-6
    )
    assert fit.draws_xr().mu.shape == (4, 1000)
    assert fit.divergences.tolist() == [0] * 4
    for seconds in fit.time:
        assert seconds["total"] == pytest.approx(seconds["warmup"] + seconds["sampling"], abs=2e-3)
    assert fit.metadata.cmdstan_config["seed"] == 1
    assert fit.metadata.cmdstan_config["stanc_version"].startswith("stanc3")


# cmdstanpy reads the table with an argument that pandas is giving up
@pytest.mark.filterwarnings("ignore:The 'float_precision' argument")
def test_summary_agrees_with_arviz(
    normal_fit: cmdstanpy.CmdStanMCMC, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "cmdstanpy")
    table = normal_fit.summary(percentiles=(10, 50, 90), sig_figs=6)
    assert list(table.index) == ["lp__", "mu", "sigma2", "sigma", "y_new", "shifted[1]",
                                 "shifted[2]"]  # fmt: skip
    mu = normal_fit.stan_variable("mu")
    row = table.loc["mu"]
    assert row["Mean"] == pytest.approx(mu.mean(), rel=1e-4)
    assert row["StdDev"] == pytest.approx(mu.std(ddof=1), rel=1e-3)
    assert row["90%"] == pytest.approx(np.percentile(mu, 90), rel=1e-2)
    assert 500 < row["ESS_bulk"] < 8000
    assert row["R_hat"] == pytest.approx(1, abs=0.02)
    assert row["MCSE"] == pytest.approx(row["StdDev"] / np.sqrt(row["ESS_bulk"]), rel=0.1)


def test_diagnose_of_a_fit(
    normal: Program, normal_fit: cmdstanpy.CmdStanMCMC, normal_truth: NormalInverseGamma
) -> None:
    assert "no problems detected" in normal_fit.diagnose()
    bad = normal.model.sample(
        normal_truth.data, seed=1, chains=2, iter_warmup=20, iter_sampling=50, max_treedepth=1,
        step_size=1e-4, adapt_engaged=False, show_progress=False,
    )  # fmt: skip
    report = bad.diagnose()
    assert "treedepth" in report
    assert "no problems detected" not in report


def test_from_csv(normal_fit: cmdstanpy.CmdStanMCMC, constants: Program, tmp_path: Path) -> None:
    again = cmdstanpy.from_csv(normal_fit.runset.csv_files, method="sample")
    np.testing.assert_array_equal(again.draws(), normal_fit.draws())
    np.testing.assert_array_equal(again.inv_metric, normal_fit.inv_metric)
    fixed = constants.model.sample(seed=2, chains=1, show_progress=False)
    fixed.save_csvfiles(str(tmp_path))
    assert cmdstanpy.from_csv(str(tmp_path)).stan_variable("z").shape == (1000,)


def test_files_beside_the_draws(
    normal: Program, normal_truth: NormalInverseGamma, tmp_path: Path
) -> None:
    fit = normal.model.sample(
        normal_truth.data, seed=1, chains=2, save_diagnostics=True, save_profile=True,
        output_dir=tmp_path, force_one_process_per_chain=False, show_progress=False,
    )  # fmt: skip
    for path in fit.runset.diagnostic_files:
        table = pd.read_csv(path, comment="#")
        assert {"mu", "p_mu", "g_mu"} <= set(table)
        assert len(table) == 1000
    header, *rows = Path(fit.runset.profile_files[0]).read_text().splitlines()
    assert header.startswith("name,thread_id,total_time,forward_time,reverse_time")
    assert all(row.startswith("likelihood,") for row in rows)
    assert rows
