"""Medians of priors against SciPy's quantiles, to the last digit."""

import math

import pytest
from scipy import special, stats

from pkqsp_bayes.spec.priors.distribution import prior_median
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior

FAMILIES = {
    "normal(-1.3, 0.7)": stats.norm(-1.3, 0.7),
    "normal(1e9, 1e-3)": stats.norm(1e9, 1e-3),
    "lognormal(0.1, 2)": stats.lognorm(2, scale=math.exp(0.1)),
    "lognormal(-7.3, 0.25)": stats.lognorm(0.25, scale=math.exp(-7.3)),
    "uniform(-0.3, 1.1)": stats.uniform(-0.3, 1.1 + 0.3),
    "uniform(2, 3)": stats.uniform(2, 1),
    "half_normal(2)": stats.halfnorm(scale=2),
    "exponential(3)": stats.expon(scale=1 / 3),
}


@pytest.mark.parametrize("text", FAMILIES)
def test_medians(text: str) -> None:
    found, exact = prior_median(parse_prior(text)), FAMILIES[text].ppf(0.5)
    exact_family = text.startswith(("normal", "lognormal", "uniform"))
    assert found == (exact if exact_family else pytest.approx(exact, rel=1e-14))


@pytest.mark.parametrize("mean", [-5.3, -1.0, -0.1, 0.0, 0.3, 0.847, 2.2, 9.7])
def test_medians_of_fractions(mean: float) -> None:
    found = prior_median(parse_prior(f"logit_normal({mean}, 0.4)"))
    assert found == special.expit(stats.norm(mean, 0.4).ppf(0.5))
