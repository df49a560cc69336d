"""`OdeSystem` as plain Python functions, by substitution alone: nothing of the lowering is used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["CompiledSystem", "compiled"]


@dataclass(frozen=True)
class CompiledSystem:
    """The system as plain Python functions of (t, y, p, covariates)."""

    size: int
    rhs: Callable[..., list[float]]
    jacobian: Callable[..., list[list[float]]]
    initial: Callable[..., list[float]]
    outputs: Callable[..., list[float]]
    doses: Callable[..., list[list[float]]]
    dose_states: tuple[int, ...]
    modelled: tuple[tuple[int, int], ...]
    """(target, RATE) of the modelled rates (-1) and durations (-2)."""
    parameters: tuple[str, ...]
    fixed: tuple[int, ...]
    varying: tuple[int, ...]


_COMPILED: dict[OdeSystem, CompiledSystem] = {}


def compiled(system: OdeSystem) -> CompiledSystem:
    if system not in _COMPILED:
        _COMPILED[system] = _compile(system)
    return _COMPILED[system]


def _compile(system: OdeSystem) -> CompiledSystem:
    states = [symbol(s.name) for s in system.states]
    names = [p.name for p in system.parameters if p.kind is ParameterKind.INDIVIDUAL]
    covariates = [symbol(c.name) for c in system.covariates]
    arguments = (TIME, states, [symbol(n) for n in names], covariates)

    def function(exprs: Any) -> Callable[..., Any]:
        return sp.lambdify(arguments, exprs, modules="math")

    rhs = [_closed(system, s.rhs) for s in system.states]
    zero = sp.Integer(0)
    doses = [
        [d.factor, d.bioavailability, d.lag, d.rate or zero, d.duration or zero]
        for d in system.doses
    ]
    kinds = [c.interpolation for c in system.covariates]
    order = [s.name for s in system.states]
    return CompiledSystem(
        size=len(states),
        rhs=function(rhs),
        jacobian=function([[sp.diff(e, s) for s in states] for e in rhs]),
        initial=function([_closed(system, s.initial) for s in system.states]),
        outputs=function([_closed(system, o.expr) for o in system.outputs]),
        doses=function([[_closed(system, e) for e in row] for row in doses]),
        dose_states=tuple(order.index(d.state) for d in system.doses),
        modelled=tuple(
            (i, code)
            for i, d in enumerate(system.doses)
            for code, expr in ((-1, d.rate), (-2, d.duration))
            if expr is not None
        ),
        parameters=tuple(names),
        fixed=tuple(i for i, k in enumerate(kinds) if k == "fixed"),
        varying=tuple(i for i, k in enumerate(kinds) if k != "fixed"),
    )


def _closed(system: OdeSystem, expr: Any) -> sp.Expr:
    expr = sp.sympify(expr)
    for assignment in reversed(system.assignments):
        expr = expr.xreplace({symbol(assignment.name): assignment.expr})
    constants = {
        symbol(p.name): sp.Float(p.value, 17)
        for p in system.parameters
        if p.kind is ParameterKind.CONSTANT
    }
    return expr.xreplace(constants)
