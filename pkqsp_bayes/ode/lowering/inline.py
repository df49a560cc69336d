"""Expansion of helpers in right-hand sides; helpers that are long and static keep their names.

In a body of the library, a volume, a flow or a partition coefficient has about a hundred
operations. Derivatives by states do not need expressions without states, so such helpers keep their
names until coefficients are built from them.
"""

import functools
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import sympy as sp

from pkqsp_bayes.ode.expressions.numeric import Known, evaluate
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.ode.lowering.growth import LONG, measure_growth, size_of
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["Inlining", "covariate_symbols", "plan_inlining"]

_BITS_OF_NODE = 16


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
        Helpers that always keep their names because they would be much longer than their text
        (`pkqsp_bayes.ode.lowering.chain`), each after those that it reads.
    numbers : set
        Names of constants.
    """

    rows: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    later: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    subject: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    links: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    numbers: set[sp.Symbol] = field(default_factory=set)

    def write(self, expr: sp.Expr) -> sp.Expr:
        """Expand an expression for a row; powers of numbers become doubles, not huge integers."""
        powers = _powers_of_numbers(expr, self.numbers)
        doubles = {power: _constant(power, self.rows) for power in powers}
        return expr.xreplace(doubles | self.rows if doubles else self.rows)

    def write_static(self, expr: sp.Expr) -> sp.Expr:
        """Expand the long static helpers of an expression."""
        return expr.xreplace(self.later).xreplace(self.subject)

    def close(self, expr: sp.Expr) -> sp.Expr:
        """Expand all that a row needs expanded in an expression.

        Inside a choice everything is expanded: an expression under a condition must not be computed
        before the condition is tested.
        """
        seen = self.write(expr)
        if not (self.later or self.subject):
            return seen
        guarded = seen.atoms(sp.Piecewise)
        whole = {g: self.write_static(g) for g in guarded}
        return seen.xreplace(whole)


def covariate_symbols(name: str) -> tuple[sp.Symbol, sp.Symbol]:
    """Return the intercept and slope symbols of a time-varying covariate in a segment."""
    return symbol(f"{name}@intercept"), symbol(f"{name}@slope")


@functools.lru_cache(maxsize=4)
def plan_inlining(system: OdeSystem) -> Inlining:
    """Decide which helpers are expanded. The result is cached and must not be changed.

    Parameters
    ----------
    system : OdeSystem
        The composed system.

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
    plan.numbers.update(s for s, value in plan.rows.items() if not value.free_symbols)
    growth = measure_growth(system.assignments)
    for a in system.assignments:
        name = symbol(a.name)
        if plan.numbers.issuperset(a.expr.free_symbols):
            plan.rows[name] = _constant(a.expr, plan.rows)
            plan.numbers.add(name)
            continue
        expr = plan.write(a.expr)
        if name in growth.kept:
            plan.links[name] = plan.write_static(expr)
            if not moving.isdisjoint(plan.links[name].free_symbols):
                moving.add(name)
        elif growth.sizes[name] <= LONG or not moving.isdisjoint(expr.free_symbols):
            plan.rows[name] = expr
        elif expr.free_symbols <= fixed | set(plan.subject):
            plan.subject[name] = expr.xreplace(plan.subject)
        else:
            plan.later[name] = expr.xreplace(plan.later)
    return plan


def _known(system: OdeSystem) -> dict[sp.Symbol, sp.Expr]:
    """Map constants and time-varying covariates to their expressions."""
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


def _constant(expr: sp.Expr, known: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """Insert numbers; a long function of numbers, or a long number, becomes a double."""
    sizes = {s: _length(known[s]) for s in expr.free_symbols}
    if size_of(expr, sizes) <= LONG and not _powers_of_numbers(expr, set(known)):
        value = expr.xreplace(known)
        if _length(value) <= LONG:
            return value
    numbers: Known = {s: evaluate(known[s], {}) for s in expr.free_symbols}
    return sp.Float(float(evaluate(expr, numbers)))


def _powers_of_numbers(expr: sp.Expr, numbers: AbstractSet[sp.Symbol]) -> list[sp.Pow]:
    """Return powers of a number with a name as exponent."""
    return [
        power
        for power in expr.atoms(sp.Pow)
        if power.exp.free_symbols and power.free_symbols <= numbers
    ]


def _length(number: sp.Expr) -> int:
    """Return the number of nodes of a function of numbers; a long number counts as many."""
    bits = sum(int(n.p).bit_length() + int(n.q).bit_length() for n in number.atoms(sp.Rational))
    return size_of(number, {}) + bits // _BITS_OF_NODE
