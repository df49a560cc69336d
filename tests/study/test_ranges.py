"""Covariates outside the range that a model states, or that nature allows."""

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import format_model, parse_model

TEXT = """
title = "Clearance by weight"
[covariates]
WT = { unit = "kg", reference = 70, lower = 30, upper = 150 }
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population]
CL = { typical = 3, unit = "L/h", covariates = { WT = "power(0.75, 70)" } }
V = { typical = 30, unit = "L" }
[observe.cp]
value = "A / V"
unit = "mg/L"
"""


def study(weights: list[float], unit: str = "kg") -> pq.Study:
    subjects = len(weights)
    table = pd.DataFrame(
        {
            "ID": np.repeat(np.arange(1, subjects + 1), 2),
            "TIME": [0.0, 1.0] * subjects,
            "AMT": [100.0, 0.0] * subjects,
            "EVID": [1, 0] * subjects,
            "DV": np.nan,  # the model has no residual error
            "WT": np.repeat(weights, 2),
        }
    )
    return pq.study_from_frame(table, units={"WT": unit})


def told(model: pq.ModelSpec, table: pq.Study) -> list[str]:
    return [str(issue) for issue in pq.check(model, table)]


def test_values_in_range_pass() -> None:
    assert told(parse_model(TEXT), study([30, 70, 150])) == []


def test_each_row_outside_the_range_is_reported() -> None:
    issues = told(parse_model(TEXT), study([70, 29, 151]))
    assert len(issues) == 4
    assert "row 3, column WT: it is 29 kg, outside the range of the model (30 to 150" in issues[0]
    assert "covariates.WT.lower" in issues[0]
    assert "it is 151 kg" in issues[2]
    assert "covariates.WT.upper" in issues[2]


def test_the_range_is_in_the_models_unit() -> None:
    issues = told(parse_model(TEXT), study([70_000, 20_000], "g"))
    assert len(issues) == 2
    assert "it is 20 kg" in issues[0]


@pytest.mark.parametrize("weight", [0.0, -70.0])
def test_a_weight_must_be_positive_even_without_a_range(weight: float) -> None:
    model = parse_model(TEXT.replace(", lower = 30, upper = 150", ""))
    issues = told(model, study([70, weight]))
    assert len(issues) == 2
    assert f"it is {weight:g} kg, which is not possible" in issues[0]


def test_a_range_on_one_side() -> None:
    model = parse_model(TEXT.replace("lower = 30, ", ""))
    assert told(model, study([1, 150])) == []
    assert "(at most 150 kg)" in told(model, study([151]))[0]


def test_a_time_varying_covariate_is_held_to_it_too() -> None:
    model = parse_model(TEXT.replace("reference = 70", 'interpolation = "linear"'))
    table = study([70, 70]).table.copy()
    table.loc[3, "WT"] = 200
    issues = told(model, pq.study_from_frame(table.drop(columns="ROW"), units={"WT": "kg"}))
    assert [i for i in issues if "it is 200 kg" in i]


def test_the_range_goes_through_toml() -> None:
    model = parse_model(TEXT)
    assert model.covariates["WT"].upper == 150
    assert parse_model(format_model(model)) == model


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("lower = 30", "lower = 200", "lower is 200 and upper is 150"),
        ("reference = 70", "reference = 20", "the reference 20 is out"),
        ("reference = 70", "category = true", "a category does not have a range"),
    ],
)
def test_ranges_that_mean_nothing_are_refused(old: str, new: str, what: str) -> None:
    text = TEXT.replace(old, new).replace('unit = "kg", category', "category")
    with pytest.raises(pq.CheckError, match=what):
        parse_model(text)
