"""Priors as distributions, against SciPy and quadrature."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import integrate, stats

from pkqsp_bayes.spec.priors.distribution import discount_prior, distribution
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior

MIXED = "mixture(0.7, half_normal(0.5), lognormal(log(2), 0.4))"
TEXTS = ("lognormal(1, 0.5)", "half_cauchy(1, 2)", "logit_normal(0.4, 0.8)", "gamma(3, 2)", MIXED)


@pytest.mark.parametrize("text", [MIXED, "mixture(0.2, normal(0, 1), student_t(3, 0, 2))"])
def test_mixtures_survive_the_round_trip(text: str) -> None:
    prior = parse_prior(text)
    assert str(prior) == text
    assert parse_prior(str(dataclasses.replace(prior))) == prior


def test_a_mixture_is_the_weighted_sum() -> None:
    x = np.array([0.1, 0.5, 3.0])
    by_hand = 0.7 * stats.halfnorm(scale=0.5).pdf(x) + 0.3 * stats.lognorm(0.4, scale=2).pdf(x)
    np.testing.assert_allclose(np.exp(distribution(parse_prior(MIXED)).log_density(x)), by_hand)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("limits", [(-math.inf, math.inf), (0.2, 0.9)])
def test_density_quantile_and_probability_agree(text: str, limits: tuple[float, float]) -> None:
    law = distribution(parse_prior(text), *limits)
    p = np.array([0.05, 0.3, 0.5, 0.9])
    np.testing.assert_allclose(law.cdf(law.quantile(p)), p, rtol=1e-9)
    ends = law.quantile([0.3, 0.9])
    area, _ = integrate.quad(lambda x: math.exp(law.log_density(x)), *ends)
    assert area == pytest.approx(0.6, abs=1e-7)


def test_mass_within_bounds() -> None:
    assert distribution(parse_prior("normal(0, 1)"), 0, 1).mass() == pytest.approx(0.3413, abs=1e-4)
    assert distribution(parse_prior("half_normal(1)"), 0.0).mass() == pytest.approx(1)
    assert distribution(parse_prior("uniform(1, 2)"), 3, 4).mass() == 0


@pytest.mark.parametrize(
    "text",
    ["normal(1, 2)", "half_normal(2)", "student_t(7, 1, 2)", "gamma(3, 2)", "inv_gamma(3, 2)",
     "beta(2, 4)", "exponential(2)"],
)  # fmt: skip
def test_a_discount_is_the_power_of_the_density(text: str) -> None:
    prior = parse_prior(text)
    x = np.array([0.2, 0.5, 0.8])
    whole, part = (distribution(p).log_density(x) for p in (prior, discount_prior(prior, 0.4)))
    gap = part - 0.4 * whole
    np.testing.assert_allclose(gap, gap[0], atol=1e-10)


def test_a_discount_keeps_the_median_of_a_lognormal() -> None:
    prior = discount_prior(parse_prior("lognormal(1, 0.5)"), 0.25)
    assert prior.args == (1.0, 1.0)


@pytest.mark.parametrize("text", ["student_t(1, 0, 1)", "inv_gamma(0.5, 1)", "cauchy(0, 1)", MIXED])
def test_what_has_no_power_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="power"):
        discount_prior(parse_prior(text), 0.4)


@pytest.mark.parametrize("text", ["lkj(2)", "from_qsp"])
def test_a_prior_that_is_not_of_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a distribution"):
        distribution(parse_prior(text))
