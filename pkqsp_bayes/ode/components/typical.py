"""Typical values of population parameters: stated, or the median of the prior."""

import math
from collections.abc import Callable

from scipy import stats

from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["prior_median", "typical_value"]

_MEDIANS: dict[str, Callable[..., float]] = {
    "normal": lambda mean, _: mean,
    "lognormal": lambda log_median, _: math.exp(log_median),
    "logit_normal": lambda logit_median, _: 1 / (1 + math.exp(-logit_median)),
    "half_normal": lambda sd: float(stats.halfnorm.median(scale=sd)),
    "cauchy": lambda location, _: location,
    "half_cauchy": lambda location, scale: location + scale,
    "student_t": lambda _, location, __: location,
    "gamma": lambda shape, rate: float(stats.gamma.median(shape, scale=1 / rate)),
    "inv_gamma": lambda shape, scale: float(stats.invgamma.median(shape, scale=scale)),
    "beta": lambda a, b: float(stats.beta.median(a, b)),
    "uniform": lambda lower, upper: (lower + upper) / 2,
    "exponential": lambda rate: math.log(2) / rate,
}


def prior_median(prior: PriorSpec) -> float | None:
    """Return the median of a prior; None where the family has none that is a number.

    Examples
    --------
    >>> from pkqsp_bayes.spec import PriorSpec
    >>> prior_median(PriorSpec(family="lognormal", args=(0.0, 0.25)))
    1.0
    """
    median = _MEDIANS.get(prior.family)
    return None if median is None else median(*prior.args)


def typical_value(spec: PopulationParameterSpec) -> float | None:
    """Return the typical value for simulation: ``value``, the number, or the prior's median."""
    if spec.value is not None:
        return spec.value
    if isinstance(spec.typical, PriorSpec):
        return prior_median(spec.typical)
    return spec.typical
