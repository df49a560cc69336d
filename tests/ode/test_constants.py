"""Functions of numbers are worked out beforehand, or refused where they have no value."""

import math

import pytest

from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model

MODEL = """
title = "functions of numbers"
equations = "d(A)/dt = -k * A; A(0) = {initial}; k = {k}"
[parameters]
c = 2
z = 0
m = -1
q = "{q}"
[dose.d]
to = "A"
{dose}
[observe.y]
value = "{y}"
"""


def text(k="1", initial="1", q="1", dose="", y="A") -> str:
    return MODEL.format(k=k, initial=initial, q=q, dose=dose, y=y)


@pytest.mark.parametrize(
    ("k", "q", "value"),
    [
        ("log(2) / c", "1", math.log(2) / 2),
        ("log(c)^0.3 * exp(-c)", "1", math.log(2) ** 0.3 * math.exp(-2)),
        ("log10(c) / log2(3)", "1", math.log10(2) / math.log2(3)),
        ("sin(c) * cos(c) + tanh(sqrt(c))", "1", math.sin(2) * math.cos(2) + math.tanh(2**0.5)),
        ("max(log(c), exp(c), c^0.5)", "1", math.exp(2)),
        ("abs(log(c) - 2)", "1", 2 - math.log(2)),
        ("q + sqrt(3)", "exp(log(2) / c)", math.exp(math.log(2) / 2) + math.sqrt(3)),
        ("log(m) if m > 0 else exp(1)", "1", math.e),
        ("1 / z if z > 0 else log(3)", "1", math.log(3)),
    ],
)
def test_a_rate_constant_of_numbers(k: str, q: str, value: float) -> None:
    lowered = compile_model(parse_model(text(k=k, q=q))).lowered
    (entry,) = lowered.rhs.by_state
    assert float(entry.expr) == pytest.approx(-value, rel=1e-14)


@pytest.mark.parametrize(
    ("place", "row"),
    [
        ({"initial": "exp(log(c)) * sqrt(2)"}, 2 * math.sqrt(2)),
        ({"initial": "log(3)"}, math.log(3)),
    ],
)
def test_an_initial_value_of_numbers(place: dict[str, str], row: float) -> None:
    lowered = compile_model(parse_model(text(**place))).lowered
    assert float(lowered.initial.values[0]) == pytest.approx(row, rel=1e-14)


@pytest.mark.parametrize("key", ["bioavailability", "lag", "rate", "duration"])
def test_a_dose_of_numbers(key: str) -> None:
    lowered = compile_model(parse_model(text(dose=f'{key} = "log(c) / log10(3)"'))).lowered
    at = ["factor", "bioavailability", "lag", "rate", "duration"].index(key)
    expected = math.log(2) / math.log10(3)
    assert float(lowered.doses.values[at]) == pytest.approx(expected, rel=1e-14)


def test_an_output_of_numbers() -> None:
    lowered = compile_model(parse_model(text(y="log(c)"))).lowered
    assert float(lowered.outputs.values[0]) == pytest.approx(math.log(2), rel=1e-14)


@pytest.mark.parametrize(
    "wrong",
    ["log(z)", "log(m)", "1 / z", "sqrt(m)", "z^m", "log(c - 2)", "exp(c^12 * 1)", "m^0.5",
     "log(m) * A if A < -1 else 1"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["k", "initial", "y"])
def test_what_has_no_value_is_refused(place: str, wrong: str) -> None:
    if place == "initial" and "A" in wrong:
        return
    model = text(**{place: wrong.replace("c^12", "(c + 3)^12")})
    found = [i for i in check_model(parse_model(model)) if i.severity == "error"]
    assert found
    assert "is not a finite number" in found[0].what
