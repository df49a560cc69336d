"""Checks for unused parameters, unread states, and initial values that are not constant."""

from collections.abc import Iterator

import sympy as sp

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.checks.closure import Closure
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["check_initial_values", "check_parameters_used", "check_states_read"]


def check_parameters_used(spec: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report unused parameters; for a population parameter this is an error."""
    closure = Closure.of(system)
    used: set[sp.Symbol] = set()
    for expr in _all_expressions(system):
        used |= closure.depends(expr)
    issues = []
    for p in system.parameters:
        if symbol(p.name) not in used:
            individual = p.kind is ParameterKind.INDIVIDUAL
            stated = individual or p.name in spec.population.parameters
            issues.append(
                Issue(
                    severity="error" if stated else "warning",
                    where=p.where,
                    what=f"the parameter {p.name} is never used",
                    remedy="use it in an equation, or remove it",
                )
            )
    return issues


def _all_expressions(system: OdeSystem) -> Iterator[sp.Expr]:
    for s in system.states:
        yield from (s.rhs, s.initial)
    yield from (o.expr for o in system.outputs)
    for d in system.doses:
        yield from _dose_expressions(d)


def _dose_expressions(d: DoseTarget) -> Iterator[sp.Expr]:
    parts = (d.factor, d.bioavailability, d.lag, d.rate, d.duration)
    yield from (e for e in parts if e is not None)


def check_states_read(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Warn of states on which no output depends."""
    if not system.outputs:
        return []
    closure = Closure.of(system)
    names = {symbol(s.name): s for s in system.states}
    uses = {s: closure.depends(state.rhs) & set(names) for s, state in names.items()}
    waiting = [s for o in system.outputs for s in closure.depends(o.expr) if s in names]
    read: set[sp.Symbol] = set()
    while waiting:
        at = waiting.pop()
        if at not in read:
            read.add(at)
            waiting += uses[at]
    return [
        Issue(
            severity="warning",
            where=state.where,
            what=f"the state {state.name} is never read: no output depends on it",
            remedy="observe something that depends on it, or remove it",
        )
        for s, state in names.items()
        if s not in read
    ]


def check_initial_values(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report initial values and dosing quantities that depend on states or time."""
    closure = Closure.of(system)
    moving = {symbol(s.name) for s in system.states} | {TIME}
    issues = []
    for s in system.states:
        if not moving.isdisjoint(closure.depends(s.initial)):
            what = f"{s.name}(0) depends on states or time"
            remedy = "use only parameters and covariates in it"
            issues.append(Issue(where=s.where, what=what, remedy=remedy))
    for d in system.doses:
        if any(not moving.isdisjoint(closure.depends(e)) for e in _dose_expressions(d)):
            what = f"bioavailability, lag, rate or duration of {d.name} depends on states or time"
            remedy = "use only parameters and covariates in it"
            issues.append(Issue(where=d.where, what=what, remedy=remedy))
    return issues
