"""States in units of their own: the remedy names what makes the model right."""

import re

import numpy as np
import pandas as pd
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec import parse_model

MODEL = """
title = "one state"
{top}
[drug]
name = "x"
MW = 500
[equations]
text = "d(A)/dt = -k * A"
units = {{ A = "{unit}" }}
drug = {{ A = {drug} }}
eliminated = "{eliminated}"
[dose.iv]
to = "A"
[population]
k = {{ typical = 0.5, unit = "1/h" }}
{volume}
[observe.a]
value = "A"
unit = "{unit}"
error = "additive"
"""
TABLE = pd.DataFrame({"ID": 1, "TIME": [0.0, 3.0], "AMT": [100.0, 0.0], "DV": [None, 1.0]})


def model_of(unit: str, **parts: str) -> pq.ModelSpec:
    given = {"top": "", "drug": "1", "eliminated": "k * A", "volume": "", **parts}
    return parse_model(MODEL.format(unit=unit, **given))


def errors(model: pq.ModelSpec) -> list[Issue]:
    return [issue for issue in pq.check(model) if issue.severity == "error"]


@pytest.mark.parametrize(
    ("unit", "per_mg"),
    [("umol", 2.0), ("nmol", 2000.0), ("ug", 1000.0), ("g", 1e-3), ("mmol", 2e-3)],
)  # fmt: skip
def test_the_remedy_for_an_amount_names_amount_unit_and_works(unit: str, per_mg: float) -> None:
    (issue,) = errors(model_of(unit))
    found = re.search(r'amount_unit = "[^"]+"', issue.remedy)
    assert found
    model = model_of(unit, top=found[0])
    assert pq.check(model) == []
    study = pq.study_from_frame(TABLE, units={"AMT": "mg"})
    assert pq.check(model, study) == []
    value = float(pq.simulate(model, study).a.to_numpy().ravel()[-1])
    # 100 mg of 500 g/mol are 200 umol; the half of ln 2 / 0.5 h.
    assert value == pytest.approx(100 * per_mg * np.exp(-1.5), rel=1e-5)


def test_two_amounts_in_different_units() -> None:
    text = MODEL.replace('text = "', 'text = "d(B)/dt = k * A / 1000 - k * B\\n').replace(
        '{{ A = "{unit}" }}', '{{ A = "ug", B = "mg" }}'
    )
    given = {"top": "", "volume": "", "eliminated": "k * B", "unit": "ug"}
    both = text.replace("{{ A = {drug} }}", "{{ A = {drug}, B = 1 }}")
    found = errors(parse_model(both.format(drug="1", **given)))
    (issue,) = [i for i in found if "drug in A" in i.where]
    said = re.search(r"or drug = \{ A = (\S+) \}", issue.remedy)
    assert said
    assert errors(parse_model(both.format(drug=said[1], **given))) == []


def test_the_remedy_for_a_concentration_names_the_volume() -> None:
    volume = 'V = { typical = 2, unit = "L" }'
    (issue,) = errors(model_of("mg/L"))
    assert 'drug = { A = "V" }' in issue.remedy
    assert pq.check(model_of("mg/L", drug='"V"', eliminated="k * A * V", volume=volume)) == []
