"""Locations of centred random effects: the mean of the subject on the scale of eta.

With many observations the value of a subject is known much better than the typical value, so that
eta, the typical value and the coefficients of covariates are strongly correlated. The sampler
should then draw their sum. Papaspiliopoulos, Roberts & Sköld 2007, Statistical Science 22:59-73.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.program.bound_data import BoundData, Effect
from pkqsp_bayes.program.covariates import (
    covariate_factors,
    covariate_logarithms,
    covariate_values,
)
from pkqsp_bayes.program.prior_text import prior_bounds
from pkqsp_bayes.spec.effects import typical_value
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.statistics.random_effect import Setting
from pkqsp_bayes.statistics.stan import STAN, StanExpression, stan_real

__all__ = ["location_expression", "location_values", "mean_expression"]

FloatArray = NDArray[np.float64]


def mean_expression(bound: BoundData, parameter: str) -> StanExpression:
    """Return the typical value of each subject given its covariates.

    It is a scalar if no covariate has an effect on it.
    """
    mean = stan_real(bound.identifiers[parameter])
    for factor in covariate_factors(bound, parameter):
        mean = mean * factor
    return mean


def location_expression(bound: BoundData, effect: Effect) -> StanExpression:
    """Return the location of a centred effect: a scalar, or a vector over subjects.

    It is 0 for a factor on a typical value that may be negative.
    """
    parameter, form = bound.population[effect.parameter], RANDOM_EFFECTS[effect.form]
    if form.is_factor and _least(parameter) < 0:
        return stan_real("0")
    mean = mean_expression(bound, effect.parameter)
    low, high = form.bounds(parameter.lower, parameter.upper)
    located: StanExpression = form.location(
        STAN, mean, lambda: _log_mean(bound, effect.parameter), Setting(low=low, high=high)
    )
    return located


def _log_mean(bound: BoundData, parameter: str) -> StanExpression:
    """Return the logarithm of the typical value of each subject, as a sum."""
    total = STAN.log(stan_real(bound.identifiers[parameter]))
    for logarithm in covariate_logarithms(bound, parameter):
        total = total + logarithm
    return total


def location_values(bound: BoundData, effect: Effect) -> FloatArray:
    """Return the location of a centred effect of each subject at the initial values.

    It is 0 if it does not exist, such as the logarithm of 0.
    """
    parameter, form = bound.population[effect.parameter], RANDOM_EFFECTS[effect.form]
    typical = typical_value(parameter)
    if typical is None or (form.is_factor and _least(parameter) < 0):
        return np.zeros(len(bound.timelines))
    values = typical * covariate_values(bound, effect.parameter)
    low, high = form.bounds(parameter.lower, parameter.upper)
    setting = Setting(low=low, high=high)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = form.location(NUMPY, values, lambda: NUMPY.log(NUMPY.abs(values)), setting)
    return np.where(np.isfinite(found), found, 0.0)


def _least(parameter: PopulationParameterSpec) -> float:
    """Return a lower bound of the typical value; that of a positive fixed value is itself."""
    stated = -math.inf if parameter.lower is None else parameter.lower
    if isinstance(parameter.typical, PriorSpec):
        return max(stated, prior_bounds(parameter.typical)[0])
    return float(parameter.typical or 0.0) or -math.inf
