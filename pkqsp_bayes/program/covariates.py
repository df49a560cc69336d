"""Covariate effects on individual parameters: power, linear, exponential, categorical."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pkqsp_bayes.ode.components.typical import prior_median
from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.frame import Frame
from pkqsp_bayes.program.priors import bounds_text, prior_bounds, prior_program
from pkqsp_bayes.program.starts import Start
from pkqsp_bayes.program.text import StanProgram, join_programs
from pkqsp_bayes.spec.population import CovariateEffectSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["covariate_arguments", "covariate_factors", "covariate_fragment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coefficient:
    """A coefficient of an effect: what the user would call it, its identifier, its prior."""

    label: str
    identifier: str
    value: PriorSpec | float
    level: str = ""


def _coefficients(
    frame: Frame, parameter: str, covariate: str, effect: CovariateEffectSpec
) -> list[_Coefficient]:
    base = f"beta_{frame.identifiers[parameter]}_{frame.identifiers[covariate]}"
    label = f"beta[{parameter},{covariate}]"
    if effect.form != "categorical":
        value = effect.coefficient
        return [] if value is None else [_Coefficient(label=label, identifier=base, value=value)]
    return [
        _Coefficient(
            label=f"{label[:-1]},{level}]", identifier=f"{base}_{number}", value=value, level=level
        )
        for number, (level, value) in enumerate(effect.levels.items(), start=1)
    ]


def _effects(frame: Frame) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    for parameter, stated in frame.population.items():
        for covariate, effect in stated.covariates.items():
            yield parameter, covariate, effect


def covariate_fragment(frame: Frame) -> Fragment:
    """Declare the covariates that effects use, as data, and the coefficients that are estimated."""
    used = dict.fromkeys(covariate for _, covariate, _ in _effects(frame))
    estimated = [
        (c, c.value)
        for parameter, covariate, effect in _effects(frame)
        for c in _coefficients(frame, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    ]
    columns = StanProgram(
        data=tuple(
            f"vector[subjects] {_column(frame, name)}; // {_unit(frame, name)}" for name in used
        ),
        parameters=tuple(
            f"real{bounds_text(*prior_bounds(prior))} {c.identifier};" for c, prior in estimated
        ),
    )
    priors = [prior_program(c.identifier, prior) for c, prior in estimated]
    return Fragment(
        program=join_programs([columns, *priors]),
        data={_column(frame, name): frame.covariates[name].tolist() for name in used},
        dims={c.identifier: () for c, _ in estimated},
        names={c.identifier: c.label for c, _ in estimated},
        starts={c.identifier: _start(prior) for c, prior in estimated},
    )


def _start(prior: PriorSpec) -> Start:
    low, high = prior_bounds(prior)
    return Start(value=np.array(prior_median(prior) or 0.0), low=low, high=high)


def covariate_arguments(frame: Frame) -> list[tuple[str, str]]:
    """Return type and name of what the effects need, as function arguments."""
    used = dict.fromkeys(covariate for _, covariate, _ in _effects(frame))
    data = [("data vector", _column(frame, name)) for name in used]
    coefficients = [
        ("real", c.identifier)
        for parameter, covariate, effect in _effects(frame)
        for c in _coefficients(frame, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    ]
    return [*coefficients, *data]


def covariate_factors(frame: Frame, parameter: str) -> list[str]:
    """Return the factors (vectors over subjects) that covariates put on a parameter."""
    return [
        _factor(frame, covariate, effect, _coefficients(frame, parameter, covariate, effect))
        for covariate, effect in frame.population[parameter].covariates.items()
    ]


def _factor(
    frame: Frame, covariate: str, effect: CovariateEffectSpec, coefficients: list[_Coefficient]
) -> str:
    column = _column(frame, covariate)
    if effect.form == "categorical":
        return _levels(frame, covariate, column, coefficients)
    centre = effect.reference
    if centre is None:
        centre = frame.spec.covariates[covariate].reference
    coefficient = _text(coefficients[0])
    match effect.form:
        case "power":
            return f"({column} / {_number(centre, 1.0)}) .^ {coefficient}"
        case "linear":
            return f"(1 + {coefficient} * ({column} - {_number(centre, 0.0)}))"
        case "exponential":
            return f"exp({coefficient} * ({column} - {_number(centre, 0.0)}))"


def _levels(frame: Frame, covariate: str, column: str, coefficients: list[_Coefficient]) -> str:
    codes = frame.spec.covariates[covariate].levels
    terms = [f"{_text(c)} * is_equal({column}, {codes[c.level]!r})" for c in coefficients]
    return f"exp({' + '.join(terms)})"


def _text(coefficient: _Coefficient) -> str:
    value = coefficient.value
    return coefficient.identifier if isinstance(value, PriorSpec) else repr(float(value))


def _number(centre: float | None, default: float) -> str:
    return repr(float(default if centre is None else centre))


def _column(frame: Frame, covariate: str) -> str:
    return f"x_{frame.identifiers[covariate]}"


def _unit(frame: Frame, covariate: str) -> str:
    spec = frame.spec.covariates[covariate]
    return "category" if spec.category else spec.unit or "dimensionless"
