"""Parameters that change within a subject: by occasion, or with covariates that change over time.

An individual parameter is constant in a solve. One that moves is read as a helper ``CL@now``, made
of the individual's ``CL``, of coefficients and deviations that are individual parameters
themselves, and of covariates.
"""

from collections.abc import Iterator, Sequence

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.numbers import exact
from pkqsp_bayes.ode.components.typical_parameters import prior_median
from pkqsp_bayes.ode.functions import Piecewise
from pkqsp_bayes.ode.quantities import Covariate, Parameter, ParameterKind
from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.labels import coefficient_label, kappa_label, occasion_label
from pkqsp_bayes.spec.population import CovariateEffectSpec, PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["OWN", "add_moved"]

OWN = "@own"
"""Mark of a parameter's own value, where its name would mean the one that moves."""


def add_moved(draft: Draft, occasions: Sequence[str]) -> None:
    """Define ``<parameter>@now`` for each parameter that moves, and let readers read it instead.

    Parameters
    ----------
    draft : Draft
        With its covariates and parameters.
    occasions : sequence of str
        Labels of the study's occasions; none leave between-occasion deviations at zero.

    Notes
    -----
    A covariate that changes over time multiplies the individual's value, random effect included;
    the deviation of the occasion comes last, in its own form.
    """
    stated = draft.spec.population.parameters
    if occasions and any(p.iov is not None for p in stated.values()):
        for label in occasions:
            name = occasion_label(label)
            draft.covariates[name] = Covariate(name=name, interpolation="locf", where="OCC")
    for name, parameter in stated.items():
        own = symbol(f"{name}{OWN}")
        moved = sp.Mul(own, *_factors(draft, name, parameter), evaluate=False)
        if parameter.iov is not None and occasions:
            moved = _at_occasion(draft, name, parameter, moved, occasions)
        if moved != own:
            where = f"population.{name}"
            draft.define(f"{name}@now", moved, unit=parameter.unit, where=where)
            draft.moved[name] = f"{name}@now"


def _factors(draft: Draft, name: str, parameter: PopulationParameterSpec) -> Iterator[sp.Expr]:
    for covariate, effect in parameter.covariates.items():
        stated = draft.spec.covariates.get(covariate)
        if stated is not None and stated.interpolation != "fixed":
            yield _factor(draft, name, covariate, effect)


def _factor(draft: Draft, name: str, covariate: str, effect: CovariateEffectSpec) -> sp.Expr:
    stated = draft.spec.covariates[covariate]
    x = symbol(covariate)
    if effect.form == "categorical":
        return sp.exp(_levels(draft, name, covariate, effect))
    default = 1.0 if effect.form == "power" else 0.0
    centres = (effect.reference, stated.reference, default)
    centre = exact(next(value for value in centres if value is not None))
    per_unit = f"1/({stated.unit})" if stated.unit and effect.form != "power" else ""
    slope = _coefficient(draft, (name, covariate), effect.coefficient, per_unit)
    match effect.form:
        case "power":
            return (x / centre) ** slope
        case "linear":
            return 1 + slope * (x - centre)
        case _:
            return sp.exp(slope * (x - centre))


def _levels(draft: Draft, name: str, covariate: str, effect: CovariateEffectSpec) -> sp.Expr:
    stated = draft.spec.covariates[covariate]
    branches = []
    for level, value in effect.levels.items():
        try:
            code = level_code(stated, level)
        except ValueError:
            continue  # reported with the other levels
        here = sp.Eq(symbol(covariate), exact(code), evaluate=False)
        branches.append((_coefficient(draft, (name, covariate, level), value, ""), here))
    return Piecewise(*branches, (sp.Integer(0), sp.true)) if branches else sp.Integer(0)


def _coefficient(
    draft: Draft, place: tuple[str, ...], value: PriorSpec | float | None, unit: str
) -> sp.Symbol:
    """Add a coefficient: shared by all subjects if it is estimated, else a constant."""
    name = coefficient_label(*place)
    estimated = isinstance(value, PriorSpec)
    number = prior_median(value) if isinstance(value, PriorSpec) else value
    draft.parameters[name] = Parameter(
        name=name,
        unit=unit,
        kind=ParameterKind.INDIVIDUAL if estimated else ParameterKind.CONSTANT,
        value=number or 0.0,
        where=f"population.{place[0]}.covariates.{place[1]}",
    )
    return symbol(name)


def _at_occasion(
    draft: Draft,
    name: str,
    parameter: PopulationParameterSpec,
    value: sp.Expr,
    occasions: Sequence[str],
) -> sp.Expr:
    unit = parameter.unit if parameter.iov == "normal" else ""
    terms = []
    for label in occasions:
        kappa = kappa_label(name, label)
        draft.parameters[kappa] = Parameter(
            name=kappa, unit=unit, value=0.0, where=f"population.{name}.iov"
        )
        terms.append(symbol(occasion_label(label)) * symbol(kappa))
    deviation = sp.Add(*terms)
    match parameter.iov:
        case "normal":
            return value + deviation
        case "logitnormal":
            return _logit_normal(draft, name, parameter, value, deviation)
        case _:
            return value * sp.exp(deviation)


def _logit_normal(
    draft: Draft,
    name: str,
    parameter: PopulationParameterSpec,
    value: sp.Expr,
    deviation: sp.Expr,
) -> sp.Expr:
    """Shift a share between two bounds on the logit scale: u / (u + (1 - u) exp(-deviation))."""
    low = _bound(draft, f"{name}@low", parameter, parameter.lower, 0.0)
    high = _bound(draft, f"{name}@high", parameter, parameter.upper, 1.0)
    above, below = value - low, high - value
    return low + (high - low) * above / (above + below * sp.exp(-deviation))


def _bound(
    draft: Draft,
    name: str,
    parameter: PopulationParameterSpec,
    stated: float | None,
    default: float,
) -> sp.Symbol:
    draft.parameters[name] = Parameter(
        name=name,
        unit=parameter.unit,
        kind=ParameterKind.CONSTANT,
        value=default if stated is None else stated,
        where=f"population.{name.partition('@')[0]}",
    )
    return symbol(name)
