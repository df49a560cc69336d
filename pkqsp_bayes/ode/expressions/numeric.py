"""Evaluation of expressions over arrays; each sub-expression is computed once."""

from collections.abc import Iterable

import numpy as np
import sympy as sp
from numpy.typing import NDArray
from sympy.core.relational import Relational

from pkqsp_bayes.ode.expression_graph import apply_operation
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import Assignment

__all__ = ["Known", "evaluate", "evaluate_helpers"]

type FloatArray = NDArray[np.float64]

type Known = dict[sp.Basic, FloatArray]
"""Values of symbols and of all expressions computed so far."""


def evaluate(expr: sp.Basic, known: Known) -> FloatArray:
    """Return the value of an expression of the grammar; NaN if it has none.

    Parameters
    ----------
    expr : sympy expression
        An expression of the symbols in `known`.
    known : dict
        Values of symbols, arrays that broadcast; computed values are added.

    Raises
    ------
    KeyError
        If a symbol is unknown, or a function is not of the grammar.

    Examples
    --------
    >>> x = symbol("x")
    >>> evaluate(sp.log(x) + 1, {x: np.array([1.0, np.e])}).tolist()
    [1.0, 2.0]
    """
    with np.errstate(all="ignore"):
        return _evaluate(expr, known)


def evaluate_helpers(assignments: Iterable[Assignment], known: Known) -> None:
    """Add the values of the helpers that depend on known symbols alone.

    Parameters
    ----------
    assignments : iterable of Assignment
        Each may use those before it.
    known : dict
        As in `evaluate`.
    """
    for a in assignments:
        if all(s in known for s in a.expr.free_symbols):
            known[symbol(a.name)] = evaluate(a.expr, known)


def _evaluate(expr: sp.Basic, known: Known) -> FloatArray:
    found = known.get(expr)
    if found is None:
        found = _compute(expr, known)
        known[expr] = found
    return found


def _compute(expr: sp.Basic, known: Known) -> FloatArray:
    if isinstance(expr, sp.Symbol):
        raise KeyError(expr.name)
    if isinstance(expr, sp.Number | sp.NumberSymbol):
        return np.asarray(float(expr))
    if isinstance(expr, sp.Piecewise):
        return _choice(expr, known)
    if expr is sp.I:
        return np.asarray(np.nan)  # a logarithm of a negative number has no value
    parts = [_evaluate(arg, known) for arg in expr.args]
    return apply_operation(expr.func.__name__, parts)


def _choice(expr: sp.Piecewise, known: Known) -> FloatArray:
    parts = [
        part
        for value, condition in expr.args
        for part in (_evaluate(value, known), _holds(condition, known))
    ]
    return apply_operation("Piecewise", parts)


def _holds(condition: sp.Basic, known: Known) -> NDArray[np.bool_]:
    if condition in (sp.true, sp.false):
        return np.asarray(condition == sp.true)
    read = _evaluate if isinstance(condition, Relational) else _holds
    parts = [read(part, known) for part in condition.args]
    return apply_operation(condition.func.__name__, parts)
