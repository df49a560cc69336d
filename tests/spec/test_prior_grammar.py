"""Priors and covariate effects as text."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkqsp_bayes.spec import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import FAMILIES, PriorError, parse_effect, parse_prior
from tests.spec.strategies import priors


@pytest.mark.parametrize(
    ("text", "family", "args"),
    [
        ("lognormal(log(20), 0.5)", "lognormal", (math.log(20), 0.5)),
        ("normal(-1, 2^-1)", "normal", (-1, 0.5)),
        ("half_cauchy(0.5)", "half_cauchy", (0, 0.5)),
        ("half_cauchy(0, 0.5)", "half_cauchy", (0, 0.5)),
        ("uniform(sqrt(4), 10 / (1 + 1))", "uniform", (2, 5)),
        ("normal(logit(0.5) + log10(100), exp(0))", "normal", (2, 1)),
        ("from_qsp", "from_qsp", ()),
    ],
)
def test_priors_are_parsed(text: str, family: str, args: tuple[float, ...]) -> None:
    prior = parse_prior(text)
    assert prior.family == family
    assert prior.args == pytest.approx(args)
    assert str(prior) == text


@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(priors())
def test_priors_survive_the_round_trip(prior: PriorSpec) -> None:
    assert parse_prior(str(prior)) == prior


HOSTILE = [
    "", "lognormal", "lognormal()", "lognormal(1)", "lognormal(1, 2, 3)", "lognormal(1, sd=2)",
    "lognormal(*[1, 2])", "lognormal(**{})", "lognormal(1, 0)", "lognormal(1, -1)",
    "uniform(2, 1)", "uniform(1, 1)", "normal(1/0, 1)", "normal(log(-1), 1)", "normal(log(0), 1)",
    "normal(9^9^9^9, 1)", "normal(10^400, 1)", "normal((-8)^(1/3), 1)", "normal(True, 1)",
    "normal('a', 1)", "normal(1j, 1)", "__import__('os')", "os.system('x')", "lambda: 1",
    "normal(x, 1)", "normal(normal(0, 1), 1)", "[1]", "1", "normal(" + "(" * 300 + "1",
    "normal(" + "-" * 400 + "1, 1)", "normal(1, 1)\nnormal(1, 1)", "a := 1", "f'{1}'",
    "mixture(2, normal(0, 1), normal(0, 2))", "mixture(0.5, normal(0, 1))", "mixture",
    "mixture(0.5, normal(0, 1), lognormal(0, 1))", "mixture(0.5, lkj(1), lkj(2))",
    "mixture(0.5, half_cauchy(1, 1), exponential(1))", "mixture(0.5, normal(0, 1), w = 2)",
    "mixture(0.5, normal(0, 1), mixture(0.5, normal(0, 1), normal(0, 2)))",
    "mixture(0.5, uniform(0, 1), uniform(0, 2))", "mixture(x, normal(0, 1), normal(0, 2))",
    "n\u043ermal(0, 1)", "normal(0, 1)\0", "x" * 501, "exp(1)", "normal(exp(1000), 1)",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_bad_priors_are_refused(text: str) -> None:
    with pytest.raises(PriorError) as caught:
        parse_prior(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    ["power", "power()", "power(1, 2, 3)", "power(x)", "categorical()", "categorical(1)",
     "categorical(a = x)", "linear(a = 1)", "cubic(1)", "power(lognormal(1), 2)", "power(1, inf)"],
)  # fmt: skip
def test_bad_effects_are_refused(text: str) -> None:
    with pytest.raises(PriorError):
        parse_effect(text)


def test_effects_are_parsed() -> None:
    effect = parse_effect("power(normal(0.75, 0.1), 70)")
    assert effect.coefficient == PriorSpec(family="normal", args=(0.75, 0.1))
    assert effect.reference == 70
    levels = parse_effect("categorical(poor = normal(0, 1), fast = 0.3)").levels
    assert levels == {"poor": PriorSpec(family="normal", args=(0.0, 1.0)), "fast": 0.3}


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(st.text(st.sampled_from("nolgam(),.0123^*/- _=\"'[]{}:e"), max_size=40))
def test_random_text_is_a_prior_or_refused(text: str) -> None:
    try:
        prior = parse_prior(text)
    except PriorError:
        return
    assert prior.family in FAMILIES
