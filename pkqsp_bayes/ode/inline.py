"""What the right-hand sides see of helpers: written out, or by name where they are long and static.

A body of the library makes volumes and flows of a hundred operations each, and a partition
coefficient is no shorter. Derivatives by states need not walk through what depends on no state, so
such helpers keep their names until coefficients are made of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import sympy as sp
from sympy.core.relational import Relational

from pkqsp_bayes.ode.symbols import TIME, symbol
from pkqsp_bayes.ode.system import Assignment, OdeSystem, ParameterKind

__all__ = ["Inlining", "covariate_symbols", "plan_inlining"]

_LONG = 60

# How many times longer than the text of what it is made of a helper may be when written out. What
# a body of the library makes has shared parts of its own already.
_MOST_TIMES, _MOST_TIMES_OF_BODY = 3, 20
_BODY = ("body", "organs", "pools", "partition", "drug", "blood", "lump")


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
    links : dict
        Helpers that keep their names throughout, for written out they would be far longer than
        their text (`pkqsp_bayes.ode.chain`). None has a condition on time in it.
    """

    rows: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    later: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    subject: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    links: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def write_static(self, expr: sp.Expr) -> sp.Expr:
        """Write out the long static helpers of an expression."""
        return expr.xreplace(self.later).xreplace(self.subject)

    def close(self, expr: sp.Expr) -> sp.Expr:
        """Write out an expression for a row.

        Inside a choice everything is written out: what a condition guards must not be computed
        beforehand.
        """
        seen = expr.xreplace(self.rows)
        if not (self.later or self.subject):
            return seen
        guarded = seen.atoms(sp.Piecewise)
        whole = {g: self.write_static(g) for g in guarded}
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
    texts = _Texts()
    known = set(plan.rows)
    for a in system.assignments:
        name = symbol(a.name)
        sizes[name] = _size(a.expr, sizes)
        texts.add(name, a.expr)
        if texts.is_constant(name, known):
            known.add(name)
        elif sizes[name] > _LONG and texts.doubles(a, sizes[name]):
            link = plan.write_static(a.expr.xreplace(plan.rows))
            if not _has_condition_on_time(link):
                plan.links[name] = link
                sizes[name] = 1
                continue
        expr = a.expr.xreplace(plan.rows)
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


class _Texts:
    """Which helpers each helper reads, and how long their texts are together."""

    def __init__(self) -> None:
        self.own: dict[sp.Symbol, int] = {}
        self.reads: dict[sp.Symbol, frozenset[sp.Symbol]] = {}
        self.choices: set[sp.Symbol] = set()
        self.nested: set[sp.Symbol] = set()
        self.symbols: dict[sp.Symbol, set[sp.Basic]] = {}

    def add(self, name: sp.Symbol, expr: sp.Expr) -> None:
        used = {s for s in expr.free_symbols if s in self.own}
        self.symbols[name] = set(expr.free_symbols)
        self.own[name] = _size(expr, {})
        self.reads[name] = frozenset({name}.union(*(self.reads[s] for s in used)))
        if expr.has(sp.Piecewise):
            self.choices.add(name)
            if not self.choices.isdisjoint(used):
                self.nested.add(name)
        elif not self.choices.isdisjoint(used):
            self.choices.add(name)

    def is_constant(self, name: sp.Symbol, known: set[sp.Symbol]) -> bool:
        return self.symbols[name] <= known

    def doubles(self, a: Assignment, size: int) -> bool:
        """Whether a helper grows on writing out: far beyond its text, or choices in choices."""
        name = symbol(a.name)
        text = sum(self.own[s] for s in self.reads[name])
        most = _MOST_TIMES_OF_BODY if a.where.startswith(_BODY) else _MOST_TIMES
        return name in self.nested or size > most * text


def _has_condition_on_time(expr: sp.Expr) -> bool:
    return any(TIME in relation.free_symbols for relation in expr.atoms(Relational))
