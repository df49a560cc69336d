"""Simulation of studies: parameters, covariates, units, sensitivities, failures."""

import math

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model

BOLUS = pq.Dose(amount=100, to="iv")


def test_typical_values_follow_the_covariates() -> None:
    """CL = 3 (WT/70)^0.75 and V = 30 WT/70, so that C(0) = D / V."""
    study = pq.regimen(BOLUS, [0, 2], subjects=2, covariates={"WT": [70.0, 35.0]})
    result = pq.simulate(pq.load_model("one-compartment"), study)
    first = result.cp.to_numpy()[[1, 4]]
    assert first == pytest.approx([100 / 30, 100 / 15])
    clearance = result.individual.sel(parameter="CL").to_numpy()
    assert clearance == pytest.approx([3, 3 * 0.5**0.75])
    assert result.cp.attrs["units"] == "mg/L"


def test_a_table_gives_individual_values_as_they_are() -> None:
    study = pq.regimen(BOLUS, [1], subjects=["a", "b"], covariates={"WT": 20})
    values = {"CL": [2, 4], "V": [20, 10], "ka": 1, "tlag": 0.1, "F": 1, "D": 1}
    table = pd.DataFrame({"ID": ["b", "a"], **values})
    result = pq.simulate(pq.load_model("one-compartment"), study, parameters=table)
    expected = [100 / 10 * math.exp(-0.4), 100 / 20 * math.exp(-0.1)]
    assert result.cp.to_numpy()[[1, 3]] == pytest.approx(expected, rel=1e-5)


def test_units_of_the_study_are_those_of_the_model() -> None:
    """A dose in g and times in min."""
    study = pq.regimen(
        pq.Dose(amount=0.1, to="iv"),
        [0, 60],
        covariates={"WT": 70},
        units={"AMT": "g", "TIME": "min"},
    )
    result = pq.simulate(pq.load_model("one-compartment"), study)
    assert result.cp.to_numpy()[-1] == pytest.approx(100 / 30 * math.exp(-0.1), rel=1e-5)
    assert result.TIME.to_numpy()[-1] == pytest.approx(1)


def test_sensitivities_agree_with_differences() -> None:
    model = pq.load_model("one-compartment")
    study = pq.regimen(pq.Dose(amount=100, to="oral"), [0.5, 2, 8], covariates={"WT": 70})
    options = pq.SolverSettings(rtol=1e-10, atol=1e-10)
    result = pq.simulate(model, study, options=options, sensitivities=True)
    assert "F" not in result.parameter, "a known number has no derivative"
    for name in ("CL", "V", "ka", "tlag"):
        value = float(result.individual.sel(parameter=name)[0])
        step = 1e-4 * value
        ends = [
            pq.simulate(model, study, options=options, parameters={name: v}).cp.to_numpy()
            for v in (value - step, value + step)
        ]
        exact = result.d_cp.sel(parameter=name).to_numpy()
        np.testing.assert_allclose(exact, (ends[1] - ends[0]) / (2 * step), rtol=1e-5, atol=1e-7)


def test_constants_can_be_set() -> None:
    text = """
title = "decay"
equations = "d(A)/dt = -k * A; A(0) = 10"
[parameters]
k = { value = 0.1, unit = "1/h" }
[observe.A_out]
value = "A"
"""
    study = pq.regimen([], [0, 1])
    result = pq.simulate(parse_model(text), study, parameters={"k": 0.5})
    assert float(result.A_out[1]) == pytest.approx(10 * math.exp(-0.5), rel=1e-5)


def test_a_failed_solve_is_a_value_with_its_reason() -> None:
    study = pq.regimen(BOLUS, [1, 1000], covariates={"WT": 70})
    options = pq.SolverSettings(max_steps=2)
    result = pq.simulate(pq.load_model("one-compartment"), study, options=options)
    assert "step" in str(result.reason[0].item())
    assert np.isnan(result.cp.to_numpy()).any()


def test_all_problems_of_parameters_are_reported_together() -> None:
    study = pq.regimen(BOLUS, [1], covariates={"WT": 70})
    bad = {"CL": -1.0, "V": math.nan, "clearance": 3.0}
    with pytest.raises(pq.CheckError) as caught:
        pq.simulate(pq.load_model("one-compartment"), study, parameters=bad)
    text = str(caught.value)
    assert all(part in text for part in ("CL is -1", "V is nan", "no such parameter"))


def test_a_subject_without_parameters_is_named() -> None:
    study = pq.regimen(BOLUS, [1], subjects=2, covariates={"WT": 70})
    table = pd.DataFrame({"ID": ["1"], "CL": 1.0})
    with pytest.raises(pq.CheckError) as caught:
        pq.simulate(pq.load_model("one-compartment"), study, parameters=table)
    assert "ID 2" in str(caught.value)
    assert "parameters.V" in str(caught.value)


