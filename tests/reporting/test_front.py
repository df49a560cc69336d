"""What the first screen must not hide: criteria, the claim, the peak; names with odd characters."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.uncertainty.budget_table import without_rounding
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.diagnostics.diagnose_solver import solver_issues
from pkqsp_bayes.fitting.diagnostics.fit_quality import FitQuality, judge_fit
from pkqsp_bayes.fitting.results.store import STUDY_FILE, write_tree
from pkqsp_bayes.plots.style import figure_png, new_figure
from pkqsp_bayes.reporting.headline import Line, _overall
from pkqsp_bayes.reporting.page import _describe_error, _unstated
from pkqsp_bayes.reporting.report_context import ReportOptions
from pkqsp_bayes.reporting.sections.budget import _rows, budget_times
from pkqsp_bayes.spec.causal_claim import parse_causal
from pkqsp_bayes.spec.credibility_claim import ReportSpec
from pkqsp_bayes.study.write import write_study
from tests.analysis.posteriors import hand_made
from tests.analysis.test_credibility import HEAD
from tests.reporting.html import Page
from tests.test_cli import pkqsp

SMALL = ReportOptions(draws=30, outer=20, inner=12, subjects=4, searches=0)
RSE = '[[credibility.criterion]]\ncheck = "rse"\nat_most = 300\nparameters = ["{}"]\n'
WITHOUT_BSV = """
title = "No variability"
[dose.oral]
to = "depot"
[equations]
text = '''
cp = central / V
d(depot)/dt = -ka * depot
d(central)/dt = ka * depot - CL * cp
'''
units = { depot = "mg", central = "mg", cp = "mg/L" }
drug = { depot = 1, central = 1 }
[population]
CL = { typical = "lognormal(log(3), 0.5)", unit = "L/h" }
V = { typical = "lognormal(log(30), 0.5)", unit = "L" }
ka = { typical = "lognormal(log(1.5), 0.5)", unit = "1/h" }
[observe.cp]
value = "cp"
unit = "mg/L"
error = "proportional"
"""


def typical_values() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    centres = {"CL": 2.8, "V": 32.0, "ka": 1.6}
    return {k: v * np.exp(0.05 * rng.normal(size=40)) for k, v in centres.items()}


def without_bsv() -> xr.DataTree:
    """Make a fit of a model without random effects."""
    return hand_made(WITHOUT_BSV, typical_values(), omega={}, sigma={"cp": 0.2})


def stored(fit: xr.DataTree, study: pq.Study, folder: Path, claim: str) -> Path:
    """Store a fit with its study and a claim."""
    folder.mkdir()
    write_tree(folder, fit, "netcdf")
    write_study(study, folder / STUDY_FILE)
    (folder / "claim.toml").write_text(claim)
    return folder


def first_screen(page: Path) -> str:
    return "".join(Page(page.read_text()).words).partition("Population parameters of the fit")[0]


def test_criteria_that_cannot_be_judged_are_in_the_verdict(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path
) -> None:
    folder = stored(hand_fit, theophylline, tmp_path / "fit", HEAD + RSE.format("CLint"))
    screen = first_screen(pq.report(folder, folder, options=SMALL))
    assert screen.count("Criteria not judged") == 2  # the line, and a reason of the verdict
    assert "the fit has no such parameter" in screen


def test_a_page_elsewhere_has_the_claim_of_the_fit(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path
) -> None:
    folder = stored(hand_fit, theophylline, tmp_path / "fit", HEAD + RSE.format("CL"))
    screen = first_screen(pq.report(folder, tmp_path / "elsewhere", options=SMALL))
    assert "Criteria met" in screen


def test_checks_of_the_model_do_not_depend_on_the_draws(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path
) -> None:
    failed = hand_fit.copy()
    stats = failed["sample_stats"].to_dataset()
    failed["sample_stats"] = xr.DataTree(stats.assign(diverging=xr.ones_like(stats["diverging"])))
    folder = stored(failed, theophylline, tmp_path / "fit", HEAD)
    screen = first_screen(pq.report(folder, folder, options=SMALL))
    assert screen.split("Checked.")[1].strip().startswith("all ")
    for judgement in ("Predicts", "Precise", "Identifiable"):
        assert f"{judgement}." not in screen


def test_a_failed_prediction_is_the_verdict() -> None:
    good = FitQuality(level="good", head="Converged", text="", issues=(), footnotes=())
    lines = [Line(mark="bad", head="Does not predict", text=""),
             Line(mark="look", head="Imprecise", text="")]  # fmt: skip
    found = _overall(good, lines)
    assert (found.mark, found.head) == ("bad", "Does not predict")
    assert "Imprecise" in found.text
    assert _overall(good, lines[1:]).mark == "look"


def test_one_chain_does_not_show_convergence(hand_fit: xr.DataTree) -> None:
    def chosen(node: xr.Dataset) -> xr.Dataset:
        return node.isel(chain=[0]) if "chain" in node.dims else node

    assert judge_fit(pq.open_fit(hand_fit)).head != "Convergence not known"
    found = judge_fit(pq.open_fit(hand_fit.map_over_datasets(chosen)))
    assert (found.level, found.head) == ("look", "Convergence not known")


def test_draws_that_are_not_finite_are_a_failure(hand_fit: xr.DataTree) -> None:
    broken = hand_fit.copy(deep=True)
    broken["posterior"]["CL"][0, 3] = np.nan
    found = judge_fit(pq.open_fit(broken))
    assert found.level == "bad"
    assert "draws of CL are not finite" in found.text


def test_commands_warn_of_a_fit_that_is_not_reliable(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path
) -> None:
    failed = hand_fit.copy()
    stats = failed["sample_stats"].to_dataset()
    failed["sample_stats"] = xr.DataTree(stats.assign(diverging=xr.ones_like(stats["diverging"])))
    bad = stored(failed, theophylline, tmp_path / "bad", HEAD)
    fine = stored(hand_fit, theophylline, tmp_path / "fine", HEAD)
    for command in (["derived"], ["predict"]):
        assert "The fit is not reliable" in pkqsp(*command, bad)[1]
        assert "not reliable" not in pkqsp(*command, fine)[1]


def test_failed_solves_of_all_reasons_count_together() -> None:
    reasons = {"more steps than max_steps allows": 3, "the step size fell below": 3}
    few = {issue.severity for issue in solver_issues({"solves": 400_000, "reasons": reasons})}
    many = {issue.severity for issue in solver_issues({"solves": 200_000, "reasons": reasons})}
    assert (few, many) == ({"note"}, {"warning"})


def test_a_short_infusion_has_its_peak_in_the_budget() -> None:
    dose = pq.Dose(amount=25, to="iv", duration=1 / 6)
    times = budget_times(np.array([0.2, 0.5, 1.0, 48.0]), [dose])
    assert 1 / 6 in times
    assert (np.diff(times) > 0).all()
    assert times[-1] == 48
    many = budget_times(np.linspace(0, 100, 5000), [dose])
    assert many.size < 70


def test_only_what_is_missing_is_asked_for() -> None:
    assert _unstated(ReportSpec()) == "Author, version, intended use and conclusion"
    assert _unstated(ReportSpec(author="Ada", version="1", conclusion="none")) == "Intended use"


def test_sentences_have_no_severity() -> None:
    error = CheckError([Issue(where="study", what="it is empty", remedy="give another")])
    assert _describe_error(error) == "study: it is empty (give another)"


@pytest.mark.parametrize("name", ["one.html", "one.HTM"])
def test_the_name_of_a_page_is_no_folder(hand_fit: xr.DataTree, tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckError, match="give a folder, such as one"):
        pq.report(hand_fit, tmp_path / name, options=SMALL)
    assert not any(tmp_path.iterdir())


def test_rounding_errors_of_a_budget_are_zero() -> None:
    budget = pq.variance_budget(
        without_bsv(), output="cp", times=[1.0, 4.0], outer=20, inner=10,
        regimen=pq.Dose(amount=320, to="oral"),
    )  # fmt: skip
    one = without_rounding(budget).sel(scale="natural", view="latent").isel(time=0)
    rows = {row[0]: row for row in _rows(one, "mg/L", "latent")}
    assert rows["between subject"][1:3] == ["0", "0 mg/L"]
    assert rows["parameter"][1] == "100"
    assert "residual" not in rows


def test_dollar_signs_are_no_formula() -> None:
    with new_figure(width=2, height=1) as figure:
        axis = figure.subplots()
        axis.set_title("subject $x_{$")
        axis.plot([1, 2], label="$a$ and $b$")
        axis.legend()
    assert figure_png(figure)[1:4] == b"PNG"


@pytest.mark.parametrize(("check", "wrong"), [("max_r_hat", "at_least"), ("min_ess", "at_most"),
                                              ("npde_p_value", "at_most")])  # fmt: skip
def test_a_limit_that_a_bad_fit_meets_is_refused(check: str, wrong: str) -> None:
    text = f'{HEAD}[[credibility.criterion]]\ncheck = "{check}"\n{wrong} = 1.01\n'
    with pytest.raises(CheckError, match="a bad fit meets it"):
        parse_causal(text)


def test_blanks_are_no_statement_and_no_evidence() -> None:
    with pytest.raises(CheckError, match="question: it is empty"):
        parse_causal(HEAD.replace('"q"', '" "'))
    with pytest.raises(CheckError, match="without evidence"):
        parse_causal(
            HEAD + '[[credibility.criterion]]\nstatement = "s"\noutcome = "met"\nevidence = " "\n'
        )


def test_a_model_without_random_effects_has_goodness_of_fit() -> None:
    study = pq.load_dataset("theophylline")
    found = pq.goodness_of_fit(without_bsv(), study)
    assert np.allclose(found["PRED"], found["IPRED"])
    at = {name: np.median(values) for name, values in typical_values().items()}
    dose, time = 319.992, 3.82  # of subject 1
    ke = at["CL"] / at["V"]
    known = dose * at["ka"] / at["V"] / (at["ka"] - ke) * (np.exp(-ke * time)
                                                           - np.exp(-at["ka"] * time))  # fmt: skip
    own = (found["ID"] == "1") & (found["TIME"] == time)
    assert float(found["IPRED"][own.to_numpy()][0]) == pytest.approx(known, rel=0.02)
