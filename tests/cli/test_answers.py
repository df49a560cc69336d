"""Commands that ask a fit, as a user runs them: what is printed, what is written."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from tests.test_cli import pkqsp

SCENARIO = ("--endpoint", "cp", "--dose", 100, "--to", "oral", "--times", "1:9:4")


def test_predict_prints_and_writes_the_same(folder: Path, tmp_path: Path) -> None:
    """Against `pq.predict` with the same seed: medians by NumPy."""
    line = ("predict", folder, "--draws", 20, "--kind", "typical")
    code, text = pkqsp(*line)
    assert code == 0, text
    assert len(text.splitlines()) == 133
    wanted = pq.predict(folder, folder / "study.csv", kind="typical", draws=20)
    median = np.median(wanted["prediction_typical"].to_numpy(), axis=0)
    for name in ("p.csv", "p.json", "p.nc"):
        code, text = pkqsp(*line, "-o", tmp_path / name)
        assert (code, text) == (0, f"{tmp_path / name}\n")
    table = pd.read_csv(tmp_path / "p.csv")
    assert table["prediction_typical_median"].to_numpy() == pytest.approx(median)
    rows = json.loads((tmp_path / "p.json").read_text())
    assert [row["prediction_typical_median"] for row in rows] == pytest.approx(median.tolist())
    whole = xr.load_dataset(tmp_path / "p.nc", engine="h5netcdf")
    np.testing.assert_array_equal(
        whole["prediction_typical"].values, wanted["prediction_typical"].values
    )


def test_vpc(folder: Path, tmp_path: Path) -> None:
    table, plot = tmp_path / "vpc.csv", tmp_path / "vpc.svg"
    code, text = pkqsp(
        "vpc", folder, "--draws", 30, "--bins", 5, "--corrected", "-o", table, "--plot", plot
    )
    assert code == 0, text
    assert text.split() == [str(table), str(plot)]
    found, wanted = pd.read_csv(table), pq.vpc(
        folder, folder / "study.csv", draws=30, bins=5, corrected=True
    )  # fmt: skip
    assert found["observed_0.5"].to_numpy() == pytest.approx(
        wanted["observed"].sel(stratum="all", quantile=0.5).to_numpy()
    )
    edge = wanted["simulated"].sel(stratum="all", quantile=0.95, interval=0.975)
    assert found["simulated_0.95_at_0.975"].to_numpy() == pytest.approx(edge.to_numpy())
    assert plot.read_text().startswith("<?xml")


def test_npde_prints_tests_and_writes_observations(folder: Path, tmp_path: Path) -> None:
    code, text = pkqsp("npde", folder, "--draws", 50)
    assert code == 0, text
    assert text.split()[:5] == ["test", "mean", "variance", "normality", "all"]
    table, plot = tmp_path / "npde.csv", tmp_path / "npde.png"
    code, text = pkqsp("npde", folder, "--draws", 50, "-o", table, "--plot", plot)
    assert code == 0, text
    found = pd.read_csv(table)
    wanted = pq.npde(folder, folder / "study.csv", draws=50)
    assert found["npde"].to_numpy() == pytest.approx(wanted["npde"].to_numpy())
    assert plot.stat().st_size > 5_000


def test_pvalues(folder: Path) -> None:
    code, text = pkqsp("pvalues", folder, "--draws", 30)
    assert code == 0, text
    assert "median Cmax" in text
    assert "p_value" in text


def test_gof_curves_and_effects(folder: Path, tmp_path: Path) -> None:
    for name, columns in (
        ("gof", {"DV", "PRED", "IPRED", "IWRES", "NPDE"}),
        ("curves", {"curve", "sample", "level"}),
        ("effects", {"subject", "effect", "eta", "eta_sd"}),
    ):
        table, plot = tmp_path / f"{name}.csv", tmp_path / f"{name}.png"
        draws = () if name == "effects" else ("--draws", 30)
        code, text = pkqsp(name, folder, *draws, "-o", table, "--plot", plot)
        assert code == 0, text
        assert columns <= set(pd.read_csv(table).columns)
        assert plot.stat().st_size > 5_000


def test_loo_of_subjects(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "loo.csv"
    code, text = pkqsp("loo", folder, "--subject", "--draws", 30, "--proposals", 5, "-o", table)
    assert code == 0, text
    assert "elpd" in text
    found = pd.read_csv(table)
    assert len(found) == 12
    assert {"ID", "elpd", "pareto_k"} <= set(found.columns)


def test_loo_of_observations_needs_the_likelihood(folder: Path) -> None:
    code, text = pkqsp("loo", folder)
    assert code == 2
    assert "give the folder of a fit" in text


def test_validate(folder: Path, table: Path) -> None:
    code, text = pkqsp("validate", folder, table, "--draws", 30, "--early", 4)
    assert code == 0, text
    for word in ("population", "individual", "AAFE", "coverage_0.9"):
        assert word in text


def test_individualise(folder: Path, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    code, text = pkqsp("individualise", folder, table, "--method", "map", "-o", out)
    assert code == 0, text
    found = pd.read_csv(out)
    assert len(found) == 12 * 4
    wanted = pq.individualise(folder, table, method="map").dataset["individual"]
    mine = found[(found["ID"] == 3) & (found["parameter"] == "CL")]["median"]
    assert mine.item() == pytest.approx(float(wanted.sel(subject="3", parameter="CL")[0]))


def test_intervene(folder: Path, tmp_path: Path) -> None:
    """Half the dose of a linear model: all ratios are one half."""
    out = tmp_path / "out.csv"
    for change in (("--scale", "dose=0.5"), ("--do", "dose=50")):
        line = ("intervene", folder, *change, *SCENARIO, "--draws", 5, "--subjects", 4)
        code, text = pkqsp(*line, "-o", out)
        assert code == 0, text
        found = pd.read_csv(out)
        ratios = found[found["measure"] == "ratio"][["median", "lower", "upper"]]
        assert ratios.to_numpy() == pytest.approx(0.5, rel=1e-4)


def test_one_quantity_has_one_value(folder: Path) -> None:
    """None of two values is used silently."""
    for twice in (("--do", "CL=1", "--do", "CL=2"), ("--do", "CL=1", "--scale", "CL=2"),
                  ("--scale", "CL=1", "--scale", "CL=2")):  # fmt: skip
        code, text = pkqsp("intervene", folder, *twice, *SCENARIO)
        assert (code, text) == (2, "error: --do, --scale: CL has several values (give one)\n")
    code, text = pkqsp("body", "--covariate", "WT=60", "--covariate", "WT=70")
    assert (code, text) == (2, "error: --covariate: WT has several values (give one)\n")


def test_an_intervention_that_is_none(folder: Path) -> None:
    code, text = pkqsp("intervene", folder, "--do", "CL", *SCENARIO)
    assert code == 2
    assert "write NAME=VALUE" in text
    code, text = pkqsp("intervene", folder, "--scale", "CLx=2", *SCENARIO)
    assert code == 2
    assert "CLx" in text


def test_a_covariate_that_there_is_not(folder: Path) -> None:
    """A parameter is no covariate: it would have been passed over."""
    for name, guess in (("WTT=60", "did you mean WT?"), ("CL=3", "use one of WT")):
        code, text = pkqsp("budget", folder, *SCENARIO, "--covariate", name)
        assert code == 2
        assert guess in text


def test_budget(folder: Path, tmp_path: Path) -> None:
    plot = tmp_path / "budget.png"
    size = ("--outer", 20, "--inner", 10)
    code, text = pkqsp("budget", folder, *SCENARIO, *size, "--metric", "AUC", "--plot", plot)
    assert code == 0, text
    for word in ("between_subject", "parameter", "share", str(plot)):
        assert word in text
    assert plot.stat().st_size > 5_000


def test_causal(folder: Path, table: Path, tmp_path: Path) -> None:
    claim = tmp_path / "claim.toml"
    claim.write_text('claim = "a half dose halves AUC"\nassignment = "randomised"\n')
    code, text = pkqsp("causal", folder, "--claim", claim, "--target", table)
    assert code == 0, text
    assert text.startswith("Claim: a half dose halves AUC")
    code, text = pkqsp("causal", folder, "--claim", claim, "-o", tmp_path / "record.txt")
    assert code == 0, text
    assert "positivity" in (tmp_path / "record.txt").read_text()


def test_summary_and_diagnose(folder: Path, tmp_path: Path) -> None:
    code, text = pkqsp("summary", folder)
    assert code == 0, text
    assert "omega[CL]" in text
    code, text = pkqsp("summary", folder, "-o", tmp_path / "s.csv")
    assert code == 0, text
    found = pd.read_csv(tmp_path / "s.csv").set_index("parameter")
    wanted = pq.summary_table(folder)
    assert found.loc["CL", "mean"] == pytest.approx(wanted.loc["CL", "mean"])
    code, text = pkqsp("diagnose", folder, "--solver-draws", 0)
    assert code in (0, 1)


def test_priors_against_posteriors(folder: Path, tmp_path: Path) -> None:
    table, plot = tmp_path / "p.csv", tmp_path / "p.png"
    code, text = pkqsp("prior-posterior", folder, "-o", table, "--plot", plot)
    assert code == 0, text
    assert "contraction" in pd.read_csv(table).columns
    other = tmp_path / "other.toml"
    other.write_text('title = "other"\n[priors.CL]\nprior = "lognormal(log(2.8), 0.2)"\n')
    line = ("compare-priors", folder, "--against", f"other={other}")
    code, text = pkqsp(*line, "-o", tmp_path / "c.nc")
    assert code == 0, text
    assert "log_bayes_factor" in text
    code, text = pkqsp("prior-conflict", folder, other)
    assert code == 0, text
    assert "conflict" in text
    code, text = pkqsp("information-gain", folder, other)
    assert code == 0, text
    assert "bits" in text
    code, text = pkqsp("compare-priors", folder, "--against", str(other))
    assert code == 2
    assert "write NAME=FILE" in text


@pytest.mark.parametrize(
    "kind", ["fits", "gof", "residuals", "random-effects", "parameters", "correlations", "traces",
             "observations", "covariates"],
)  # fmt: skip
def test_plots(kind: str, folder: Path, tmp_path: Path) -> None:
    code, text = pkqsp("plot", kind, folder, "-o", tmp_path / "plot.png")
    assert code == 0, text
    assert (tmp_path / "plot.png").stat().st_size > 2_000


def test_a_plot_may_have_a_log_scale(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in ("linear", "log")]
    for file in files:
        code, text = pkqsp("plot", "observations", folder, "-o", file, f"--{file.stem}")
        assert code == 0, text
    assert files[0].read_bytes() != files[1].read_bytes()
    code, text = pkqsp("plot", "traces", folder, "-o", tmp_path / "t.png", "--log")
    assert code != 0
    assert "no such choice" in text
