"""Flows that add up, volumes that are there, fractions that are fractions."""

from collections.abc import Iterator
from dataclasses import replace

import sympy as sp

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.checks.closure import Closure
from pkqsp_bayes.ode.signs import sign_issues
from pkqsp_bayes.ode.symbols import symbol
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
        # Driven by states: flows that are not the same expression cannot be the same number.
        text = str(difference).replace("**", "^")[:200]
        return [_flow_issue(f"organ flows differ from the cardiac output by {text}")]
    if abs(total - output) <= _ROUNDING * abs(output):
        return []
    unit = f"L/{system.time_unit}"
    what = f"organ flows add up to {total:.6g} {unit}, the cardiac output is {output:.6g} {unit}"
    return [_flow_issue(what)]


def _by_flows(system: OdeSystem, expr: sp.Expr) -> sp.Expr:
    """Write out no more than the flows that are sums and differences of others."""
    table: dict[sp.Symbol, sp.Expr] = {}
    for a in system.assignments:
        if a.name.rpartition(".")[2].startswith(("Q", "CO")) and a.expr.is_Add:
            table[symbol(a.name)] = a.expr.xreplace(table)
    return expr.xreplace(table)


def _flow_issue(what: str) -> Issue:
    remedy = 'correct the flows, or let the rest of the body take "balance"'
    return Issue(where="organs", what=what, remedy=remedy)


def _arterial_flows(spec: ModelSpec, closure: Closure) -> Iterator[str]:
    """Yield what each artery brings: Qart of an organ with portal inflow, Q of the others."""
    series = {n for n, o in spec.organs.items() if o.position == "series"}
    for name in dict.fromkeys((*spec.organs, *spec.lump)):
        if name in series:
            continue
        if closure.has(f"{name}.Qart"):
            yield f"{name}.Qart"
        elif closure.has(f"{name}.Q"):
            yield f"{name}.Q"


def check_positive(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report volumes, flows and partition coefficients that are not positive, at the reference.

    Unbound fraction and haematocrit must lie between 0 and 1.
    """
    closure = Closure.of(system)
    return [
        issue
        for a in system.assignments
        if (value := closure.at_reference(symbol(a.name))) is not None
        for issue in sign_issues(a.name, a.where, value)
    ]


def check_limits(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report references of covariates for which the formulas of the body do not hold."""
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
            what = f"sub-volumes of {total:.6g} L do not fit into {module.organ}, {organ:.6g} L"
            remedy = f"rescale_volumes = true shrinks them by {organ / total:.6g}"
            issues.append(Issue(where=f"qsp.{name}.volumes", what=what, remedy=remedy))
    return issues
