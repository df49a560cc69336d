"""Interventions against closed forms; the same subjects in both arms; what is no cause."""

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.decisions.arm_summary import explain_missing_ratios
from pkqsp_bayes.analysis.decisions.intervene import intervene
from pkqsp_bayes.analysis.decisions.interventions import Scaled
from pkqsp_bayes.errors import CheckError
from tests.analysis.posteriors import hand_made

MODEL = """
title = "one compartment"
[covariates]
WT = { unit = "kg", reference = 70 }
[parameters]
share = 1.0
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population.CL]
typical = "lognormal(log(3), 0.2)"
unit = "L/h"
iiv = "lognormal"
covariates = { WT = "power(0.75, 70)" }
[population.V]
typical = "lognormal(log(20), 0.2)"
unit = "L"
iiv = "lognormal"
[observe.cp]
value = "share * A / V"
unit = "mg/L"
error = "proportional"
"""
TIMES = np.linspace(0.001, 12, 200)
DOSE = pq.Dose(amount=100.0, to="iv")


def posterior() -> xr.DataTree:
    rng = np.random.default_rng(1)
    typical = {name: centre * np.exp(0.1 * rng.normal(size=60))
               for name, centre in (("CL", 3.0), ("V", 20.0))}  # fmt: skip
    return hand_made(MODEL, typical, omega={"CL": 0.4, "V": 0.3}, sigma={"cp": 0.1})


def done(do: dict, **given) -> xr.Dataset:
    given = {"regimen": DOSE, "times": TIMES, **given}
    return intervene(posterior(), do, output="cp", draws=60, subjects=20, **given)


def ratio(found: xr.Dataset, level: str = "individual") -> xr.Dataset:
    return found.sel(measure="ratio", level=level)


def test_half_the_clearance_in_each_subject() -> None:
    found = done({"CL": Scaled(factor=0.5)})
    assert found.attrs["failed"] == 0
    # A subject's own curve: its elimination is exp(-k t), and half of k makes the square root.
    draws = found.endpoint_draws
    peak = draws.sel(endpoint="Cmax")
    assert peak.sel(arm="counterfactual").values == pytest.approx(
        peak.sel(arm="factual").values, rel=1e-2
    )
    left = draws.sel(endpoint="Ctau") / draws.sel(endpoint="Cmax")
    assert left.sel(arm="counterfactual").values == pytest.approx(
        np.sqrt(left.sel(arm="factual").values), rel=1e-3
    )
    # AUC(0..T) = D / CL (1 - exp(-k T)): it rises, but not as much as CL falls.
    area = ratio(found).endpoint_change.sel(endpoint="AUC")
    assert 1 < area.sel(statistic="lower") < area.sel(statistic="upper") < 2


def test_what_changes_all_alike_has_no_spread() -> None:
    for do in ({"dose": Scaled(factor=3.0)}, {"share": 3.0},
               {"dose": pq.Dose(amount=300.0, to="iv")}):  # fmt: skip
        found = done(do)
        for level in ("average", "individual"):
            both = ratio(found, level)
            assert both.change.values == pytest.approx(3.0, rel=1e-6)
            assert both.endpoint_change.values == pytest.approx(3.0, rel=1e-6)
        twice = found.change.sel(measure="difference", level="average", statistic="median")
        factual = found.trajectory.sel(arm="factual", level="average", statistic="median")
        assert twice.values == pytest.approx(2 * factual.values, rel=1e-6)


def test_a_covariate_acts_through_its_effect_and_only_there() -> None:
    heavy = done({"WT": 140.0}).endpoint_draws
    scaled = done({"CL": Scaled(factor=2**0.75)}).endpoint_draws
    assert heavy.values == pytest.approx(scaled.values, rel=1e-6)


def test_what_is_set_is_the_same_in_all() -> None:
    found = done({"CL": 3.0, "V": 20.0}, covariates={"WT": 50.0})
    curve = found.trajectory.sel(arm="counterfactual", level="individual")
    wanted = 5 * np.exp(-0.15 * TIMES)
    for statistic in ("lower", "median", "upper"):
        assert curve.sel(statistic=statistic).values == pytest.approx(wanted, rel=1e-4)
    spread = found.trajectory.sel(arm="factual", level="individual")
    assert (spread.sel(statistic="upper") > 1.5 * spread.sel(statistic="lower")).all()


def test_a_knock_out_leaves_the_drug_in() -> None:
    found = done({"CL": Scaled(factor=0.0)}).endpoint_draws.sel(arm="counterfactual")
    assert found.sel(endpoint="Ctau").values == pytest.approx(
        found.sel(endpoint="Cmax").values, rel=1e-4
    )


def test_a_ratio_to_nothing_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    """Before its dose the concentration is 0, and so is Cmin: it has no ratio, the others have."""
    with caplog.at_level("WARNING"):
        found = ratio(
            done({"CL": Scaled(factor=0.5)}, regimen=pq.Dose(amount=100, to="iv", time=6))
        )
    missing = np.isnan(found.endpoint_change.sel(statistic="median"))
    assert list(found.endpoint.values[missing]) == ["Cmin"]
    said = [r.getMessage() for r in caplog.records]
    assert said == ["Cmin has no ratio: it is 0 with or without the intervention"]


@pytest.mark.parametrize(("first", "warned"), [(0.0, True), (0.5, False)])
def test_a_time_at_a_bolus_is_warned_of(
    caplog: pytest.LogCaptureFixture, first: float, warned: bool
) -> None:
    times = np.array([first, 6.0, 12.0])
    with caplog.at_level("WARNING"):
        done({"CL": Scaled(factor=0.5)}, times=times)
    said = [r.getMessage() for r in caplog.records]
    assert any("before the dose: AUC, Cmax and Cmin lack" in text for text in said) == warned


def test_a_ratio_says_which_subjects_it_leaves_out() -> None:
    values = np.ones((2, 4, 5, 4))
    values[0, 0, :, 2] = 0.0  # Ctau of one draw in four
    found = xr.Dataset(
        {"endpoint_draws": (("arm", "draw", "subject", "endpoint"), values)},
        coords={"endpoint": ["AUC", "Cmax", "Ctau", "Cmin"]},
    )
    (sentence,) = explain_missing_ratios(found)
    assert sentence.startswith("Ctau: its ratio leaves out 25.0% of the subjects")


@pytest.mark.parametrize(
    ("do", "message"),
    [
        ({"cp": 1.0}, "do.cp: an output is an effect"),
        ({"A": 0.0}, "do.A: a state follows from its equation"),
        ({"CLL": 1.0}, "did you mean CL"),
        ({"CL": float("nan")}, "cannot be set"),
        ({"CL": Scaled(factor=-1.0)}, "not negative"),
        ({"dose": 100.0}, "not a regimen"),
        ({"WT": "heavy"}, "no level"),
        ({}, "do: it is empty"),
    ],
)
def test_what_is_no_intervention_is_refused(do: dict, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        done(do)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(CheckError) as caught:
        done({"cp": 1.0, "A": 0.0})
    assert [issue.where for issue in caught.value.issues] == ["do.cp", "do.A"]
