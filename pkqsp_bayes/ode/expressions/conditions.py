"""Conditions that contain no Piecewise.

SymPy rewrites a ``Piecewise`` in a condition of another by solving the inequality, which may never
end. So ``max(a, b) > 0`` is split into cases here first. Only sums and products are split: with a
branch in a power or a function, SymPy could compute a number of any size.
"""

import operator
from collections.abc import Callable, Iterator

import sympy as sp
from sympy.logic.boolalg import Boolean

__all__ = ["NotSeparableError", "conjunction", "disjunction", "lift_relation"]

MOST_CASES = 32


_COMPARE: dict[type, Callable[[float, float], bool]] = {
    sp.StrictLessThan: operator.lt,
    sp.LessThan: operator.le,
    sp.StrictGreaterThan: operator.gt,
    sp.GreaterThan: operator.ge,
    sp.Equality: operator.eq,
    sp.Unequality: operator.ne,
}


class NotSeparableError(ValueError):
    """The error for a relation on Piecewise that cannot be written as a plain condition."""


def conjunction(conditions: list[Boolean]) -> Boolean:
    """Join conditions by `and`; drop constant ones and prove nothing."""
    return _join(sp.And, conditions, absorbing=sp.false, neutral=sp.true)


def disjunction(conditions: list[Boolean]) -> Boolean:
    """Join conditions by `or`; drop constant ones and prove nothing."""
    return _join(sp.Or, conditions, absorbing=sp.true, neutral=sp.false)


def _join(
    operation: type, conditions: list[Boolean], *, absorbing: Boolean, neutral: Boolean
) -> Boolean:
    if any(c == absorbing for c in conditions):
        return absorbing
    undecided = list(dict.fromkeys(c for c in conditions if c != neutral))
    if len(undecided) < 2:
        return undecided[0] if undecided else neutral
    return operation(*undecided, evaluate=False)


def lift_relation(relation: type, left: sp.Expr, right: sp.Expr) -> Boolean:
    """Return the relation of two expressions as a condition without Piecewise.

    Parameters
    ----------
    relation : type
        A SymPy relation, such as `sympy.StrictLessThan`.
    left, right : sympy expression
        They may contain Piecewise, but not inside its conditions.

    Raises
    ------
    NotSeparableError
        With more than 32 combinations of branches, or branches inside a power or a function.

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> lift_relation(sp.StrictLessThan, sp.Piecewise((x, x > y), (y, True)), sp.Integer(1))
    ((x > y) & (x < 1)) | ((y < 1) & ~(x > y))
    """
    if not (_separable(left) and _separable(right)):
        raise NotSeparableError("a branch inside a power or a function inside a condition")
    alternatives: list[Boolean] = []
    for (a, b), condition in _cases((left, right), sp.true):
        if len(alternatives) == MOST_CASES:
            raise NotSeparableError("a condition on too many branches")
        alternatives.append(conjunction([condition, _plain(relation, a, b)]))
    return disjunction(alternatives)


def _plain(relation: type, left: sp.Expr, right: sp.Expr) -> Boolean:
    if left.free_symbols or right.free_symbols:
        # Not evaluated: SymPy would try to prove it, which can take very long.
        return relation(left, right, evaluate=False)
    try:
        return sp.true if _COMPARE[relation](float(left), float(right)) else sp.false
    except TypeError:
        raise NotSeparableError("a condition on a branch that is not a real number") from None


def _separable(expr: sp.Expr) -> bool:
    if isinstance(expr, sp.Piecewise):
        return all(_separable(value) for value, _ in expr.args)
    if isinstance(expr, sp.Add | sp.Mul):
        return all(_separable(arg) for arg in expr.args)
    return not expr.has(sp.Piecewise)


def _cases(
    pair: tuple[sp.Expr, sp.Expr], condition: Boolean
) -> Iterator[tuple[tuple[sp.Expr, sp.Expr], Boolean]]:
    piecewise = _outermost(pair[0]) or _outermost(pair[1])
    if piecewise is None:
        yield pair, condition
        return
    missed: list[Boolean] = []
    for value, test in piecewise.args:
        here = conjunction([condition, *missed, test])
        replaced = (pair[0].xreplace({piecewise: value}), pair[1].xreplace({piecewise: value}))
        yield from _cases(replaced, here)
        missed.append(sp.Not(test, evaluate=False))


def _outermost(expr: sp.Basic) -> sp.Piecewise | None:
    walk = sp.preorder_traversal(expr)
    return next((node for node in walk if isinstance(node, sp.Piecewise)), None)
