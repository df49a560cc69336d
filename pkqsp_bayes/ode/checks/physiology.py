"""Checks of physiology: sums of flows, positive volumes, fractions between 0 and 1."""

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.checks.closure import Closure
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.formulas import sign_issues
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.physiology.formula_ranges import limit_issues
from pkqsp_bayes.spec.model import ModelSpec

__all__ = [
    "check_flows",
    "check_limits",
    "check_positive",
    "check_sub_volumes",
]

_ROUNDING = 1e-6


def check_flows(spec: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report arterial flows that do not add up to the cardiac output."""
    closure = Closure.of(system)
    if not spec.organs or not closure.has("CO"):
        return []
    arterial = sp.Add(*(symbol(name) for name in _arterial_flows(spec, closure)))
    if sp.expand(_by_flows(system, arterial - symbol("CO"))) == 0:
        return []
    difference = closure.close(arterial - symbol("CO"))
    if sp.expand(difference) == 0:
        return []
    total, output = closure.at_reference(arterial), closure.at_reference(symbol("CO"))
    if total is None or output is None:
        # Driven by states: two flows are equal only if their expressions are.
        text = str(difference).replace("**", "^")[:200]
        return [_flow_issue(f"organ flows differ from the cardiac output by {text}")]
    if abs(total - output) <= _ROUNDING * abs(output):
        return []
    unit = f"L/{system.time_unit}"
    what = f"organ flows add up to {total:.6g} {unit}, the cardiac output is {output:.6g} {unit}"
    return [_flow_issue(what)]


def _by_flows(system: OdeSystem, expr: sp.Expr) -> sp.Expr:
    """Expand only the flows that are sums and differences of other flows."""
    table: dict[sp.Symbol, sp.Expr] = {}
    for a in system.assignments:
        if a.name.rpartition(".")[2].startswith(("Q", "CO")) and a.expr.is_Add:
            table[symbol(a.name)] = a.expr.xreplace(table)
    return expr.xreplace(table)


def _flow_issue(what: str) -> Issue:
    remedy = 'correct the flows, or state flow = "balance" for the organ that takes the rest'
    return Issue(where="organs", what=what, remedy=remedy)


def _arterial_flows(spec: ModelSpec, closure: Closure) -> Iterator[str]:
    """Yield the arterial flow of each organ: Qart with portal inflow, else Q."""
    series = {n for n, o in spec.organs.items() if o.position == "series"}
    for name in dict.fromkeys((*spec.organs, *spec.lump)):
        if name in series:
            continue
        if closure.has(f"{name}.Qart"):
            yield f"{name}.Qart"
        elif closure.has(f"{name}.Q"):
            yield f"{name}.Q"


def check_positive(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report volumes, flows and partition coefficients that are not positive at the reference.

    The unbound fraction and the haematocrit must be between 0 and 1.
    """
    closure = Closure.of(system)
    return [
        issue
        for a in system.assignments
        if (value := closure.at_reference(symbol(a.name))) is not None
        for issue in sign_issues(a.name, a.where, value)
    ]


def check_limits(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report reference values of covariates outside the range of the formulas of the body."""
    closure = Closure.of(system)
    issues = []
    for limit in system.limits:
        at = [closure.at_reference(part) for part in (limit.value, limit.low, limit.high)]
        value, low, high = (float("nan") if v is None else v for v in at)
        if None not in at:
            issues += limit_issues([replace(limit, value=value, low=low, high=high)])
    return issues


def check_sub_volumes(spec: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report sub-volumes of a QSP module that do not fit into their organ."""
    closure = Closure.of(system)
    issues: list[Issue] = []
    for name, module in spec.qsp.items():
        if not module.volumes or module.organ is None or not closure.has(f"{module.organ}.V"):
            continue
        parts = sp.Add(*(symbol(f"{name}.{key}") for key in module.volumes))
        total = closure.at_reference(parts)
        organ = closure.at_reference(symbol(f"{module.organ}.V"))
        if total is not None and organ is not None and total > organ * (1 + _ROUNDING):
            what = f"the sub-volumes add up to {total:.6g} L, and {module.organ} has {organ:.6g} L"
            remedy = f"rescale_volumes = true multiplies them by {organ / total:.6g}"
            issues.append(Issue(where=f"qsp.{name}.volumes", what=what, remedy=remedy))
    return issues
