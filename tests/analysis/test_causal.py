"""The causal record: nothing is met without evidence; overlap by hand; declarations as files."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.decisions.causal_record import causal_record
from pkqsp_bayes.analysis.decisions.positivity import covariate_overlap
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec.causal_claim import CausalSpec, format_causal, parse_causal
from tests.analysis.posteriors import hand_made
from tests.analysis.test_intervene import MODEL

CLAIM = """
claim = "Half the clearance doubles the exposure of anyone of 50 to 100 kg"
assignment = "observational"
confounders = ["WT"]
[declared.exchangeability]
statement = "Given weight, doses were chosen without regard to clearance"
evidence = "dosing protocol, section 4"
falsified_by = "doses that follow earlier concentrations"
[declared.modularity]
statement = "The inhibitor acts on CL alone"
evidence = "in vitro panel"
falsified_by = "a changed volume after the inhibitor"
[declared.invariance]
statement = "Clearance scales with weight in the target too"
evidence = "other drugs of the class"
"""


def fit() -> xr.DataTree:
    typical = {"CL": np.full(2, 3.0), "V": np.full(2, 20.0)}
    return hand_made(MODEL, typical, omega={"CL": 0.4, "V": 0.3}, sigma={"cp": 0.1})


def study(weights: list[float]) -> pq.Study:
    return pq.regimen(
        pq.Dose(amount=1.0, to="iv"), [1.0], subjects=len(weights), covariates={"WT": weights}
    )


def validation(coverage: float) -> xr.Dataset:
    dims = ("kind", "endpoint", "probability")
    return xr.Dataset(
        {"coverage": (dims, [[[coverage]]]), "coverage_error": (dims, [[[0.02]]])},
        coords={"kind": ["population"], "endpoint": ["all"], "probability": [0.9]},
    )


def statuses(claim: CausalSpec, **given) -> dict[str, str]:
    return causal_record(fit(), claim, **given).table["status"].to_dict()


def test_nothing_is_met_or_declared_without_evidence() -> None:
    found = statuses(CausalSpec(claim="it works", assignment="randomised"))
    assert set(found.values()) == {"unknown"}
    assert len(found) == 6


def test_declared_is_what_has_evidence_and_could_be_wrong() -> None:
    found = statuses(parse_causal(CLAIM))
    assert found["exchangeability"] == found["modularity"] == "declared"
    assert found["invariance"] == "unknown"  # nothing would falsify it
    assert "met" not in found.values()


def test_checks_decide_where_there_are_checks() -> None:
    claim, here = parse_causal(CLAIM), study([45.0, 60, 80, 110])
    good = statuses(
        claim, study=here, target=study([50.0, 100.0]), identifiable={"CL": True, "V": True},
        validation=validation(0.91),
    )  # fmt: skip
    assert [good[n] for n in ("positivity", "structure", "identifiability")] == ["met"] * 3
    bad = causal_record(
        fit(), claim, study=here, target=study([20.0, 100.0]),
        identifiable={"CL": True, "V": False}, validation=validation(0.7),
    )  # fmt: skip
    table = bad.table
    for name, reason in (("positivity", "WT 50%"), ("structure", "70% within the 90%"),
                         ("identifiability", "not V")):  # fmt: skip
        assert table.status[name] == "not met"
        assert reason in table.evidence[name]
        assert reason in bad.text
    assert bad.overlap is not None
    assert bad.covariates is not None
    assert bad.covariates.groupby("population").WT.max().to_dict() == {"study": 110, "target": 100}


def test_a_confounder_that_the_model_lacks_is_not_accounted_for() -> None:
    claim = dataclasses.replace(parse_causal(CLAIM), confounders=("WT", "AGE"))
    found = causal_record(fit(), claim).table
    assert found.status["exchangeability"] == "not met"
    assert "no covariate AGE" in found.evidence["exchangeability"]
    with pytest.raises(CheckError, match="no covariate AGE"):
        causal_record(fit(), claim, study=study([60.0]), target=study([60.0]))


def test_subjects_inside_each_range_may_be_outside_all_together() -> None:
    rng = np.random.default_rng(1)
    height = rng.normal(175, 8, 400)
    studied = pd.DataFrame({"HT": height, "WT": 0.9 * height - 85 + rng.normal(0, 3, 400)})
    odd = pd.DataFrame({"HT": [160.0, 190.0], "WT": [85.0, 60.0]})
    found = covariate_overlap(studied, odd, ["HT", "WT"]).coverage
    assert found["HT"] == 1
    assert found["all numeric covariates"] == 0
    own = covariate_overlap(studied, studied, ["HT", "WT"]).coverage
    assert own["all numeric covariates"] == pytest.approx(0.975, abs=0.02)


def test_a_claim_goes_through_its_file_unchanged() -> None:
    claim = parse_causal(CLAIM)
    assert claim.declared["modularity"].falsified_by == "a changed volume after the inhibitor"
    assert parse_causal(format_causal(claim)) == claim


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('claim = "x"', "assignment: this key is missing"),
        ('claim = "x"\nassignment = "chance"', "assignment"),
        (CLAIM.replace("declared.modularity", "declared.modular"), "did you mean modularity"),
    ],
)
def test_a_file_with_mistakes_is_refused(text: str, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        parse_causal(text)
