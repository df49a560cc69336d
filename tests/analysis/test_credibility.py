"""The credibility record: risk, criteria that are judged from a fit, and the filled example."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.decisions.credibility_figures import FitFigures
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.file_reference.docstring import field_texts
from pkqsp_bayes.fitting.results.store import STUDY_FILE, write_tree
from pkqsp_bayes.spec.causal_claim import format_causal, parse_causal
from pkqsp_bayes.spec.credibility_claim import CRITERIA, CriterionSpec, model_risk
from pkqsp_bayes.study.write import write_study
from tests.fits import theophylline_fit
from tests.test_cli import pkqsp

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "claims" / "theophylline.toml"
HEAD = """
claim = "c"
assignment = "randomised"
[credibility]
question = "q"
context_of_use = "u"
influence = "high"
consequence = "medium"
"""


def claim(*criteria: str) -> pq.CausalSpec:
    return parse_causal(HEAD + "".join(f"[[credibility.criterion]]\n{c}\n" for c in criteria))


@pytest.fixture(scope="module")
def study() -> pq.Study:
    return pq.load_dataset("theophylline")


@pytest.fixture(scope="module")
def fit(study: pq.Study) -> xr.DataTree:
    made = theophylline_fit(study)
    made.attrs["solver"] = json.dumps({"solves": 4000, "reasons": {"not finite": 2}})
    return made


def test_risk_grows_with_influence_and_consequence() -> None:
    levels = ("low", "medium", "high")
    table = [[levels.index(model_risk(i, c)) for c in levels] for i in levels]
    assert (np.diff(table, axis=0) >= 0).all()
    assert (np.diff(table, axis=1) >= 0).all()
    assert table == np.transpose(table).tolist()
    assert [table[k][k] for k in range(3)] == [0, 1, 2]


def test_figures_are_those_of_the_fit(fit: xr.DataTree, study: pq.Study) -> None:
    record = pq.credibility_record(
        fit,
        claim(
            'check = "divergences"\nat_most = 0',
            'check = "failed_solve_share"\nat_most = 0.0004',
            'check = "rse"\nat_most = 1\nparameters = ["CL", "V"]',
            'check = "shrinkage"\nat_most = 90\nparameters = ["CL"]',
            'statement = "in words"\noutcome = "open"',
        ),
        study=study, draws=40,
    )  # fmt: skip
    posterior = fit["posterior"].to_dataset()
    rse = max(100 * float(posterior[n].std(ddof=1) / posterior[n].mean()) for n in ("CL", "V"))
    eta = posterior["eta"].sel(effect="CL").mean(("chain", "draw"))
    omega = float(posterior["omega"].sel(effect="CL").mean())
    shrunk = 100 * (1 - float(np.std(eta.to_numpy(), ddof=1)) / omega)
    found = [one.found for one in record.criteria]
    assert found[0] == "0"
    assert float(found[1]) == pytest.approx(2 / 4000)
    assert float(found[2]) == pytest.approx(rse, rel=1e-3)
    assert float(found[3]) == pytest.approx(shrunk, rel=1e-3)
    assert [one.outcome for one in record.criteria] == ["met", "not met", "not met", "met", "open"]
    assert record.outcome == "of 5 acceptance criteria 2 met, 2 not met, 1 open"
    assert record.stated.risk == "high"
    kinds = {activity.kind for activity in record.activities}
    assert kinds == {"verification", "calibration", "validation"}


def test_coverage_of_the_vpc_is_counted_from_its_bands(fit: xr.DataTree, study: pq.Study) -> None:
    stated = claim('check = "vpc_coverage"\nat_least = 0', 'check = "vpc_p_value"\nat_least = 1')
    record = pq.credibility_record(fit, stated, study=study, draws=40, seed=3)
    check = pq.vpc(fit, study, endpoint="cp", corrected=True, draws=40, seed=3)
    inside = [
        low <= seen <= high
        for seen, (low, _, high) in zip(
            check["observed"].to_numpy().ravel(), check["simulated"].to_numpy().reshape(-1, 3),
            strict=True,
        )
    ]  # fmt: skip
    assert float(record.criteria[0].found) == pytest.approx(np.mean(inside), rel=1e-3)
    assert float(record.criteria[1].found) == pytest.approx(check["p_value"].item(), rel=1e-3)


def test_without_a_study_predictions_are_open(fit: xr.DataTree) -> None:
    record = pq.credibility_record(fit, claim('check = "vpc_p_value"\nat_least = 0.05'))
    assert record.criteria[0].outcome == "open"
    assert "Outcome: of 1 acceptance criteria 1 open" in record.text


@pytest.mark.parametrize(
    ("criterion", "said"),
    [
        ('check = "max_r_hat"', "needs one limit"),
        ('check = "max_r_hat"\nat_most = 1\nat_least = 1', "needs one limit"),
        ('check = "max_r_hat"\nat_most = 1\noutcome = "met"', "remove outcome"),
        ('check = "max_r_hat"\nat_most = 1\nparameters = ["CL"]', "remove parameters"),
        ('check = "rse"\nat_most = 1\noutput = "cp"', "remove output"),
        ('statement = "s"', "no outcome"),
        ('statement = "s"\noutcome = "met"', "without evidence"),
        ('statement = "s"\noutcome = "open"\nat_most = 1', "name a check"),
        ('outcome = "open"', "neither a check nor a statement"),
        ('check = "r_hat"\nat_most = 1', "max_r_hat"),
    ],
)
def test_a_criterion_that_cannot_be_judged_is_refused(criterion: str, said: str) -> None:
    with pytest.raises(CheckError, match=said):
        claim(criterion)


def test_criteria_are_numbered_from_one_in_every_message() -> None:
    for text in ('chek = "rse"', 'check = "foo"\nat_most = 1', 'check = "rse"'):
        with pytest.raises(CheckError, match=r"credibility\.criterion 2\b"):
            claim('check = "rse"\nat_most = 1', text)


def test_an_rse_is_of_the_parameters_for_which_the_report_has_one() -> None:
    mean = {"CL": 2.0, "omega[CL]": 0.2, "beta[CL,WT]": 1e-3, "corr[CL,V]": -1e-3, "shape[V]": 1e-3}
    table = pd.DataFrame({"mean": mean, "sd": 0.1})
    fitted: Any = SimpleNamespace(summary=table)
    figures = FitFigures(fitted=fitted, study=None, draws=1, seed=1)
    assert figures.find(CriterionSpec(check="rse", at_most=1)) == pytest.approx(50)
    stated = CriterionSpec(check="rse", at_most=1, parameters=("corr[CL,V]",))
    assert figures.find(stated) == pytest.approx(1e4)


def test_the_help_of_a_check_lists_the_checks() -> None:
    text = field_texts(CriterionSpec)["check"].meaning
    assert all(name in text for name in CRITERIA)


def test_activities_need_evidence() -> None:
    text = HEAD + '[[credibility.activity]]\nkind = "validation"\nwhat = "w"\noutcome = "passed"\n'
    with pytest.raises(CheckError, match="without evidence"):
        parse_causal(text)


def test_unknown_parameters_outputs_and_claims_are_refused(
    fit: xr.DataTree, study: pq.Study
) -> None:
    with pytest.raises(CheckError, match="no such parameter"):
        pq.credibility_record(fit, claim('check = "rse"\nat_most = 1\nparameters = ["CLX"]'))
    with pytest.raises(CheckError, match="not observed"):
        pq.credibility_record(
            fit, claim('check = "vpc_p_value"\nat_least = 0\noutput = "x"'), study=study
        )
    with pytest.raises(CheckError, match=r"no \[credibility\]"):
        pq.credibility_record(fit, pq.CausalSpec(claim="c", assignment="randomised"))


def test_the_example_is_read_and_written_again() -> None:
    stated = pq.read_causal(EXAMPLE)
    assert parse_causal(format_causal(stated)) == stated
    assert stated.report.author
    assert stated.credibility is not None
    assert stated.credibility.risk == "low"


def test_the_page_has_every_key_and_a_block_that_is_read() -> None:
    page = (ROOT / "docs" / "report.md").read_text()
    (block,) = re.findall(r"```toml[^\n]*\n(.*?)```", page, re.DOTALL)
    stated = parse_causal(block)
    assert stated.credibility is not None
    for record in (stated.report, stated.credibility, stated.credibility.criterion[0],
                   stated.credibility.activity[0]):  # fmt: skip
        for name in record.__dataclass_fields__:
            assert f"`{name}`" in page or f".{name}]]" in page, name
    for name in CRITERIA:
        assert f"`{name}`" in page, name


def test_the_command_prints_the_record(fit: xr.DataTree, study: pq.Study, tmp_path: Path) -> None:
    write_tree(tmp_path, fit, "netcdf")
    write_study(study, tmp_path / STUDY_FILE)
    stated = tmp_path / "claim.toml"
    stated.write_text(HEAD + '[[credibility.criterion]]\ncheck = "divergences"\nat_most = 0\n')
    code, text = pkqsp("credibility", tmp_path, "--claim", stated, "--draws", 40)
    assert code == 0, text
    assert "Criterion, met: number of divergent transitions" in text
    code, text = pkqsp("derived", tmp_path, "--subjects", 2, "--draws", 10)
    assert code == 0, text
    assert "CL/F" in text
    assert "CL is the same at half of the dose" in " ".join(text.split())


def test_a_limit_that_no_p_value_can_miss_is_open(study: pq.Study) -> None:
    """A p-value from 50 draws is never below 1 / 51."""
    fit, stated = theophylline_fit(study), claim('check = "npde_p_value"\nat_least = 0.01')
    few = pq.credibility_record(fit, stated, study=study, draws=50).criteria[0]
    assert few.outcome == "open"
    assert "use more draws" in few.evidence
    many = pq.credibility_record(fit, stated, study=study, draws=200).criteria[0]
    assert many.outcome == ("met" if float(many.found) >= 0.01 else "not met")
    with pytest.raises(CheckError, match="draws"):
        pq.credibility_record(fit, stated, study=study, draws=10)
