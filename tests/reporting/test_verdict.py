"""The verdict weighs, the tables have their numbers, and a failed fit warns everywhere."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.predictive.vpc import prediction_corrected
from pkqsp_bayes.fitting.diagnostics.fit_quality import judge_fit
from pkqsp_bayes.fitting.results.store import STUDY_FILE
from pkqsp_bayes.library import path
from pkqsp_bayes.reporting.report_context import ReportContext, ReportOptions
from pkqsp_bayes.reporting.sections.identifiability import _is_only_sensitive
from pkqsp_bayes.reporting.sections.parameters import parameters_section, variability
from pkqsp_bayes.spec.reading.toml import parse_model
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.study.write import write_study
from tests.analysis.posteriors import hand_made
from tests.analysis.test_credibility import HEAD
from tests.reporting.html import Page

SMALL = ReportOptions(draws=30, outer=20, inner=12, subjects=4, searches=0)


def context(fit: xr.DataTree) -> ReportContext:
    return ReportContext(
        fitted=pq.open_fit(fit), study=None, priors=None, identifiability=None,
        no_identifiability="", causal=None, options=SMALL,
    )  # fmt: skip


def test_cv_is_that_of_simulated_individuals() -> None:
    rng = np.random.default_rng(3)
    eta = rng.normal(size=400_000)
    for form, omega, individual in (
        ("lognormal", 0.6, 5.0 * np.exp(0.6 * eta)), ("normal", 1.5, 5.0 + 1.5 * eta),
    ):  # fmt: skip
        found = RANDOM_EFFECTS[form].variation(np.array([5.0]), np.array([omega]))
        assert found is not None
        assert found[0] == pytest.approx(individual.std() / individual.mean(), rel=0.02)
    assert RANDOM_EFFECTS["normal"].variation(np.array([-1.0, 1.0]), np.ones(2)) is None
    for form in ("logitnormal", "boxcox"):
        assert RANDOM_EFFECTS[form].variation(np.ones(1), np.ones(1)) is None


def test_the_table_has_groups_and_meanings(hand_fit: xr.DataTree) -> None:
    made = context(hand_fit)
    table = parameters_section(made).content["table"]
    groups = {title: [row[0].text for row in rows] for title, rows in table.groups}
    assert groups["Typical values"] == ["CL", "V", "ka", "tlag"]
    draws = hand_fit["posterior"]["omega"].sel(effect="CL").to_numpy()
    cv = 100 * np.sqrt(np.exp(np.median(draws) ** 2) - 1)
    shown = variability(made, "CL")
    assert float(shown.replace("\N{NO-BREAK SPACE}", " ").split()[2]) == pytest.approx(cv, rel=5e-3)
    row = next(row for _, rows in table.groups for row in rows if row[0].text == "CL")
    values = hand_fit["posterior"]["CL"].to_numpy()
    assert float(row[2]) == pytest.approx(np.median(values), rel=5e-3)
    assert float(row[4]) == pytest.approx(100 * values.std(ddof=1) / values.mean(), rel=0.05)


def test_a_form_without_a_cv_shows_its_sd() -> None:
    text = (
        path("one-compartment")
        .read_text()
        .replace('iiv = "lognormal", covariates = { WT = "power(0.75, 70)" }', 'iiv = "boxcox"')
    )
    size = 50
    drawn = {"CL": np.linspace(2.9, 3.1, size), "V": np.linspace(29, 31, size),
             "ka": np.linspace(1, 1.2, size), "tlag": np.linspace(0.1, 0.2, size),
             "shape[CL]": np.linspace(0.1, 0.3, size)}  # fmt: skip
    made = hand_made(
        text, drawn, omega={"CL": 0.25, "V": 0.1, "ka": 0.3},
        sigma={"cp.additive": 0.1, "cp.proportional": 0.1},
    )  # fmt: skip
    assert parse_model(text).population.parameters["CL"].iiv == "boxcox"
    assert variability(context(made), "CL") == "BSV SD 0.250 (Box-Cox scale)"


def changed(fit: xr.DataTree, *, shift: float = 0.0, diverging: int = 0) -> xr.DataTree:
    made = fit.copy(deep=True)
    posterior = made["posterior"].to_dataset()
    moved = xr.DataArray([0.0, shift], dims="chain")
    made["posterior"] = xr.DataTree(posterior.assign(CL=posterior["CL"] + moved))
    stats = made["sample_stats"].to_dataset()
    marks = np.zeros(stats["diverging"].shape, dtype=bool)
    marks.flat[:diverging] = True
    made["sample_stats"] = xr.DataTree(stats.assign(diverging=(stats["diverging"].dims, marks)))
    return made


def long_fit(solver: dict[str, object]) -> xr.DataTree:
    """Return a fit whose chains agree, with enough draws."""
    rng = np.random.default_rng(4)
    size = (4, 500)
    dims = ("chain", "draw")
    model = 'title = "x"\nequations = "d(A)/dt = -k * A; A(0) = 1"\n' + (
        '[population.k]\ntypical = "lognormal(0, 1)"\n[observe.y]\nvalue = "A"\nerror = "additive"'
    )
    posterior = xr.Dataset(
        {"k": (dims, np.exp(0.1 * rng.normal(size=size))),
         "sigma": ((*dims, "residual"), np.exp(0.1 * rng.normal(size=(*size, 1))))},
        coords={"chain": range(4), "draw": range(500), "residual": ["y"]},
    )  # fmt: skip
    stats = {"diverging": (dims, np.zeros(size, dtype=bool)),
             "energy": (dims, rng.normal(size=size))}  # fmt: skip
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(stats)})
    tree.attrs["model"] = model
    tree.attrs["solver"] = json.dumps(solver)
    return tree


def test_a_handful_of_failed_solves_is_a_footnote() -> None:
    few = judge_fit(pq.open_fit(long_fit({"solves": 3_000_000, "reasons": {"not finite": 5}})))
    assert (few.level, few.issues, len(few.footnotes)) == ("good", (), 1)
    many = judge_fit(pq.open_fit(long_fit({"solves": 1000, "reasons": {"not finite": 5}})))
    assert (many.level, len(many.issues), many.footnotes) == ("look", 1, ())


@pytest.mark.parametrize(
    ("shift", "diverging", "head"),
    [(3.0, 0, "Not reliable"), (0.0, 2, "Not reliable"), (0.0, 1, "Converged, with reservations")],
)
def test_levels_of_a_fit(hand_fit: xr.DataTree, shift: float, diverging: int, head: str) -> None:
    found = judge_fit(pq.open_fit(changed(hand_fit, shift=shift, diverging=diverging)))
    assert found.head == head
    assert bool(found.warning) == (head == "Not reliable")


def test_every_result_of_a_failed_fit_warns(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path
) -> None:
    write_study(theophylline, tmp_path / STUDY_FILE)
    (tmp_path / "claim.toml").write_text(
        HEAD + '[[credibility.criterion]]\ncheck = "divergences"\nat_most = 0\n'
        '[report]\nauthor = "Ada"\nversion = "2.1"\nintended_use = "a dose"\nconclusion = "none"\n'
    )
    page = Page(pq.report(changed(hand_fit, shift=3.0), tmp_path, options=SMALL).read_text())
    text = page.text
    assert "Not usable:" in text
    for name in ("parameters", "derived", "goodness", "predictive", "fits", "budget",
                 "diagnostics", "priors", "identifiability", "credibility", "causal"):  # fmt: skip
        section = text.split(f'<section id="{name}">')[1].split("</section>")[0]
        assert "The fit is not reliable" in section, name
    for name in ("data", "checks", "model", "reproduce"):
        section = text.split(f'<section id="{name}">')[1].split("</section>")[0]
        assert "The fit is not reliable" not in section, name
    first = text.split("<nav")[0]
    # nothing contradicts the headline; the checks of model and data do not depend on the draws
    assert first.count('class="good"') == first.count("<b>Checked.</b>") == 1
    assert 'class="look"' not in first
    assert "version 2.1. Author: Ada" in first
    assert "a dose" in first


def test_a_sensitivity_that_just_exceeds_the_threshold_does_not_weigh_more_than_precision() -> None:
    row = pd.Series({"verdict": "prior-dominated", "contraction": 0.97, "rse": 9.0})
    assert _is_only_sensitive(row)
    assert not _is_only_sensitive(row.replace({0.97: 0.2}))
    assert not _is_only_sensitive(row.replace({9.0: 80.0}))
    assert not _is_only_sensitive(row.replace({"prior-dominated": "poorly"}))


def test_the_prediction_correction_is_bounded() -> None:
    """A prediction near zero in a bin of large ones: the factor would be 3e6."""
    bins = np.zeros(3, dtype=np.int64)
    found = prediction_corrected(np.array([1e-6, 3.0, 4.0]), bins, bins)
    assert found.tolist() == [10.0, 1.0, 0.75]


def test_tables_have_captions_scopes_and_names_of_cells(
    hand_fit: xr.DataTree, tmp_path: Path
) -> None:
    page = Page(pq.report(hand_fit, tmp_path, options=SMALL).read_text())
    tables = page.text.count("<table")
    assert tables > 5
    assert page.text.count("<caption>") == tables
    heads = [tag for tag, name, _ in page.attributes if tag == "th" and name == "scope"]
    assert len(heads) == page.text.count("<th ")
    cells = [v for tag, name, v in page.attributes if tag == "td" and name == "data-label"]
    assert len(cells) == page.text.count("<td")
    assert all(cells)
