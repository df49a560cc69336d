"""Priors as Stan text, against SciPy: the printed call means the density it should."""

import math
import re

import pytest
from scipy import stats

from pkqsp_bayes.program.priors.prior_text import (
    bounds_text,
    prior_bounds,
    prior_centre,
    prior_draw,
    prior_term,
)
from pkqsp_bayes.spec.priors.prior_grammar import FAMILIES, parse_prior

# Stan's densities by their documented definitions.
STAN = {
    "normal": stats.norm.logpdf,
    "cauchy": stats.cauchy.logpdf,
    "lognormal": lambda x, m, s: stats.lognorm.logpdf(x, s, scale=math.exp(m)),
    "student_t": lambda x, df, m, s: stats.t.logpdf(x, df, m, s),
    "gamma": lambda x, a, rate: stats.gamma.logpdf(x, a, scale=1 / rate),
    "inv_gamma": lambda x, a, b: stats.invgamma.logpdf(x, a, scale=b),
    "beta": stats.beta.logpdf,
    "uniform": lambda x, low, high: stats.uniform.logpdf(x, low, high - low),
    "exponential": lambda x, rate: stats.expon.logpdf(x, scale=1 / rate),
}
# What each family of the model file means: density at 0.3, up to a constant factor.
MEANT = {
    "normal(0.1, 2)": stats.norm(0.1, 2),
    "lognormal(log(20), 0.5)": stats.lognorm(0.5, scale=20),
    "half_normal(0.5)": stats.halfnorm(scale=0.5),
    "cauchy(1, 2)": stats.cauchy(1, 2),
    "half_cauchy(0.5)": stats.halfcauchy(scale=0.5),
    "student_t(4, 1, 2)": stats.t(4, 1, 2),
    "gamma(2, 0.1)": stats.gamma(2, scale=10),
    "inv_gamma(2, 3)": stats.invgamma(2, scale=3),
    "beta(2, 3)": stats.beta(2, 3),
    "uniform(0, 4)": stats.uniform(0, 4),
    "exponential(3)": stats.expon(scale=1 / 3),
}


def stan_density(text: str, x: float) -> float:
    match = re.fullmatch(r"(\w+)_lpdf\(x \| (.*)\)", text)
    assert match is not None
    return float(STAN[match[1]](x, *(float(a) for a in match[2].split(", "))))


@pytest.mark.parametrize("text", sorted(MEANT))
def test_the_printed_density_is_the_family(text: str) -> None:
    printed = prior_term("x", parse_prior(text))
    gap = stan_density(printed, 0.3) - MEANT[text].logpdf(0.3)
    other = stan_density(printed, 0.7) - MEANT[text].logpdf(0.7)
    assert gap == pytest.approx(other, abs=1e-12), "they may differ by a constant alone"


@pytest.mark.parametrize("text", sorted(MEANT))
def test_bounds_are_the_support(text: str) -> None:
    low, high = prior_bounds(parse_prior(text))
    assert (low, high) == pytest.approx(MEANT[text].support())


def test_every_family_is_covered() -> None:
    covered = {text.split("(")[0] for text in MEANT}
    assert set(FAMILIES) - covered == {"logit_normal", "lkj", "from_qsp"}


def test_logit_normal_has_its_jacobian() -> None:
    """Density of x where logit(x) is normal(m, s): normal(logit x | m, s) / (x (1 - x))."""
    printed = prior_term("x", parse_prior("logit_normal(0.2, 0.7)"))
    assert printed == "normal_lpdf(logit(x) | 0.2, 0.7) - log(x) - log1m(x)"


@pytest.mark.parametrize("text", sorted(MEANT))
@pytest.mark.parametrize("limits", [(0.05, 0.9), (0.0, math.inf)])
def test_centre_is_the_median_within_bounds(text: str, limits: tuple[float, float]) -> None:
    centre = prior_centre(parse_prior(text), *limits)
    cdf = MEANT[text].cdf
    below, above = cdf(centre) - cdf(limits[0]), cdf(limits[1]) - cdf(centre)
    assert below == pytest.approx(above)


def test_centre_of_logit_normal() -> None:
    assert prior_centre(parse_prior("logit_normal(logit(0.2), 0.7)")) == pytest.approx(0.2)


def test_draws_stay_within_bounds() -> None:
    """What can fall outside is drawn again; what cannot, is not asked."""
    prior = parse_prior("normal(1, 2)")
    draw, again = prior_draw("x", prior, 0.0, math.inf)
    assert (draw, again) == ("x = normal_rng(1, 2);", "while (x <= 0) x = normal_rng(1, 2);")
    assert len(list(prior_draw("x", parse_prior("uniform(0, 2)"), 0.0, 2.0))) == 1
    assert "x <= 0 || x >= 1" in list(prior_draw("x", prior, 0.0, 1.0))[1]
    assert list(prior_draw("x", parse_prior("logit_normal(0, 1)"), 0.0, 1.0)) == [
        "x = inv_logit(normal_rng(0, 1));"
    ]


def test_bounds_print_what_stan_reads() -> None:
    assert bounds_text(-1.5, math.inf) == "<lower=-1.5>"
    assert bounds_text(0.1, 0.25) == "<lower=0.1, upper=0.25>"
