"""Addresses: names of all parameters that can have a prior, as in the results of a fit."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from pkqsp_bayes.spec.effects import stated_shape
from pkqsp_bayes.spec.labels import (
    CORRELATIONS,
    coefficient_label,
    omega_iov_label,
    omega_label,
    residual_name,
    shape_label,
    sigma_label,
)
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import (
    CovariateEffectSpec,
    ErrorSpec,
    ObservationSpec,
    OmegaSpec,
    PopulationParameterSpec,
)
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics import RESIDUAL_ERRORS
from pkqsp_bayes.statistics.residual_error import ErrorScale

__all__ = ["residual_scales", "stated_values", "with_values"]

_Value = PriorSpec | float | None
_Values = Mapping[str, PriorSpec | float]


def stated_values(model: ModelSpec) -> dict[str, PriorSpec | float | None]:
    """Return the values that the model states, by address; None if a default is used.

    Parameters
    ----------
    model : ModelSpec
        Model specification.

    Returns
    -------
    dict
        ``CL`` is a typical value, ``beta[CL,WT]`` and ``beta[CL,SEX,male]`` are coefficients of
        covariates, ``shape[CL]`` is the shape of random effects, ``omega[CL]`` and
        ``omega_iov[CL]`` are their standard deviations, ``sigma[cp]`` (``sigma[cp.additive]``
        where there are several) are residual errors.

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> list(stated_values(load_model("mavoglurant")))[-2:]
    ['omega[CLint]', 'sigma[cp]']
    """
    return dict(_values(model))


def _values(model: ModelSpec) -> Iterator[tuple[str, _Value]]:
    parameters, omega = model.population.parameters, model.population.omega
    for name, parameter in parameters.items():
        yield name, parameter.typical
        shape = stated_shape(parameter)
        if shape is not None:
            yield shape_label(name), shape
        for covariate, effect in parameter.covariates.items():
            yield from _coefficients(name, covariate, effect)
    for name, parameter in parameters.items():
        if parameter.iiv is not None:
            yield omega_label(name), omega.scales.get(name)
        if parameter.iov is not None:
            yield omega_iov_label(name), omega.occasion.get(name)
    for name, observed in model.observe.items():
        if observed.error is not None:
            for label, scale in residual_scales(name, observed.error).items():
                yield label, getattr(observed.error, scale.key)


def _coefficients(
    name: str, covariate: str, effect: CovariateEffectSpec
) -> Iterator[tuple[str, _Value]]:
    if effect.coefficient is not None:
        yield coefficient_label(name, covariate), effect.coefficient
    for level, value in effect.levels.items():
        yield coefficient_label(name, covariate, level), value


def residual_scales(endpoint: str, error: ErrorSpec) -> dict[str, ErrorScale]:
    """Return the parameters of a residual error by their labels.

    Examples
    --------
    >>> list(residual_scales("cp", ErrorSpec(form="combined")))
    ['sigma[cp.additive]', 'sigma[cp.proportional]']
    """
    scales = RESIDUAL_ERRORS[error.form].scales
    if len(scales) == 1:
        return {sigma_label(endpoint): scales[0]}
    return {sigma_label(residual_name(endpoint, scale.key)): scale for scale in scales}


def with_values(model: ModelSpec, values: _Values) -> ModelSpec:
    """Return a model with other priors or numbers at some addresses.

    Parameters
    ----------
    model : ModelSpec
        Model specification.
    values : mapping of str to (PriorSpec or float)
        By address; addresses that the model does not have are ignored.

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> model = with_values(load_model("mavoglurant"), {"omega[CLint]": 0.3})
    >>> model.population.omega.scales
    {'CLint': 0.3}
    """
    stated = model.population.parameters
    population = dataclasses.replace(
        model.population,
        parameters={name: _parameter(name, p, values) for name, p in stated.items()},
        omega=_omega(stated, model.population.omega, values),
    )
    observe = {name: _observation(name, o, values) for name, o in model.observe.items()}
    return dataclasses.replace(model, population=population, observe=observe)


def _parameter(
    name: str, stated: PopulationParameterSpec, values: _Values
) -> PopulationParameterSpec:
    effects = {c: _effect(name, c, effect, values) for c, effect in stated.covariates.items()}
    return dataclasses.replace(
        stated,
        covariates=effects,
        typical=values.get(name, stated.typical),
        shape=values.get(shape_label(name), stated.shape),
    )


def _effect(
    name: str, covariate: str, stated: CovariateEffectSpec, values: _Values
) -> CovariateEffectSpec:
    levels = {
        level: values.get(coefficient_label(name, covariate, level), value)
        for level, value in stated.levels.items()
    }
    coefficient = stated.coefficient
    if coefficient is not None:
        coefficient = values.get(coefficient_label(name, covariate), coefficient)
    return dataclasses.replace(stated, levels=levels, coefficient=coefficient)


def _omega(
    stated: Mapping[str, PopulationParameterSpec], omega: OmegaSpec, values: _Values
) -> OmegaSpec:
    between = {name: values[x] for name in stated if (x := omega_label(name)) in values}
    within = {name: values[x] for name in stated if (x := omega_iov_label(name)) in values}
    scales, occasion = {**omega.scales, **between}, {**omega.occasion, **within}
    shape = values.get(CORRELATIONS)
    lkj = shape.args[0] if isinstance(shape, PriorSpec) else omega.lkj
    return dataclasses.replace(omega, scales=scales, occasion=occasion, lkj=lkj)


def _observation(name: str, stated: ObservationSpec, values: _Values) -> ObservationSpec:
    if stated.error is None:
        return stated
    scales = residual_scales(name, stated.error)
    changed: dict[str, Any] = {s.key: values[x] for x, s in scales.items() if x in values}
    return dataclasses.replace(stated, error=dataclasses.replace(stated.error, **changed))
