"""What the right-hand sides see of helpers: written out, or by name where they are long and static.

A body of the library makes volumes and flows of a hundred operations each, and a partition
coefficient is no shorter. Derivatives by states need not walk through what depends on no state, so
such helpers keep their names until coefficients are made of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp

from pkqsp_bayes.ode.symbols import TIME, symbol
from pkqsp_bayes.ode.system import OdeSystem, ParameterKind

__all__ = ["Inlining", "covariate_symbols", "plan_inlining"]

_LONG = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlining:
    """Tables for `sympy.Expr.xreplace`, from names of the system.

    Parameters
    ----------
    rows : dict
        For right-hand sides, outputs, initial values and dosing.
    later : dict
        For coefficients: long helpers that depend on parameters or varying covariates.
    subject : dict
        For coefficients of the subject stage: long helpers of fixed covariates alone.
    """

    rows: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    later: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    subject: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def close(self, expr: sp.Expr) -> sp.Expr:
        """Write out an expression for a row.

        Inside a choice everything is written out: what a condition guards must not be computed
        beforehand.
        """
        seen = expr.xreplace(self.rows)
        if not (self.later or self.subject):
            return seen
        guarded = seen.atoms(sp.Piecewise)
        whole = {g: g.xreplace(self.later).xreplace(self.subject) for g in guarded}
        return seen.xreplace(whole)


def covariate_symbols(name: str) -> tuple[sp.Symbol, sp.Symbol]:
    """Return the intercept and slope symbols of a time-varying covariate in a segment."""
    return symbol(f"{name}@intercept"), symbol(f"{name}@slope")


def plan_inlining(system: OdeSystem) -> Inlining:
    """Decide of each helper whether it is written out.

    Parameters
    ----------
    system : OdeSystem
        As composed.

    Examples
    --------
    >>> from pkqsp_bayes.ode.system import Assignment, OdeSystem
    >>> double = Assignment(name="b", expr=2 * symbol("a"))
    >>> plan_inlining(OdeSystem(title="", states=(), parameters=(), assignments=(double,))).rows
    {b: 2*a}
    """
    plan = Inlining(rows=_known(system))
    moving = {symbol(s.name) for s in system.states} | {TIME}
    fixed = {symbol(c.name) for c in system.covariates if c.interpolation == "fixed"}
    sizes: dict[sp.Symbol, int] = {}
    for a in system.assignments:
        name, expr = symbol(a.name), a.expr.xreplace(plan.rows)
        sizes[name] = _size(a.expr, sizes)
        is_short = sizes[name] <= _LONG or not expr.free_symbols
        if is_short or not moving.isdisjoint(expr.free_symbols):
            plan.rows[name] = expr
        elif expr.free_symbols <= fixed | set(plan.subject):
            plan.subject[name] = expr.xreplace(plan.subject)
        else:
            plan.later[name] = expr.xreplace(plan.later)
    return plan


def _known(system: OdeSystem) -> dict[sp.Symbol, sp.Expr]:
    """Map constants and time-varying covariates to what they stand for."""
    table: dict[sp.Symbol, sp.Expr] = {}
    for p in system.parameters:
        if p.kind is ParameterKind.CONSTANT:
            if p.value is None:
                msg = f"constant {p.name!r} has no value"
                raise ValueError(msg)
            table[symbol(p.name)] = _number(p.value)
    for c in system.covariates:
        if c.interpolation != "fixed":
            intercept, slope = covariate_symbols(c.name)
            linear = c.interpolation == "linear"
            table[symbol(c.name)] = intercept + slope * TIME if linear else intercept
    return table


def _number(value: float) -> sp.Expr:
    return sp.Integer(int(value)) if float(value).is_integer() else sp.Float(value)


def _size(expr: sp.Expr, sizes: dict[sp.Symbol, int]) -> int:
    """Return how many nodes an expression has with its helpers written out."""
    return sum(_sizes(sp.preorder_traversal(expr), sizes))


def _sizes(nodes: Iterable[sp.Basic], sizes: dict[sp.Symbol, int]) -> Iterable[int]:
    return (sizes.get(node, 1) if node.is_Symbol else 1 for node in nodes)