def test_a_covariate_can_be_held_fixed() -> None:
    study = pq.regimen(BOLUS, [0], subjects=2, covariates={"WT": [70.0, 140.0]})
    result = pq.simulate(pq.load_model("one-compartment"), study, covariates={"WT": 35})
    assert result.cp.to_numpy()[[1, 3]] == pytest.approx([100 / 15] * 2)


def test_known_numbers_can_be_set_for_all_or_for_each() -> None:
    model = pq.load_model("one-compartment")
    study = pq.regimen(
        pq.Dose(amount=100, to="oral"), [2], subjects=["a", "b"], covariates={"WT": 70}
    )
    whole = pq.simulate(model, study).cp.to_numpy()
    half = pq.simulate(model, study, parameters={"F": 0.5}).cp.to_numpy()
    assert half == pytest.approx(whole / 2, abs=1e-6)
    values = {"CL": 3, "V": 30, "ka": 1.5, "tlag": 0.1, "F": [1, 0.25]}
    each = pd.DataFrame({"ID": ["a", "b"], **values})
    shares = pq.simulate(model, study, parameters=each).cp.to_numpy()
    assert shares[[1, 3]] == pytest.approx(whole[[1, 3]] * [1, 0.25], abs=1e-6)
    with pytest.raises(pq.CheckError):
        pq.simulate(model, study, parameters={"F": math.nan})


def test_deviations_of_occasions() -> None:
    """CL doubles in the second occasion: the concentration falls twice as fast from then on."""
    text = """
title = "occasions"
equations = "d(A)/dt = -k * A; A(0) = 10"
[population]
k = { typical = 0.1, iov = "lognormal" }
[observe.A_out]
value = "A"
"""
    study = pq.regimen([], [0, 1, 3])
    study = pq.Study(table=study.table.assign(OCC=["1", "2", "2"]))
    table = pd.DataFrame({"ID": ["1"], "k": [0.1], "kappa[k,2]": [math.log(2)]})
    result = pq.simulate(parse_model(text), study, parameters=table)
    expected = 10 * np.exp([0, -0.1, -0.5])
    assert result.A_out.to_numpy() == pytest.approx(expected, rel=1e-5)
    typical = pq.simulate(parse_model(text), study)
    assert typical.A_out.to_numpy() == pytest.approx(10 * np.exp([0, -0.1, -0.3]), rel=1e-5)


def test_a_covariate_that_changes_affects_the_typical_value() -> None:
    text = """
title = "inflammation"
[covariates]
CRP = { unit = "mg/L", interpolation = "locf" }
[equations]
text = "d(A)/dt = -k * A; A(0) = 10"
[population]
k = { typical = 0.1, unit = "1/h", covariates = { CRP = "power(-0.5, 5)" } }
[observe.A_out]
value = "A"
"""
    study = pq.regimen([], [0, 1, 3], covariates={"CRP": 5.0})
    study = pq.Study(table=study.table.assign(CRP=[5.0, 20.0, 20.0]), covariates=("CRP",))
    result = pq.simulate(parse_model(text), study)
    expected = 10 * np.exp([0, -0.1, -0.1 - 2 * 0.05])
    assert result.A_out.to_numpy() == pytest.approx(expected, rel=1e-5)


def test_columns_of_the_study_feed_lag_bioavailability_and_duration() -> None:
    """Against closed forms: a bolus that enters late and in part; an infusion (RATE = -2)."""
    text = """
title = "dosing by columns"
equations = { text = "d(A)/dt = -k * A", units = { A = "mg" } }
[parameters]
k = { value = 0.1, unit = "1/h" }
[covariates]
TLAG = "h"
FREL = ""
DUR = "h"
[dose.late]
to = "A"
lag = "TLAG"
bioavailability = "FREL"
[dose.slow]
to = "A"
duration = "DUR"
[observe.amount]
value = "A"
unit = "mg"
"""
    table = pd.DataFrame(
        {
            "ID": [1] * 4 + [2] * 4,
            "TIME": [0, 0.5, 3, 6] * 2,
            "AMT": [100, 0, 0, 0] * 2,
            "RATE": [0] * 4 + [-2, 0, 0, 0],
            "EVID": [1, 0, 0, 0] * 2,
            "CMT": ["late"] * 4 + ["slow"] * 4,
            "TLAG": [2.0] * 8,
            "FREL": [0.5] * 8,
            "DUR": [4.0] * 8,
        }
    )
    result = pq.simulate(parse_model(text), pq.study_from_frame(table))
    late = [0, 0, 50 * math.exp(-0.1), 50 * math.exp(-0.4)]
    filled = [250 * (1 - math.exp(-0.1 * t)) for t in (0, 0.5, 3, 4)]
    slow = [*filled[:3], filled[3] * math.exp(-0.2)]
    np.testing.assert_allclose(result.amount, [*late, *slow], rtol=1e-5, atol=1e-9)
