"""Named quantities of a model file: covariates, parameters and outputs."""

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.interface import Covariate, Parameter, ParameterKind
from pkqsp_bayes.ode.system import Output
from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.effects import typical_value
from pkqsp_bayes.spec.identifiers import check_name
from pkqsp_bayes.spec.population import PopulationParameterSpec, is_known
from pkqsp_bayes.units import UnitError, check_unit

__all__ = ["add_named", "add_outputs"]


def add_named(draft: Draft) -> None:
    """Add covariates, population parameters and parameters."""
    spec = draft.spec
    for name, c in spec.covariates.items():
        _check(draft, name, c.unit, f"covariates.{name}")
        draft.covariates[name] = Covariate(
            name=name,
            unit=c.unit,
            interpolation=c.interpolation,
            reference=c.reference,
            where=f"covariates.{name}",
        )
    for name, p in spec.population.parameters.items():
        where = f"population.{name}"
        _check(draft, name, p.unit, where)
        if draft.knows(name):
            draft.problem(where, f"{name!r} is also a covariate", "choose another name")
        known = is_known(p) and name not in draft.individual
        draft.parameters[name] = Parameter(
            name=name,
            unit=p.unit,
            kind=ParameterKind.CONSTANT if known else ParameterKind.INDIVIDUAL,
            value=typical_value(p),
            where=where,
        )
        _check_levels(draft, p, where)
    _add_parameters(draft)


def _check_levels(draft: Draft, parameter: PopulationParameterSpec, where: str) -> None:
    """Report levels without a code: no code is stated, and the level is not a number."""
    for covariate, effect in parameter.covariates.items():
        stated = draft.spec.covariates.get(covariate)
        if stated is None:
            continue  # reported by the check of names
        for level in effect.levels:
            try:
                level_code(stated, level)
            except ValueError:
                what, remedy = (
                    f"{covariate} has no level {level!r}",
                    "state the codes of its levels",
                )
                draft.problem(f"{where}.covariates.{covariate}", what, remedy)


def _add_parameters(draft: Draft) -> None:
    for name, q in draft.spec.parameters.items():
        where, unit = f"parameters.{name}", q.unit or ""
        _check(draft, name, unit, where)
        if draft.knows(name):
            draft.problem(where, f"{name!r} is defined twice", "keep one of the two")
        elif isinstance(q.value, str):
            expr = draft.parse(q.value, where=where)
            draft.define(name, expr, unit=unit, where=where)
        else:
            draft.parameters[name] = Parameter(
                name=name, unit=unit, kind=ParameterKind.CONSTANT, value=q.value, where=where
            )


def _check(draft: Draft, name: str, unit: str, where: str) -> None:
    complaint = check_name(name)
    if complaint:
        draft.problem(where, complaint, "choose another name")
    try:
        check_unit(unit)
    except UnitError as error:
        draft.problem(f"{where}.unit", str(error), "write a unit such as mg/L or 1/h")


def add_outputs(draft: Draft) -> None:
    """Add the outputs."""
    for name, observed in draft.spec.observe.items():
        where, q = f"observe.{name}.value", observed.value
        _check(draft, name, q.unit or "", f"observe.{name}")
        text = q.value if isinstance(q.value, str) else None
        expr = sp.Float(q.value) if text is None else draft.parse(text, where=where)
        draft.outputs.append(Output(name=name, expr=expr, unit=q.unit or "", where=where))
