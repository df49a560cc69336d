"""Where centred random effects are centred: the subject's mean, on the scale on which eta adds.

With many observations a subject's own value is known far better than the typical one, so that
eta, the typical value and the coefficients of its covariates are tied; the sum of all is what the
sampler should see.
Papaspiliopoulos, Roberts & Sköld 2007, Statistical Science 22:59-73.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pkqsp_bayes.ode.components.typical_parameters import typical_value
from pkqsp_bayes.program.bound_data import BoundData, Effect
from pkqsp_bayes.program.covariates import (
    covariate_factors,
    covariate_logarithms,
    covariate_values,
)
from pkqsp_bayes.program.prior_text import prior_bounds
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["location_text", "location_values", "logit_bounds", "logit_text", "mean_text"]

FloatArray = NDArray[np.float64]


def logit_text(value: str, parameter: PopulationParameterSpec) -> str:
    """Return the logit of a value between the bounds of a logit-normal parameter.

    Examples
    --------
    >>> logit_text("F", PopulationParameterSpec(typical=0.5, lower=0.0, upper=2.0))
    'logit((F - 0.0) / 2.0)'
    """
    low, high = logit_bounds(parameter)
    if (low, high) == (0.0, 1.0):
        return f"logit({value})"
    return f"logit(({value} - {low!r}) / {high - low!r})"


def logit_bounds(parameter: PopulationParameterSpec) -> tuple[float, float]:
    """Return between what a logit-normal parameter lies: 0 and 1 unless stated.

    Examples
    --------
    >>> logit_bounds(PopulationParameterSpec(typical=0.5, upper=2.0))
    (0.0, 2.0)
    """
    low = 0.0 if parameter.lower is None else float(parameter.lower)
    high = 1.0 if parameter.upper is None else float(parameter.upper)
    return low, high


def mean_text(bound: BoundData, parameter: str) -> str:
    """Return the typical value of each subject, its covariates given, as Stan text.

    It is a scalar where no covariate moves it.
    """
    factors = covariate_factors(bound, parameter)
    typical = bound.identifiers[parameter]
    return f"{typical} * {' .* '.join(factors)}" if factors else typical


def location_text(bound: BoundData, effect: Effect) -> str:
    """Return the location of a centred effect as Stan text: a scalar, or a vector over subjects.

    It is 0 for a log-normal effect of which the typical value may be negative.
    """
    parameter, name = bound.population[effect.parameter], bound.identifiers[effect.parameter]
    match effect.form:
        case "lognormal" if _least(parameter) >= 0:
            logarithms = covariate_logarithms(bound, effect.parameter)
            parts = " + ".join([f"log({name})", *logarithms])
            return f"({parts})" if logarithms else parts
        case "lognormal":
            return "0"
        case "logitnormal":
            return logit_text(mean_text(bound, effect.parameter), parameter)
        case _:
            return mean_text(bound, effect.parameter)


def location_values(bound: BoundData, effect: Effect) -> FloatArray:
    """Return where a centred effect of each subject begins: its location, all else at its start."""
    parameter = bound.population[effect.parameter]
    typical = typical_value(parameter)
    if typical is None:
        return np.zeros(len(bound.timelines))
    values = typical * covariate_values(bound, effect.parameter)
    low, high = logit_bounds(parameter)
    match effect.form:
        case "lognormal":
            size = np.abs(values) if _least(parameter) >= 0 else np.ones_like(values)
            return np.log(np.where(size > 0, size, 1.0))
        case "logitnormal":
            between = (low < values) & (values < high)
            return np.where(between, special.logit((values - low) / (high - low)), 0.0)
        case _:
            return values


def _least(parameter: PopulationParameterSpec) -> float:
    """Return a lower bound of the typical value; that of a known one is itself, if positive."""
    stated = -math.inf if parameter.lower is None else parameter.lower
    if isinstance(parameter.typical, PriorSpec):
        return max(stated, prior_bounds(parameter.typical)[0])
    return float(parameter.typical or 0.0) or -math.inf
