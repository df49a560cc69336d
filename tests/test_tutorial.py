"""The tutorial: its blocks run, its figures are those of its fit, and the fit is accepted."""

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from tests.analysis.posteriors import hand_made
from tests.commands import options_of
from tests.followed_page import (
    assert_same_summary,
    blocks,
    command_lines,
    read_page,
    run_command,
    run_python,
    text_table,
)

PAGE = read_page("tutorial.md")
SCRIPT = Path(__file__).parent.parent / "data" / "make_tutorial.py"
TRUTH: dict[str, float] = runpy.run_path(str(SCRIPT))["TRUTH"]
WRITTEN = ("vpc.png", "priors.png", "priors_compared.csv", "budget.png", "report.html")
NEEDS_STAN = ("pq.fit(", "pq.sample_prior(", "pq.vpc(", "pq.report(")


def lay_out(folder: Path) -> None:
    """Write the files that the reader saves."""
    (folder / "model.toml").write_text(blocks(PAGE, "toml")[0])
    (folder / "dog.toml").write_text(blocks(PAGE, "toml")[1])


def fit_by_hand(folder: Path) -> xr.DataTree:
    """Write draws with the mean and the SD of the page's table."""
    rng = np.random.default_rng(1)
    table = text_table(blocks(PAGE, "text")[0])
    drawn = {
        name: abs(row["mean"] + row["sd"] * rng.normal(size=1000)) for name, row in table.items()
    }

    def named(kind: str) -> dict[str, np.ndarray]:
        return {n[len(kind) + 1 : -1]: x for n, x in drawn.items() if n.startswith(kind)}

    tree = hand_made(
        blocks(PAGE, "toml")[0],
        {name: drawn[name] for name in ("CL", "V", "ka")},
        omega=named("omega"),
        sigma=named("sigma"),
    )
    folder.mkdir()
    tree.to_netcdf(folder / "fit.nc", engine="h5netcdf")
    return pq.read_fit(folder)


def test_the_script_makes_the_study() -> None:
    made = runpy.run_path(str(SCRIPT))["simulate_study"]()
    assert made == pq.datasets.path("tutorial").read_text()


def test_the_simulation_is_the_solution_of_the_model(tmp_path: Path) -> None:
    """The closed formula of the script, and the ODE system of the page."""
    lay_out(tmp_path)
    model = pq.load_model(tmp_path / "model.toml")
    times = [0.5, 2.0, 8.0, 36.0]
    design = pq.regimen(pq.Dose(amount=320, to="oral"), times, covariates={"WT": 70})
    values = {name: TRUTH[name] for name in ("CL", "V", "ka")}
    solved = pq.simulate(model, design, parameters=values).cp.values.ravel()[1:]
    formula = runpy.run_path(str(SCRIPT))["concentration"](np.array(times), **values)
    np.testing.assert_allclose(solved, formula, rtol=1e-5)


def test_the_page_shows_the_study_and_its_values() -> None:
    study = pq.datasets.path("tutorial").read_text()
    assert study.startswith(blocks(PAGE, "csv")[0])
    assert f"{study.count('<')} of them below the limit" in PAGE
    row = next(line for line in PAGE.splitlines() if line.startswith("| value |"))
    assert [float(cell.split()[0]) for cell in row.split("|")[2:-1]] == list(TRUTH.values())


def test_the_page_counts_the_intervals_that_contain_the_value() -> None:
    table = text_table(blocks(PAGE, "text")[0])
    inside = [name for name, row in table.items() if row["q5"] <= TRUTH[name] <= row["q95"]]
    assert len(inside) == 7
    assert set(table) - set(inside) == {"sigma[cp.additive]"}


def test_its_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    scope: dict[str, Any] = {"fit": fit_by_hand(tmp_path / "fit")}
    monkeypatch.chdir(tmp_path)
    for code in blocks(PAGE, "python"):
        if not any(call in code for call in NEEDS_STAN) and "pq.diagnose" not in code:
            run_python(code, scope, "tutorial.md")
    assert len(scope["study"].subjects) == 24
    assert scope["compared"].method.values.tolist() == ["fitted", "weighted"]


