"""User-defined equations: those of the model, and those of a QSP module."""

from collections.abc import Mapping

import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.components.draft import Draft, localised
from pkqsp_bayes.ode.expressions.grammar import Equations, parse_equations
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.qsp.module import Module
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["add_free_equations", "add_module_equations"]


def add_free_equations(draft: Draft) -> None:
    """Add the model's ``equations``; their names are global."""
    spec = draft.spec.equations
    if spec is None:
        return
    block = _parse(draft, spec.text, "equations")
    _add(draft, block, prefix="", units=spec.units, drug=spec.drug, scope={}, where="equations")
    if spec.eliminated is not None:
        unit = f"{draft.amount_unit}/{draft.spec.time_unit}"
        where = "equations.eliminated"
        expr = draft.read(spec.eliminated, unit, where=where)
        draft.eliminated.append(expr)


def add_module_equations(module: Module) -> None:
    """Add the equations of a module; its own names take precedence over those of its organ."""
    spec, draft = module.spec, module.draft
    block = _parse(draft, spec.equations or "", f"{module.where}.equations")
    own = {n: symbol(f"{module.name}.{n}") for n in (*block.derivatives, *block.assignments)}
    local = {n: module.parameter(n) for n in spec.parameters}
    for name in own:
        draft.plain.setdefault(name, []).append(f"{module.name}.{name}")
    scope = {**module.scope, **local, **own}
    where = f"{module.where}.equations"
    _add(
        draft,
        block,
        prefix=f"{module.name}.",
        units=spec.units,
        drug=spec.drug,
        scope=scope,
        where=where,
    )
    _take_up(module, scope)


def _parse(draft: Draft, text: str, where: str) -> Equations:
    try:
        return parse_equations(text, where=where)
    except CheckError as error:
        draft.issues.extend(error.issues)
        return Equations()


def _add(
    draft: Draft,
    block: Equations,
    *,
    prefix: str,
    units: Mapping[str, str],
    drug: Mapping[str, Quantity],
    scope: Mapping[str, sp.Expr],
    where: str,
) -> None:
    _check_keys(draft, block, units, where.removesuffix(".equations"), "units")
    _check_keys(draft, block, drug, where.removesuffix(".equations"), "drug")
    for name, rhs in block.derivatives.items():
        at = f"{where}: d({name})/dt"
        content = sp.Integer(0)
        if name in drug:
            content = draft.read(drug[name], None, where=f"{where}.drug.{name}", scope=scope)
        initial = localised(block.initials.get(name, sp.Integer(0)), scope)
        draft.state(
            prefix + name, unit=units.get(name, ""), where=at, drug=content, initial=initial
        )
        draft.rate(prefix + name, localised(rhs, scope))
    for name, expr in block.assignments.items():
        at = f"{where}: {name}"
        draft.define(prefix + name, localised(expr, scope), unit=units.get(name, ""), where=at)


def _check_keys(
    draft: Draft, block: Equations, table: Mapping[str, object], where: str, key: str
) -> None:
    valid = [*block.derivatives, *block.assignments]
    for name in table:
        if name not in valid:
            remedy = suggest(name, valid, "name a state or helper of the text")
            draft.problem(f"{where}.{key}.{name}", f"the equations define no {name!r}", remedy)


def _take_up(module: Module, scope: Mapping[str, sp.Expr]) -> None:
    """Remove drug from the organ at the rate that the equations state."""
    q = module.spec.drug_uptake
    if q is None:
        return
    draft, place, where = module.draft, module.organ(), f"{module.where}.drug_uptake"
    if place is None:
        draft.problem(where, "there is no organ for the uptake of drug", "state organ")
        return
    unit = f"{draft.amount_unit}/{draft.spec.time_unit}"
    rate = draft.quantity(f"{module.name}.uptake", q, unit, where=where, scope=scope)
    draft.gain(place, -rate)
