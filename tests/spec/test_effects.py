"""Powers of covariates relative to references that are not positive are refused."""

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.spec.reading.toml import parse_model

MODEL = """
title = "a power"
[covariates]
X = {{ {covariate} }}
[equations]
text = "d(A)/dt = -CL * A"
[dose.iv]
to = "A"
[observe.A]
value = "A"
[population.CL]
typical = 1.0
covariates = {{ X = "{effect}" }}
"""


@pytest.mark.parametrize(
    ("covariate", "effect", "what"),
    [
        ("reference = 1", "power(0.75, 0)", "its reference 0"),
        ("reference = 1", "power(0.75, -70)", "its reference -70"),
        ("reference = 0", "power(0.75)", "its reference 0"),
        ("reference = 1", "power(normal(0.75, 0.1), 0)", "its reference 0"),
        ("reference = 1, lower = -5", "power(0.75)", "may be -5"),
    ],
)
def test_a_power_over_nothing_is_refused(covariate: str, effect: str, what: str) -> None:
    with pytest.raises(pq.CheckError, match=what):
        parse_model(MODEL.format(covariate=covariate, effect=effect))


@pytest.mark.parametrize("effect", ["power(0.75, 70)", "linear(0.01, 0)", "exponential(0.1, 0)"])
def test_other_references_pass(effect: str) -> None:
    parse_model(MODEL.format(covariate="reference = 1", effect=effect))


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_a_power_of_a_value_that_is_not_positive_names_the_subject(value: float) -> None:
    model = compile_model(
        parse_model(MODEL.format(covariate="reference = 1", effect="power(0.75)"))
    )
    study = pq.regimen(pq.Dose(amount=1, to="iv"), [1, 2], covariates={"X": value})
    with pytest.raises(pq.CheckError, match=f"X is {value:g}, and a power of it is not defined"):
        subject_timelines(model, study)
