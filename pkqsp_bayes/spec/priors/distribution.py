"""Priors as distributions: density, probabilities, quantiles and powers."""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import MIXTURE, prior_support

__all__ = ["Distribution", "discount_prior", "distribution", "prior_median"]

FloatArray = NDArray[np.float64]

_BISECTIONS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A prior within bounds.

    Parameters
    ----------
    prior : PriorSpec
        A prior that is a distribution of a number.
    low, high : float
        Bounds, within the prior's support.

    Examples
    --------
    >>> half = Distribution(prior=PriorSpec(family="half_normal", args=(1.0,)), low=0.0)
    >>> round(float(half.quantile(0.5)), 3), half.mass()
    (0.674, 1.0)
    """

    prior: PriorSpec
    low: float = -math.inf
    high: float = math.inf

    def mass(self) -> float:
        """Return the probability of the interval between the bounds under the prior."""
        support = prior_support(self.prior) or (-math.inf, math.inf)
        if self.low <= support[0] and self.high >= support[1]:
            return 1.0
        whole = _between(self.prior, *support)
        low, high = max(self.low, support[0]), min(self.high, support[1])
        return max(_between(self.prior, low, high), 0.0) / whole

    def cdf(self, x: ArrayLike) -> FloatArray:
        """Return the cumulative probability at ``x``."""
        below = float(_cdf(self.prior, self.low))
        share = (_cdf(self.prior, x) - below) / _between_bounds(self)
        return np.clip(share, 0.0, 1.0)

    def quantile(self, p: ArrayLike) -> FloatArray:
        """Return the quantiles of probabilities ``p``."""
        below = float(_cdf(self.prior, self.low))
        return _quantile(self.prior, below + np.asarray(p) * _between_bounds(self))

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return the normalised log density; minus infinity outside the bounds."""
        x = np.asarray(x, dtype=np.float64)
        inside = (x >= self.low) & (x <= self.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = _log_density(self.prior, x) - math.log(_between_bounds(self))
        return np.where(inside, value, -np.inf)


def distribution(prior: PriorSpec, low: float = -math.inf, high: float = math.inf) -> Distribution:
    """Return a prior as a distribution within its support and the given bounds.

    Parameters
    ----------
    prior : PriorSpec
        A distribution of a number (not ``lkj``, nor ``from_qsp``).
    low, high : float
        Bounds.

    Raises
    ------
    ValueError
        If the prior is not a distribution of a number.

    Examples
    --------
    >>> from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
    >>> float(distribution(parse_prior("lognormal(0, 1)")).quantile(0.5))
    1.0
    """
    support = prior_support(prior)
    if support is None:
        raise ValueError(f"{prior} is not a distribution of a number")
    return Distribution(prior=prior, low=max(low, support[0]), high=min(high, support[1]))


def discount_prior(prior: PriorSpec, power: float) -> PriorSpec:
    """Return the prior whose density is that of a prior to a power between 0 and 1.

    The power is applied on the natural scale of the family (logarithms for ``lognormal``), which
    preserves the median. See Ibrahim & Chen 2000, Stat Sci 15:46.

    Raises
    ------
    ValueError
        If the result is not a distribution, or the prior is a mixture.

    Examples
    --------
    >>> discount_prior(PriorSpec(family="normal", args=(1.0, 2.0)), 0.25)
    PriorSpec(family='normal', args=(1.0, 4.0), parts=(), text='')
    """
    if power == 1:
        return prior
    rule = _POWERS.get(prior.family)
    if rule is None:
        raise ValueError(f"a power of {prior.family} is not in the same family")
    args = rule(power, *prior.args)
    first = args[0]
    if prior.family in ("student_t", "inv_gamma", "gamma") and first <= 0:
        raise ValueError(f"{prior} to the power {power:g} is not a distribution")
    return dataclasses.replace(prior, args=args)


def _student_power(a: float, df: float, location: float, scale: float) -> tuple[float, ...]:
    left = a * (df + 1) - 1
    return (left, location, scale * math.sqrt(df / left) if left > 0 else scale)


_POWERS: Mapping[str, Callable[..., tuple[float, ...]]] = {
    "normal": lambda a, m, s: (m, s / math.sqrt(a)),
    "lognormal": lambda a, m, s: (m, s / math.sqrt(a)),
    "logit_normal": lambda a, m, s: (m, s / math.sqrt(a)),
    "half_normal": lambda a, s: (s / math.sqrt(a),),
    "student_t": _student_power,
    "gamma": lambda a, shape, rate: (a * (shape - 1) + 1, a * rate),
    "inv_gamma": lambda a, shape, scale: (a * (shape + 1) - 1, a * scale),
    "beta": lambda a, p, q: (a * (p - 1) + 1, a * (q - 1) + 1),
    "exponential": lambda a, rate: (a * rate,),
    "uniform": lambda _, low, high: (low, high),
}


@functools.cache
def _families() -> Mapping[str, Callable[..., Any]]:
    """Return the distributions of SciPy, whose import takes a second."""
    from scipy import stats

    return {
        "normal": stats.norm,
        "half_normal": lambda sd: stats.norm(0, sd),
        "cauchy": stats.cauchy,
        "half_cauchy": stats.cauchy,
        "student_t": stats.t,
        "lognormal": lambda m, s: stats.lognorm(s, scale=math.exp(m)),
        "gamma": lambda a, rate: stats.gamma(a, scale=1 / rate),
        "inv_gamma": lambda a, b: stats.invgamma(a, scale=b),
        "exponential": lambda rate: stats.expon(scale=1 / rate),
        "beta": stats.beta,
        "uniform": lambda low, high: stats.uniform(low, high - low),
        "logit_normal": stats.norm,
    }


def _frozen(prior: PriorSpec) -> Any:
    return _families()[prior.family](*prior.args)


def _logit(x: ArrayLike) -> FloatArray:
    from scipy import special

    with np.errstate(divide="ignore", invalid="ignore"):
        values: FloatArray = special.logit(x)
    return values


def _expit(x: ArrayLike) -> FloatArray:
    from scipy import special

    values: FloatArray = special.expit(x)
    return values


def _between(prior: PriorSpec, low: float, high: float) -> float:
    return float(_cdf(prior, high) - _cdf(prior, low))


def _between_bounds(given: Distribution) -> float:
    return _between(given.prior, given.low, given.high)


def _cdf(prior: PriorSpec, x: ArrayLike) -> FloatArray:
    """Return the cumulative probability; for a half family that of the full distribution."""
    if prior.family == MIXTURE:
        shares = [distribution(part).cdf(x) for part in prior.parts]
        return _mixed(prior, *shares)
    if prior.family == "logit_normal":
        x = _logit(np.clip(x, 0.0, 1.0))
    values: FloatArray = _frozen(prior).cdf(x)
    return values


def _mixed(prior: PriorSpec, one: FloatArray, other: FloatArray) -> FloatArray:
    return prior.args[0] * one + (1 - prior.args[0]) * other


def _quantile(prior: PriorSpec, p: FloatArray) -> FloatArray:
    if prior.family == MIXTURE:
        return _mixture_quantile(prior, p)
    values: FloatArray = _frozen(prior).ppf(p)
    return _expit(values) if prior.family == "logit_normal" else values


def _mixture_quantile(prior: PriorSpec, p: FloatArray) -> FloatArray:
    """Return a quantile of a mixture, found by bisection between those of its parts."""
    ends = [distribution(part).quantile(p) for part in prior.parts]
    low, high = np.minimum(*ends), np.maximum(*ends)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        below = _cdf(prior, middle) < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(np.isfinite(high), 0.5 * (low + high), high)


def _log_density(prior: PriorSpec, x: FloatArray) -> FloatArray:
    if prior.family == MIXTURE:
        one, other = (distribution(part).log_density(x) for part in prior.parts)
        weight = prior.args[0]
        return np.logaddexp(math.log(weight) + one, math.log1p(-weight) + other)
    is_share = prior.family == "logit_normal"
    density: FloatArray = _frozen(prior).logpdf(_logit(x) if is_share else x)
    return density - np.log(x) - np.log1p(-x) if is_share else density


def prior_median(prior: PriorSpec) -> float | None:
    """Return the median of a prior; None if the family has no finite median.

    Examples
    --------
    >>> from pkqsp_bayes.spec import PriorSpec
    >>> prior_median(PriorSpec(family="lognormal", args=(0.0, 0.25)))
    1.0
    """
    if prior_support(prior) is None:
        return None
    if prior.family in _MEDIANS:
        return _MEDIANS[prior.family](*prior.args)
    return float(distribution(prior).quantile(0.5))


_MEDIANS: Mapping[str, Callable[..., float]] = {
    "normal": lambda mean, _: float(mean),
    "lognormal": lambda mean, _: math.exp(mean),
    "logit_normal": lambda mean, _: 1.0 / (1.0 + math.exp(-mean)),
    "uniform": lambda low, high: 0.5 * (high - low) + low,
}
"""Medians in closed form, without SciPy."""
