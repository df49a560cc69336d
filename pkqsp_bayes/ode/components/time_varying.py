"""Parameters that change within a subject, by occasion or with time-varying covariates.

An individual parameter is constant in a solve. A time-varying one is read as a helper ``CL@now``,
computed from the individual ``CL``, from coefficients and deviations that are individual parameters
too, and from covariates.
"""

from collections.abc import Iterator, Sequence

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.numbers import exact
from pkqsp_bayes.ode.components.ops import SYMPY
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.interface import Covariate, Parameter, ParameterKind
from pkqsp_bayes.spec.body import CovariateSpec, level_code
from pkqsp_bayes.spec.effects import coefficients_of, effect_factor, stated_shape
from pkqsp_bayes.spec.labels import kappa_label, occasion_label, shape_label
from pkqsp_bayes.spec.population import CovariateEffectSpec, PopulationParameterSpec
from pkqsp_bayes.spec.priors.distribution import prior_median
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RandomEffectForm
from pkqsp_bayes.statistics.random_effect import Setting

__all__ = ["OWN", "add_time_varying"]

OWN = "@own"
"""Mark of a parameter's own value; its name without the mark is the time-varying value."""


def add_time_varying(draft: Draft, occasions: Sequence[str]) -> None:
    """Define ``<parameter>@now`` for each time-varying parameter, read in place of it.

    Parameters
    ----------
    draft : Draft
        A draft with its covariates and parameters.
    occasions : sequence of str
        Labels of the study's occasions; without them between-occasion deviations are zero.

    Notes
    -----
    The effect of a time-varying covariate multiplies the individual value, random effect included.
    The deviation of the occasion is applied last, in its own form.
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
            draft.time_varying[name] = f"{name}@now"


def _factors(draft: Draft, name: str, parameter: PopulationParameterSpec) -> Iterator[sp.Expr]:
    for covariate, effect in parameter.covariates.items():
        stated = draft.spec.covariates.get(covariate)
        if stated is not None and stated.interpolation != "fixed":
            yield _factor(draft, name, covariate, effect)


def _factor(draft: Draft, name: str, covariate: str, effect: CovariateEffectSpec) -> sp.Expr:
    stated = draft.spec.covariates[covariate]
    unit = COVARIATE_EFFECTS[effect.form].coefficient_unit(stated.unit)
    where = f"population.{name}.covariates.{covariate}"
    coefficients = {
        level: _shared(
            draft, label, effect.levels.get(level, effect.coefficient), unit=unit, where=where
        )
        for level, label in coefficients_of(name, covariate, effect).items()
        if _is_level(stated, level)
    }
    x = symbol(covariate)
    return effect_factor(draft.spec, covariate, effect, x, coefficients, ops=SYMPY, number=exact)


def _is_level(stated: CovariateSpec, level: str) -> bool:
    """Return whether a covariate has a level; unknown levels are reported elsewhere."""
    try:
        level_code(stated, level or "0")
    except ValueError:
        return False
    return True


def _shared(
    draft: Draft, name: str, value: PriorSpec | float | None, *, unit: str = "", where: str
) -> sp.Symbol:
    """Add a coefficient or shape: common to all subjects if it is estimated, else a constant."""
    estimated = isinstance(value, PriorSpec)
    number = prior_median(value) if isinstance(value, PriorSpec) else value
    draft.parameters[name] = Parameter(
        name=name,
        unit=unit,
        kind=ParameterKind.INDIVIDUAL if estimated else ParameterKind.CONSTANT,
        value=number or 0.0,
        where=where,
    )
    return symbol(name)


def _at_occasion(
    draft: Draft,
    name: str,
    parameter: PopulationParameterSpec,
    value: sp.Expr,
    occasions: Sequence[str],
) -> sp.Expr:
    form = RANDOM_EFFECTS[parameter.iov or ""]
    terms = []
    for label in occasions:
        kappa = kappa_label(name, label)
        draft.parameters[kappa] = Parameter(
            name=kappa,
            unit=form.effect_unit(parameter.unit),
            value=0.0,
            where=f"population.{name}.iov",
        )
        terms.append(symbol(occasion_label(label)) * symbol(kappa))
    return form.individual(SYMPY, value, sp.Add(*terms), _setting(draft, name, parameter, form))


def _setting(
    draft: Draft, name: str, parameter: PopulationParameterSpec, form: RandomEffectForm
) -> Setting:
    setting = Setting()
    if form.is_bounded:
        low, high = form.bounds(parameter.lower, parameter.upper)
        setting = setting._replace(
            low=_bound(draft, f"{name}@low", parameter, low),
            high=_bound(draft, f"{name}@high", parameter, high),
        )
    if form.shape is not None:
        where, shape = f"population.{name}.shape", stated_shape(parameter)
        return setting._replace(shape=_shared(draft, shape_label(name), shape, where=where))
    return setting


def _bound(
    draft: Draft,
    name: str,
    parameter: PopulationParameterSpec,
    value: float,
) -> sp.Symbol:
    draft.parameters[name] = Parameter(
        name=name,
        unit=parameter.unit,
        kind=ParameterKind.CONSTANT,
        value=value,
        where=f"population.{name.partition('@')[0]}",
    )
    return symbol(name)
