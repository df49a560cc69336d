"""Starts on both scales: bounds of all kinds, there and back."""

import math

import numpy as np
import pytest

from pkqsp_bayes.program.priors.sampled import positive_vector, sampled_scalar
from pkqsp_bayes.program.program_inits import (
    InitialValue,
    constrain_point,
    unconstrained_point,
    unconstrained_widths,
)
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior


def test_there_and_back() -> None:
    inits = {
        "free": InitialValue(value=np.array(-1.5)),
        "above": InitialValue(value=np.array(3.0), low=1.0),
        "below": InitialValue(value=np.array(-3.0), high=1.0),
        "mixed": InitialValue(
            value=np.array([0.5, 0.5, 0.5]),
            low=np.array([0.0, 0.0, -math.inf]),
            high=np.array([math.inf, 2.0, 1.0]),
        ),
        "z": InitialValue(value=np.arange(6.0).reshape(2, 3)),
    }
    point = unconstrained_point(inits)
    expected = [-1.5, math.log(2), math.log(4), math.log(0.5), math.log(1 / 3), math.log(0.5)]
    assert point == pytest.approx([*expected, 0, 3, 1, 4, 2, 5]), "matrices go column by column"
    back = constrain_point(inits, point)
    for name, init in inits.items():
        np.testing.assert_allclose(back[name], init.value)


def test_elements_of_a_vector_have_the_bounds_of_their_priors() -> None:
    priors = [parse_prior(text) for text in ("half_normal(1)", "uniform(0.1, 2)", "normal(-1, 1)")]
    fragment = positive_vector("omega", [*priors, 0.3], ["a", "b", "c", "d"], "SD", drawn={})
    declared = (
        "vector<lower=[0.0, 0.1, 0.0]', upper=[positive_infinity(), 2.0, positive_infinity()]'>[3]"
    )
    assert fragment.program.parameters[0].startswith(declared)
    value = fragment.inits["omega_sampled"].value
    assert np.isfinite(unconstrained_point(fragment.inits)).all()
    assert value[1] == pytest.approx(1.05)


def test_a_start_that_lies_outside_gives_way_to_the_median() -> None:
    prior = parse_prior("normal(0, 1)")
    inside = sampled_scalar("b", prior, name="b", low=0.5, init=2.0)
    outside = sampled_scalar("b", prior, name="b", low=0.5, init=0.2)
    assert inside.inits["b"].value == 2
    assert outside.inits["b"].value > 0.5


@pytest.mark.parametrize(
    ("prior", "width"),
    [("normal(0, 0.01)", 0.01), ("lognormal(log(3), 0.25)", 0.25), ("logit_normal(0, 1)", 1.0)],
)
def test_a_start_is_as_wide_as_its_prior_unconstrained(prior: str, width: float) -> None:
    """A coefficient per year is known to 0.01: 0.3 from its centre is out of this world."""
    inits = {
        **sampled_scalar("x", parse_prior(prior), name="x").inits,
        "z": InitialValue(value=np.zeros(2)),
    }
    np.testing.assert_allclose(unconstrained_widths(inits), [width, np.inf, np.inf], rtol=0.01)
