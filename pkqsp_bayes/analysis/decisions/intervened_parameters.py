"""What an intervention on a parameter does to individual parameters, occasions and covariates.

| | done to the parameter that the equations read |
|---|---|
| a number | it is that number for everybody, at all times: no random effect of the subject, no deviation of an occasion, no covariate, fixed or changing over time, moves it any more |
| `Scaled` | everybody's own value times the factor, at all times: random effects, occasions and covariates stay |

Effects that are correlated with those of the parameter keep their distribution: what is set says
nothing of them.
"""  # noqa: E501

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.decisions.interventions import Scaled
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.effects import coefficients_of
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.labels import kappa_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["act_on", "without_known_effects"]

FloatArray = NDArray[np.float64]


def without_known_effects(model: ModelSpec, done: Mapping[str, float | Scaled]) -> ModelSpec:
    """Return the model in which covariates that change over time leave what is set alone.

    Coefficients that are estimated are individual parameters, which `act_on` sets to zero; those
    that are numbers stand in the equations, from which they are taken here.

    Parameters
    ----------
    model : ModelSpec
        The model.
    done : mapping of str to (float or Scaled)
        What is done to individual parameters.
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
    """Return the covariates of a parameter that may change within a subject."""
    stated = model.population.parameters[name].covariates
    return [n for n in stated if model.covariates[n].interpolation != "fixed"]


def _known_effects(model: ModelSpec, name: str) -> list[str]:
    """Return those of them that have a coefficient which is a number."""
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
        With its occasions.
    names : tuple of str
        Of the individual parameters.
    values : (..., P) array
        Before.
    done : mapping of str to (float or Scaled)
        What is done to individual parameters.

    Raises
    ------
    CheckError
        If a scaled share (logit-normal) leaves its bounds in some subjects, or cannot be scaled
        at each moment.
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
    if stated.iov == "normal":
        values[..., kappas] *= factor
    if stated.iov == "logitnormal" and kappas:
        if _changing(model.spec, name):
            what = "a share that occasions and changing covariates move cannot be scaled at once"
            yield Issue(where=f"do.{name}", what=what, remedy="set it, or scale what it acts on")
            return
        before = values[..., kappas]
        values[..., kappas] = _scaled_shift(values[..., [own]], before, factor, *_bounds(stated))
    values[..., own] *= factor
    if "logitnormal" in (stated.iiv, stated.iov):
        yield from _outside(name, values[..., own], values[..., kappas], *_bounds(stated))


def _bounds(stated: PopulationParameterSpec) -> tuple[float, float]:
    low = 0.0 if stated.lower is None else stated.lower
    return low, 1.0 if stated.upper is None else stated.upper


def _scaled_shift(
    own: FloatArray, kappa: FloatArray, factor: float, low: float, high: float
) -> FloatArray:
    """Return the deviations on the logit scale by which the scaled share is moved as it must be."""
    width = high - low
    above, below = own - low, high - own
    at_occasion = low + width * above / (above + below * np.exp(-kappa))
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = _logit((factor * at_occasion - low) / width) - _logit((factor * own - low) / width)
    return np.where(np.isclose(factor * at_occasion, factor * own, atol=0.0), 0.0, moved)


def _logit(share: FloatArray) -> FloatArray:
    found: FloatArray = np.log(share) - np.log1p(-share)
    return found


def _outside(
    name: str, own: FloatArray, kappa: FloatArray, low: float, high: float
) -> Iterator[Issue]:
    beyond = (own < low) | (own > high) | ~np.isfinite(kappa).all(axis=-1)
    if beyond.any():
        what = f"times this factor it leaves {low:g} to {high:g} in {beyond.mean():.1%} of subjects"
        yield Issue(where=f"do.{name}", what=what, remedy="give a smaller factor, or set a value")
