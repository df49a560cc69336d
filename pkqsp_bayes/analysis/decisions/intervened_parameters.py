"""Effects of an intervention on individual parameters, occasions and covariates.

* A number: the parameter in the equations is this number for all subjects at all times. Random
  effects, deviations of occasions, and fixed or time-varying covariates have no effect on it.
* `Scaled`: the parameter is the subject's own value times the factor at all times. Random effects,
  occasions and covariates stay.

Random effects that are correlated with those of the parameter keep their distribution.
"""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.decisions.interventions import Scaled
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.effects import coefficients_of, effect_forms, sampled_bounds
from pkqsp_bayes.spec.labels import kappa_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.statistics.random_effect import Setting

__all__ = ["act_on", "without_known_effects"]

FloatArray = NDArray[np.float64]


def without_known_effects(model: ModelSpec, done: Mapping[str, float | Scaled]) -> ModelSpec:
    """Return the model without effects of time-varying covariates on parameters that are set.

    Estimated coefficients are individual parameters, which `act_on` sets to zero. Coefficients that
    are numbers are in the equations; this function removes them.

    Parameters
    ----------
    model : ModelSpec
        The model.
    done : mapping of str to (float or Scaled)
        Interventions on individual parameters.
    """
    parameters = dict(model.population.parameters)
    for name, change in done.items():
        if isinstance(change, Scaled) or not _known_effects(model, name):
            continue
        stated, known = parameters[name], _known_effects(model, name)
        kept = {n: effect for n, effect in stated.covariates.items() if n not in known}
        typical = stated.typical if isinstance(stated.typical, PriorSpec) else change
        parameters[name] = dataclasses.replace(stated, covariates=kept, typical=typical, value=None)
    population = dataclasses.replace(model.population, parameters=parameters)
    return dataclasses.replace(model, population=population)


def _changing(model: ModelSpec, name: str) -> list[str]:
    """Return the time-varying covariates of a parameter."""
    stated = model.population.parameters[name].covariates
    return [n for n in stated if model.covariates[n].interpolation != "fixed"]


def _known_effects(model: ModelSpec, name: str) -> list[str]:
    """Return the time-varying covariates whose coefficient is a number."""
    stated = model.population.parameters[name].covariates
    numbers = {n: [stated[n].coefficient, *stated[n].levels.values()] for n in stated}
    return [
        n for n in _changing(model, name) if any(isinstance(v, float | int) for v in numbers[n])
    ]


def act_on(
    model: CompiledModel,
    names: tuple[str, ...],
    values: FloatArray,
    done: Mapping[str, float | Scaled],
) -> FloatArray:
    """Return individual parameters after an intervention.

    Parameters
    ----------
    model : CompiledModel
        Model with its occasions.
    names : tuple of str
        Names of the individual parameters.
    values : (..., P) array
        Values before the intervention.
    done : mapping of str to (float or Scaled)
        Interventions on individual parameters.

    Raises
    ------
    CheckError
        If a scaled fraction (logit-normal) leaves its bounds in some subjects, or cannot be scaled
        at each time.
    """
    result, issues = values.copy(), []
    for name, change in done.items():
        if isinstance(change, Scaled):
            issues += list(_scale(model, names, result, name, change.factor))
        else:
            _set(model, names, result, name, change)
    if issues:
        raise CheckError(issues)
    return result


def _set(
    model: CompiledModel, names: tuple[str, ...], values: FloatArray, name: str, number: float
) -> None:
    effects = model.spec.population.parameters[name].covariates
    labels = [
        label
        for covariate in _changing(model.spec, name)
        for label in coefficients_of(name, covariate, effects[covariate]).values()
    ]
    values[..., _columns(names, [name])] = number
    values[..., _columns(names, [*_kappas(model, name), *labels])] = 0.0


def _kappas(model: CompiledModel, name: str) -> list[str]:
    return [kappa_label(name, occasion) for occasion in model.occasions]


def _columns(names: tuple[str, ...], labels: list[str]) -> list[int]:
    return [names.index(label) for label in labels if label in names]


def _scale(
    model: CompiledModel, names: tuple[str, ...], values: FloatArray, name: str, factor: float
) -> Iterator[Issue]:
    stated = model.spec.population.parameters[name]
    own, kappas = names.index(name), _columns(names, _kappas(model, name))
    if stated.iov is not None and kappas:
        form = RANDOM_EFFECTS[stated.iov]
        if form.is_bounded and _changing(model.spec, name):
            what = "a fraction with occasions or time-varying covariates cannot be scaled"
            yield Issue(where=f"do.{name}", what=what, remedy="set it, or scale what it acts on")
            return
        low, high = form.bounds(stated.lower, stated.upper)
        before = values[..., [own]], values[..., kappas]
        values[..., kappas] = form.rescaled_effect(*before, factor, Setting(low=low, high=high))
    values[..., own] *= factor
    if any(form.is_bounded for form in effect_forms(stated)):
        yield from _outside(name, values[..., own], values[..., kappas], *sampled_bounds(stated))


def _outside(
    name: str, own: FloatArray, kappa: FloatArray, low: float, high: float
) -> Iterator[Issue]:
    beyond = (own < low) | (own > high) | ~np.isfinite(kappa).all(axis=-1)
    if beyond.any():
        what = f"with this factor it leaves {low:g} to {high:g} in {beyond.mean():.1%} of subjects"
        yield Issue(where=f"do.{name}", what=what, remedy="give a smaller factor, or set a value")
