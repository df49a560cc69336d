"""Subjects outside the ranges of the formulas of a body are refused, with subject and value."""

import pandas as pd
import pytest

from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.domain import domain_issues
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec.reading.toml import parse_model
from pkqsp_bayes.study.read import study_from_frame
from pkqsp_bayes.study.study import Study
from tests.ode.checking import check_model

BODY = """
title = "a body of the library"
[drug]
name = "x"
fup = 0.1
BP = 1
logP = 1
[body]
species = "{species}"
source = "{source}"
subset = ["liver"]
[body.covariates]
{covariates}
[partition]
method = "pksim"
[elimination.liver]
CLint = 1
driving = "unbound"
[dose.iv]
to = "venous"
[observe.cp]
value = "venous.Cp"
"""
WT = 'WT = {{ unit = "kg", reference = {0} }}'.format
PERSON = """
WT = { unit = "kg", reference = 73 }
HT = { unit = "cm", reference = 176 }
AGE = { unit = "year", reference = 30 }
SEX = { reference = 1, levels = { female = 0, male = 1 } }
"""


def body(covariates: str, species: str = "human", source: str = "icrp89") -> str:
    return BODY.format(species=species, source=source, covariates=covariates)


def study(**columns: object) -> Study:
    """Return one dose and one sample a subject, for each value of the covariates."""
    size = len(next(iter(columns.values())))
    rows = pd.DataFrame({
        "ID": [str(i + 1) for i in range(size) for _ in range(2)],
        "TIME": [0.0, 1.0] * size, "AMT": [1.0, 0.0] * size, "EVID": [1, 0] * size,
        "CMT": ["iv", "."] * size,
        **{name: [v for v in values for _ in range(2)] for name, values in columns.items()},
    })  # fmt: skip
    return study_from_frame(rows)


@pytest.fixture(scope="module")
def adult() -> CompiledModel:
    return compile_model(parse_model(body(WT(73))))


@pytest.fixture(scope="module")
def person() -> CompiledModel:
    return compile_model(parse_model(body(PERSON)))


def complaints(model: CompiledModel, table: Study) -> list[str]:
    with pytest.raises(CheckError) as caught:
        subject_timelines(model, table)
    return [f"{i.where}: {i.what}" for i in caught.value.issues]


def test_an_adults_body_at_the_weight_of_a_newborn(adult: CompiledModel) -> None:
    found = complaints(adult, study(WT=[1, 73, 3]))
    assert len(found) == 2
    assert "subject 1: body.WT: WT is 1, outside 36.5" in found[0]
    assert "subject 3: body.WT: WT is 3" in found[1]


def test_adults_of_any_size_pass(adult: CompiledModel) -> None:
    assert len(subject_timelines(adult, study(WT=[41, 73, 130]))) == 3


def test_the_heaviest_need_a_height(adult: CompiledModel, person: CompiledModel) -> None:
    """Without one the height follows from the weight, and would be 2.8 m."""
    assert "WT is 190" in complaints(adult, study(WT=[190]))[0]
    assert len(subject_timelines(person, study(WT=[190], HT=[176], AGE=[30], SEX=[1]))) == 1


def test_many_subjects_are_counted(adult: CompiledModel) -> None:
    found = complaints(adult, study(WT=[1.0] * 30))
    assert len(found) == 6
    assert "25 more subjects" in found[-1]


@pytest.mark.parametrize(
    ("covariates", "what"),
    [
        ({"WT": 3.5, "HT": 51, "AGE": 0, "SEX": 1}, ""),
        ({"WT": 22, "HT": 120, "AGE": 7, "SEX": 0}, ""),
        ({"WT": 80, "HT": 180, "AGE": 100, "SEX": 1}, ""),
        ({"WT": 1.0, "HT": 36, "AGE": 0, "SEX": 1}, "WT is 1"),
        ({"WT": 70, "HT": 80, "AGE": 1, "SEX": 1}, "WT is 70"),
        ({"WT": 73, "HT": 1.76, "AGE": 30, "SEX": 1}, "HT is 1.76"),
        ({"WT": 73, "HT": 176, "AGE": 130, "SEX": 1}, "AGE is 130"),
        ({"WT": 3.0, "HT": 50, "AGE": -0.1, "SEX": 1}, "AGE is -0.1"),
        ({"WT": 10, "HT": 75, "AGE": 30, "SEX": 0}, "WT is 10"),
    ],
)
def test_subjects_of_every_age(
    person: CompiledModel, covariates: dict[str, float], what: str
) -> None:
    table = study(**{name: [value] for name, value in covariates.items()})
    if what:
        assert what in complaints(person, table)[0]
    else:
        assert len(subject_timelines(person, table)) == 1


def test_a_weight_that_leaves_the_range_on_the_way() -> None:
    moving = 'WT = { unit = "kg", interpolation = "locf", reference = 73 }'
    model = compile_model(parse_model(body(moving)))
    table = study(WT=[73, 73])
    table.table.loc[3, "WT"] = 10.0
    assert "subject 2: body.WT: WT is 10" in complaints(model, table)[0]


@pytest.mark.parametrize(
    ("species", "source", "usual", "wrong"),
    [
        ("rat", "brown1997", 0.25, 70.0),
        ("mouse", "brown1997", 0.025, 0.25),
        ("dog", "davies-morris1993", 10.0, 0.3),
        ("monkey", "davies-morris1993", 5.0, 70.0),
    ],
)
def test_an_animal_has_the_weight_of_its_kind(
    species: str, source: str, usual: float, wrong: float
) -> None:
    assert not [i for i in check_model(parse_model(body(WT(usual), species, source)))
                if i.severity == "error"]  # fmt: skip
    found = check_model(parse_model(body(WT(wrong), species, source)))
    assert any(i.where == "body.WT" and f"WT is {wrong:g}" in i.what for i in found)


POOLS = """
title = "organs by formulas of one's own"
[drug]
name = "x"
fup = "FUP"
BP = 1
[body]
cardiac_output = "6 * WT - 60"
haematocrit = "HCT"
[body.covariates]
WT = { unit = "kg", reference = 70 }
FUP = { reference = 0.1 }
HCT = { reference = 0.45 }
[pools.blood]
volume = "0.08 * WT"
[organs.liver]
volume = "0.03 * WT - 0.3"
flow = "0.25 * CO"
Kp = 1
[organs.rest]
volume = "0.8 * WT"
flow = "balance"
Kp = 1
[elimination.liver]
CLint = 1
driving = "unbound"
[dose.iv]
to = "blood"
[observe.cp]
value = "blood.Cp"
[observe.hct]
value = "Hct"
"""


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [("WT", 5.0, "CO is -30"), ("FUP", 1.4, "fup is 1.4"), ("HCT", 45.0, "Hct is 45")],
)
def test_formulas_of_ones_own_make_no_impossible_body(column: str, value: float, what: str) -> None:
    model = compile_model(parse_model(POOLS))
    usual = {"WT": [70.0], "FUP": [0.1], "HCT": [0.4]}
    assert domain_issues(model, subject_timelines(model, study(**usual)), source="x") == []
    found = complaints(model, study(**{**usual, column: [value]}))
    assert what in found[0]
    assert f"{column} = {value:g}" in found[0]
