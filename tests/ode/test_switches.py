"""Which conditions of a model file have a break point, and what `check` says of the others."""

import pytest

from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model


def model(equations: str, covariate: str = "") -> ModelSpec:
    text = f'title = "conditions"\nequations = """\n{equations}\n"""\n'
    text += "[parameters]\nk = 1\nq = 2\n"
    text += '[observe.x]\nvalue = "x + k + q"\nerror = "additive"\n'
    return parse_model(text + covariate)


def issues(equations: str) -> list[Issue]:
    return check_model(model(equations))


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("t > 24", 1),
        ("t > 24 and t < 26", 2),
        ("t > 24 or not (t <= 24)", 1),
        ("2 * t / q + k > 3 * (t - q)", 1),
        ("3 < t < 5 or 7 < t < 9", 4),
        ("max(t, 5) > q * min(t, 7)", 6),
    ],
)
def test_conditions_on_time_become_switches(condition: str, count: int) -> None:
    found = compile_model(model(f"d(x)/dt = (1 if {condition} else 0) - k * x")).lowered
    assert issues(f"d(x)/dt = (1 if {condition} else 0) - k * x") == []
    assert len(found.switches) <= count
    assert found.autonomous
    assert found.linear


@pytest.mark.parametrize("name", ["WT", "AGE"])
def test_covariates_that_are_lines_over_time(name: str) -> None:
    text = f'[covariates]\n{name} = {{ unit = "kg", interpolation = "linear" }}\n'
    lowered = compile_model(model(f"d(x)/dt = (1 if {name} > q + t else 0) - k * x", text)).lowered
    assert len(lowered.switches) == 1
    assert lowered.autonomous


@pytest.mark.parametrize(
    "condition",
    ["sin(t) > 0.5", "t^2 > q", "exp(-k * t) < 0.1", "t == 5", "(t - 54) * (t - 54.02) < 0",
     "t^2 > 1e8", "log(t + 1) > 9", "t^2 - 50 * t + 624 < 0", "exp(-(t - 25)^2) > 0.5"],
)  # fmt: skip
def test_jumps_without_a_single_break_point_are_refused(condition: str) -> None:
    (found,) = issues(f"d(x)/dt = (1 if {condition} else 0) - k * x")
    assert found.severity == "error"
    assert "locf" in found.remedy or "==" in condition


@pytest.mark.parametrize(
    "rate", ["1 if x > q else 0", "x if (x > 3 and t > q) else k", "x * (2 if x < k else 1)"]
)
def test_jumps_that_depend_on_states_are_warned_of(rate: str) -> None:
    (found,) = issues(f"d(x)/dt = {rate}")
    assert found.severity == "warning"
    assert "derivatives by parameters lack" in found.what


@pytest.mark.parametrize(
    "rate",
    [
        "max(0, cos(t)) - k * x",
        "max(0, x - q) - k * min(x, q, 3)",
        "(log(x / q) if x > q else 0) - x",
        "abs(x - t)",
        "(x - 1)^0.5 if x > 1 else 0",
        "q if x > 1 else q * x^2",
    ],
)
def test_kinks_are_no_jumps(rate: str) -> None:
    assert issues(f"d(x)/dt = {rate}") == []


@pytest.mark.parametrize("interpolation", ["locf", "linear"])
@pytest.mark.parametrize("condition", ["t^2 > W*t", "t == W", "A > W"])
def test_conditions_are_told_in_the_words_of_the_file(condition: str, interpolation: str) -> None:
    spec = parse_model(f"""
title = "x"
covariates = {{ W = {{ unit = "h", interpolation = "{interpolation}" }} }}
equations = {{ text = "d(A)/dt = -k * A * piecewise(1, {condition}, 2)" }}
population = {{ k = {{ typical = 1 }} }}
observe = {{ a = {{ value = "A" }} }}
""")
    (found,) = [i.what for i in check_model(spec) if "condition" in i.what or "jumps" in i.what]
    assert condition in found
    assert "@" not in found
