"""Individual parameters without random effects: typical values and covariate effects."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.interface import Parameter
from pkqsp_bayes.spec.effects import coefficients_of, effect_factor
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import CovariateEffectSpec
from pkqsp_bayes.spec.priors.distribution import prior_median
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import prior_support
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.study.covariates import fixed_values
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import covariate_columns

__all__ = ["individual_values", "typical_values"]

FloatArray = NDArray[np.float64]


def individual_values(
    model: CompiledModel,
    study: Study,
    parameters: Mapping[str, float] | pd.DataFrame | None = None,
) -> FloatArray:
    """Return the individual parameters of each subject with random effects of zero.

    Parameters
    ----------
    model : CompiledModel
        The model; covariate effects have their stated coefficients or the medians of priors.
        Effects of time-varying covariates are part of the equations.
    study : Study
        The study with the covariates.
    parameters : mapping or DataFrame, optional
        A mapping replaces typical values. A table with one row per ID (index or column ``ID``)
        gives individual values.

    Returns
    -------
    array (S, P)
        Individual parameters, by subjects of the study and parameters of the lowered system.

    Raises
    ------
    CheckError
        With all unknown names and all missing, negative or non-finite values.
    """
    if isinstance(parameters, pd.DataFrame):
        return _from_table(model, study, parameters)
    typical = typical_values(model, parameters or {})
    values = np.tile(typical, (len(study.subjects), 1))
    for column, name in enumerate(model.ode.parameters):
        for covariate, effect in _fixed_effects(model.spec, name):
            values[:, column] *= _factor(model.spec, study, name, covariate, effect)
    return values


def _fixed_effects(spec: ModelSpec, name: str) -> Iterator[tuple[str, CovariateEffectSpec]]:
    """Yield the effects of fixed covariates; other effects are part of the equations."""
    stated = spec.population.parameters.get(name)
    for covariate, effect in stated.covariates.items() if stated else ():
        if spec.covariates[covariate].interpolation == "fixed":
            yield covariate, effect


def typical_values(model: CompiledModel, given: Mapping[str, float]) -> FloatArray:
    """Return the typical values: the given ones, else those of the model.

    Raises
    ------
    CheckError
        With all unknown names and all missing, negative or non-finite values.
    """
    issues = list(_unknown(model, given))
    stated = {p.name: p for p in model.ode.quantities}
    values = [float(given.get(name, _stated(stated[name]))) for name in model.ode.parameters]
    issues += _bad(model, np.array([values]), ["parameters"])
    if issues:
        raise CheckError(issues)
    return np.array(values)


def _stated(parameter: Parameter) -> float:
    return math.nan if parameter.value is None else parameter.value


def _unknown(model: CompiledModel, given: Mapping[str, float]) -> Iterator[Issue]:
    known = model.ode.parameters
    for name in given:
        if name not in known:
            remedy = suggest(name, known)
            yield Issue(
                where=f"parameters.{name}", what="the model has no such parameter", remedy=remedy
            )


def _bad(model: CompiledModel, values: FloatArray, rows: list[str]) -> list[Issue]:
    issues = []
    for column, name in enumerate(model.ode.parameters):
        # A parameter with log-normal variability, or with a prior on positive numbers, is positive.
        positive = _is_positive(model.spec, name)
        for row, value in zip(rows, values[:, column], strict=True):
            if not math.isfinite(value):
                what, remedy = f"{name} is {value}", "give it a finite value"
            elif positive and value <= 0:
                what, remedy = f"{name} is {value:g}", "it must be positive"
            else:
                continue
            issues.append(Issue(where=f"{row}.{name}", what=what, remedy=remedy))
    return issues


def _is_positive(spec: ModelSpec, name: str) -> bool:
    stated = spec.population.parameters.get(name)
    if stated is None:
        return False  # a coefficient, or a deviation
    prior = stated.typical
    if isinstance(prior, PriorSpec) and prior_support(prior) == (0.0, math.inf):
        return True
    return stated.iiv is not None and RANDOM_EFFECTS[stated.iiv].is_factor


def _from_table(model: CompiledModel, study: Study, given: pd.DataFrame) -> FloatArray:
    table = given.set_index("ID") if "ID" in given.columns else given
    table = table.set_axis(table.index.astype(str), axis=0)
    issues = list(_unknown(model, {str(name): 0.0 for name in table.columns}))
    missing = [
        name
        for name in model.spec.population.parameters
        if name in model.ode.parameters and name not in table.columns
    ]
    issues += [
        Issue(where=f"parameters.{name}", what="this column is missing", remedy="add it")
        for name in missing
    ]
    absent = [subject for subject in study.subjects if subject not in table.index]
    issues += [
        Issue(where=f"parameters, ID {subject}", what="this subject has no row", remedy="add it")
        for subject in absent[:5]
    ]
    if not issues:
        # Coefficients and deviations that are not in the table have their typical values.
        others = {p.name: _stated(p) for p in model.ode.quantities if p.name not in table}
        table = table.assign(**{n: v for n, v in others.items() if n in model.ode.parameters})
        values = table.loc[list(study.subjects), list(model.ode.parameters)]
        issues = [
            Issue(
                where=f"parameters.{name}", what="its values are not numbers", remedy="give numbers"
            )
            for name in values.columns
            if values[name].dtype.kind not in "fiu"
        ]
        if issues:
            raise CheckError(issues)
        array = values.to_numpy(dtype=np.float64)
        issues = _bad(model, array, [f"parameters, ID {s}" for s in study.subjects])[:25]
        if not issues:
            return np.ascontiguousarray(array)
    raise CheckError(issues)


def _factor(
    spec: ModelSpec, study: Study, name: str, covariate: str, effect: CovariateEffectSpec
) -> FloatArray:
    columns = covariate_columns([covariate], spec.covariates)
    values, issues = fixed_values(study, columns)
    if issues:
        raise CheckError(issues)
    stated = {
        level: effect.levels.get(level, effect.coefficient)
        for level in coefficients_of(name, covariate, effect)
    }
    numbers = {level: _coefficient(value) for level, value in stated.items()}
    return np.asarray(effect_factor(spec, covariate, effect, values[:, 0], numbers))


def _coefficient(value: float | PriorSpec | None) -> float:
    if isinstance(value, PriorSpec):
        return prior_median(value) or 0.0
    return value or 0.0
