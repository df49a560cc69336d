"""Typical values of population parameters: the stated value or the median of the prior."""

import math
from collections.abc import Callable, Mapping

from pkqsp_bayes.spec.distribution import distribution
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_grammar import prior_support

__all__ = ["prior_median", "typical_value"]


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


def typical_value(spec: PopulationParameterSpec) -> float | None:
    """Return the typical value for simulation: ``value``, the fixed number, or the prior median."""
    if spec.value is not None:
        return spec.value
    if isinstance(spec.typical, PriorSpec):
        return prior_median(spec.typical)
    return spec.typical
