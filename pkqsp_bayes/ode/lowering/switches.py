"""Conditions on time as switches, which are 0 or 1 between break points of the solver.

A relation of time with numbers, parameters and covariates, such as ``t > tstart``, is true on one
side of a single time. In a right-hand side it becomes a *switch*: a coefficient that is constant
between break points, so that no step includes a jump. The solver stops at this time, which may
depend on parameters, and continues with the other value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from pkqsp_bayes.ode.expressions.conditions import NotSeparableError, lift_relation
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.lowering.growth import expanded_terms

__all__ = ["Switch", "Switches", "split_affine"]

_MOST_TERMS = 2000
_HALF = sp.Rational(1, 2)
_ORDERED = (
    sp.StrictGreaterThan,
    sp.GreaterThan,
    sp.StrictLessThan,
    sp.LessThan,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A switch that is on while ``slope * t + intercept`` is positive.

    Parameters
    ----------
    symbol : sympy.Symbol
        Its symbol, which is 0 or 1.
    slope, intercept : sympy expression
        Expressions without time and states.
    closed : bool
        Whether it is on at the break point itself.
    """

    symbol: sp.Symbol
    slope: sp.Expr
    intercept: sp.Expr
    closed: bool


@dataclass(slots=True, kw_only=True)
class Switches:
    """Rewriting of right-hand sides, with the switches that they need.

    Parameters
    ----------
    states : list of sympy.Symbol
        Conditions on these are not switches; links that depend on them may be added.

    Examples
    --------
    >>> switches = Switches(states=[])
    >>> switches.rewrite(sp.Piecewise((1, TIME > symbol("tau")), (0, True)))
    Piecewise((1, switch@0 > 1/2), (0, True))
    >>> switches.table[0].intercept
    -tau
    """

    states: list[sp.Symbol]
    table: list[Switch] = field(default_factory=list)
    _known: dict[sp.Basic, sp.Basic] = field(default_factory=dict)

    def rewrite(self, expr: sp.Expr) -> sp.Expr:
        """Replace all relations of time that have one break point by switches."""
        if not expr.has(Relational) or TIME not in expr.free_symbols:
            return expr
        return self._walk(expr)

    def _walk(self, node: sp.Basic) -> sp.Basic:
        if not node.args or TIME not in node.free_symbols:
            return node
        if node not in self._known:
            self._known[node] = (
                self._relation(node)
                if isinstance(node, Relational)
                else node.func(*(self._walk(arg) for arg in node.args))
            )
        return self._known[node]

    def _relation(self, relation: Relational) -> Boolean:
        if relation.has(sp.Piecewise):
            try:
                plain = lift_relation(relation.func, relation.lhs, relation.rhs)
            except NotSeparableError:
                return relation
            return self._walk(plain) if not plain.has(sp.Piecewise) else relation
        line = split_affine(relation, self.states)
        if line is None:
            return relation
        return self._switch(
            *line, strict=relation.func in (sp.StrictGreaterThan, sp.StrictLessThan)
        )

    def _switch(self, slope: sp.Expr, intercept: sp.Expr, *, strict: bool) -> Boolean:
        """Return the condition that ``slope * t + intercept`` is positive (or zero)."""
        turned = slope.could_extract_minus_sign()
        if turned:  # g > 0 is not (-g >= 0): one switch for a relation and its opposite
            slope, intercept = -slope, -intercept
        name = self._find(slope, intercept, closed=strict is turned)
        return name < _HALF if turned else name > _HALF

    def _find(self, slope: sp.Expr, intercept: sp.Expr, *, closed: bool) -> sp.Symbol:
        for known in self.table:
            if (known.slope, known.intercept, known.closed) == (slope, intercept, closed):
                return known.symbol
        name = symbol(f"switch@{len(self.table)}")
        self.table.append(Switch(symbol=name, slope=slope, intercept=intercept, closed=closed))
        return name


def split_affine(
    relation: Relational, states: Sequence[sp.Symbol]
) -> tuple[sp.Expr, sp.Expr] | None:
    """Return a, b such that the relation is a t + b > 0 (or >= 0); None if it has no such form.

    Examples
    --------
    >>> split_affine(2 * TIME < symbol("x"), ())
    (-2, x)
    >>> split_affine(sp.sin(TIME) > 0, ()) is None
    True
    """
    if not isinstance(relation, _ORDERED) or not relation.free_symbols.isdisjoint(states):
        return None
    sign = 1 if isinstance(relation, sp.StrictGreaterThan | sp.GreaterThan) else -1
    value = sign * (relation.lhs - relation.rhs)
    slope = sp.diff(value, TIME)
    if TIME in slope.free_symbols and expanded_terms(value) <= _MOST_TERMS:
        value = sp.expand(value)
        slope = sp.diff(value, TIME)
    if TIME in slope.free_symbols or slope == 0:
        return None
    return slope, value.xreplace({TIME: sp.Integer(0)})
