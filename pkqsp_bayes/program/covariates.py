"""Covariate effects on individual parameters, and the locations of centred random effects.

With many observations the value of a subject is known much better than the typical value, so that
eta, the typical value and the coefficients of covariates are strongly correlated. The sampler
should then draw their sum. Papaspiliopoulos, Roberts & Sköld 2007, Statistical Science 22:59-73.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.program.bound_data import BoundData, Effect
from pkqsp_bayes.program.fragment import Fragment, StanProgram, join_fragments
from pkqsp_bayes.program.priors.joint_priors import joint_draws
from pkqsp_bayes.program.priors.prior_text import prior_bounds, prior_centre
from pkqsp_bayes.program.priors.sampled import sampled_scalar
from pkqsp_bayes.spec.effects import coefficients_of, effect_factor, effect_logarithm, typical_value
from pkqsp_bayes.spec.population import CovariateEffectSpec, PopulationParameterSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.statistics.random_effect import Setting
from pkqsp_bayes.statistics.stan import (
    STAN,
    StanExpression,
    called_functions,
    stan_real,
    stan_vector,
)

__all__ = [
    "covariate_arguments",
    "covariate_factors",
    "covariate_fragment",
    "covariate_logarithms",
    "covariate_values",
    "location_expression",
    "location_of",
    "location_values",
    "mean_expression",
    "shared_coefficients",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coefficient:
    """A coefficient of an effect, with its readable name, identifier and prior."""

    label: str
    identifier: str
    value: PriorSpec | float
    level: str = ""


def _coefficients(
    bound: BoundData, parameter: str, covariate: str, effect: CovariateEffectSpec
) -> list[_Coefficient]:
    base = f"beta__{bound.identifiers[parameter]}__{bound.identifiers[covariate]}"
    labels = coefficients_of(parameter, covariate, effect)
    return [
        _Coefficient(
            label=label,
            identifier=f"{base}__{number}" if level else base,
            value=effect.levels.get(level, effect.coefficient or 0.0),
            level=level,
        )
        for number, (level, label) in enumerate(labels.items(), start=1)
    ]


def _effects(bound: BoundData) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    for parameter, stated in bound.population.items():
        for covariate, effect in stated.covariates.items():
            yield parameter, covariate, effect


def _fixed_effects(bound: BoundData) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    """Yield the effects of fixed covariates; those of time-varying ones are in the equations."""
    return (found for found in _effects(bound) if found[1] in bound.covariates)


def shared_coefficients(bound: BoundData) -> dict[str, str]:
    """Return the identifier of each estimated coefficient by its readable name."""
    return {
        c.label: c.identifier
        for parameter, covariate, effect in _effects(bound)
        for c in _coefficients(bound, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    }


def covariate_fragment(bound: BoundData) -> Fragment:
    """Declare the covariates of effects as data, and the estimated coefficients."""
    used = dict.fromkeys(covariate for _, covariate, _ in _fixed_effects(bound))
    data = StanProgram(
        data=tuple(
            f"vector[subjects] {_column(bound, name)}; // {_unit(bound, name)}" for name in used
        )
    )
    columns = Fragment(
        program=data, data={_column(bound, name): bound.covariates[name].tolist() for name in used}
    )
    drawn = joint_draws(bound.spec)
    estimated = [
        sampled_scalar(c.identifier, c.value, name=c.label, drawn=drawn.get(c.label, ""))
        for parameter, covariate, effect in _effects(bound)
        for c in _coefficients(bound, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    ]
    factors = [factor for name in bound.population for factor in covariate_factors(bound, name)]
    functions = Fragment(program=StanProgram(functions=called_functions(factors)))
    return join_fragments([functions, columns, *estimated])


def covariate_arguments(bound: BoundData) -> list[tuple[str, str]]:
    """Return type and name of the function arguments for the effects."""
    used = dict.fromkeys(covariate for _, covariate, _ in _fixed_effects(bound))
    data = [("data vector", _column(bound, name)) for name in used]
    return [*(("real", name) for name in shared_coefficients(bound).values()), *data]


def covariate_factors(bound: BoundData, parameter: str) -> list[StanExpression]:
    """Return the factors (vectors over subjects) of covariates on a parameter."""
    return [
        effect_factor(bound.spec, found[1], found[2], *_values_of(bound, *found), ops=STAN)
        for found in _effects_on(bound, parameter)
    ]


def covariate_logarithms(bound: BoundData, parameter: str) -> list[StanExpression]:
    """Return the logarithms of the absolute factors, as a linear effect may be negative."""
    return [
        effect_logarithm(bound.spec, found[1], found[2], *_values_of(bound, *found), ops=STAN)
        for found in _effects_on(bound, parameter)
    ]


def _values_of(
    bound: BoundData, parameter: str, covariate: str, effect: CovariateEffectSpec
) -> tuple[StanExpression, dict[str, StanExpression]]:
    """Return the column of the covariate, and the coefficients by level."""
    coefficients = _coefficients(bound, parameter, covariate, effect)
    return stan_vector(_column(bound, covariate)), {c.level: _expression(c) for c in coefficients}


def covariate_values(bound: BoundData, parameter: str) -> FloatArray:
    """Return the product of the factors (subjects,) at the initial values of coefficients."""
    product = np.ones(len(bound.timelines))
    for name, covariate, effect in _effects_on(bound, parameter):
        coefficients = _coefficients(bound, name, covariate, effect)
        numbers = {c.level: _initial_value(c.value) for c in coefficients}
        x = bound.covariates[covariate]
        product = product * effect_factor(bound.spec, covariate, effect, x, numbers)
    return product


def _initial_value(value: PriorSpec | float) -> float:
    return prior_centre(value) if isinstance(value, PriorSpec) else float(value)


def _effects_on(bound: BoundData, parameter: str) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    return (found for found in _fixed_effects(bound) if found[0] == parameter)


def _expression(coefficient: _Coefficient) -> StanExpression:
    value = coefficient.value
    if isinstance(value, PriorSpec):
        return stan_real(coefficient.identifier)
    return stan_real(repr(float(value)))


def _column(bound: BoundData, covariate: str) -> str:
    return f"x__{bound.identifiers[covariate]}"


def _unit(bound: BoundData, covariate: str) -> str:
    spec = bound.spec.covariates[covariate]
    return "category" if spec.category else spec.unit or "dimensionless"


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
    return location_of(bound, effect, typical * covariate_values(bound, effect.parameter))


def location_of(bound: BoundData, effect: Effect, mean: FloatArray) -> FloatArray:
    """Return the location of a centred effect for typical values given the covariates.

    Parameters
    ----------
    bound : BoundData
        The bound model.
    effect : Effect
        The effect.
    mean : (S,) array
        Typical value of each subject. A location that does not exist is 0.
    """
    parameter, form = bound.population[effect.parameter], RANDOM_EFFECTS[effect.form]
    low, high = form.bounds(parameter.lower, parameter.upper)
    setting = Setting(low=low, high=high)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = form.location(NUMPY, mean, lambda: NUMPY.log(NUMPY.abs(mean)), setting)
    return np.where(np.isfinite(found), found, 0.0)


def _least(parameter: PopulationParameterSpec) -> float:
    """Return a lower bound of the typical value; that of a positive fixed value is itself."""
    stated = -math.inf if parameter.lower is None else parameter.lower
    if isinstance(parameter.typical, PriorSpec):
        return max(stated, prior_bounds(parameter.typical)[0])
    return float(parameter.typical or 0.0) or -math.inf