@pytest.mark.parametrize("line", command_lines(PAGE))
def test_its_commands_exist_with_their_options(line: str) -> None:
    name, *words = line.split()[1:]
    assert {word for word in words if word.startswith("-")} <= options_of(name)


@pytest.mark.slow
def test_its_commands_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`diagnose` exits with 0: the fit is accepted."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    shown = {}
    for line in command_lines(PAGE):
        result = run_command(line)
        assert result.exit_code == 0, f"{line}\n{result.output}"
        shown[line.split()[1]] = result.output
    assert_is_accepted(tmp_path)
    assert "nothing is wrong" in shown["diagnose"]
    assert quoted("Box's p of all", r"is ([\d.]+) here") == pytest.approx(
        float(re.findall(r"Box's p ([\d.]+)", shown["prior"])[0]), abs=0.05
    )
    assert float(re.findall(r"p-value ([\d.]+)", shown["vpc"])[0]) == pytest.approx(0.95, abs=0.05)
    assert float(shown["npde"].split()[-1]) == pytest.approx(0.95, abs=0.05)
    assert_updates(pd.read_csv("fit/priors_compared.csv", na_values="."), shown["prior-posterior"])
    assert_budget(pd.read_csv("fit/budget.csv", na_values="."))


@pytest.mark.slow
def test_its_python_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    scope: dict[str, Any] = {}
    for code in blocks(PAGE, "python"):
        run_python(code, scope, "tutorial.md")
    for name in ("vpc.png", "budget.png", "report.html"):
        assert (tmp_path / "fit" / name).exists(), name
    assert_is_accepted(tmp_path)
    assert (scope["updated"].diagnosis == "ok").all()


def quoted(after: str, pattern: str) -> float:
    """Return the number of a sentence of the page."""
    text = re.sub(r"\s+", " ", PAGE)
    return float(re.findall(pattern, text[text.index(after) :])[0])


def assert_is_accepted(folder: Path) -> None:
    fit = pq.read_fit(folder / "fit")
    summary = pq.summary_table(fit)
    assert not [issue for issue in pq.diagnose(fit) if issue.severity != "note"]
    assert (summary.r_hat < 1.01).all()
    assert int(fit["sample_stats"]["diverging"].sum()) == 0
    inside = [row.q5 <= TRUTH[str(name)] <= row.q95 for name, row in summary.iterrows()]
    assert sum(inside) >= 6
    found = {str(name): row.to_dict() for name, row in summary.iterrows()}
    assert_same_summary(blocks(PAGE, "text")[0], found)
    report = (folder / "fit" / "report.html").read_text()
    assert "Not reliable" not in report


def assert_updates(compared: pd.DataFrame, shown: str) -> None:
    means = compared[compared.parameter == "CL"].set_index("prior")["mean"]
    assert means["as fitted"] == pytest.approx(3.61, abs=0.02)
    assert means["dog"] == pytest.approx(3.55, abs=0.02)
    rows = {line.split()[0]: line.split() for line in shown.splitlines() if line.endswith(" ok")}
    assert len(rows) == len(TRUTH)
    contraction = {name: float(cells[-3]) for name, cells in rows.items()}
    expected = {"CL": 0.99, "V": 0.99, "ka": 0.94, "omega[CL]": 0.98, "sigma[cp.additive]": 0.79}
    for name, value in expected.items():
        assert contraction[name] == pytest.approx(value, abs=0.03), name


def assert_budget(budget: pd.DataFrame) -> None:
    at = budget[(budget.time == 8) & (budget.view == "latent") & (budget.scale == "natural")]
    share = at.set_index("component").share
    assert share["between_subject"] == pytest.approx(0.96, abs=0.015)
    assert share["parameter"] == pytest.approx(0.04, abs=0.015)
