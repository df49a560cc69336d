"""Expressions to numbers, over arrays: each is worked out once, however often it is used."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.ode.system import Assignment

__all__ = ["Known", "evaluate", "evaluate_helpers"]

type FloatArray = NDArray[np.float64]

type Known = dict[sp.Basic, FloatArray]
"""Values of symbols, and of every expression that was worked out on the way."""

_FUNCTIONS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "Abs": np.abs,
}  # fmt: skip

_RELATIONS: Mapping[type[sp.Basic], Callable[..., NDArray[np.bool_]]] = {
    sp.StrictLessThan: np.less,
    sp.LessThan: np.less_equal,
    sp.StrictGreaterThan: np.greater,
    sp.GreaterThan: np.greater_equal,
    sp.Equality: np.equal,
    sp.Unequality: np.not_equal,
}


def evaluate(expr: sp.Basic, known: Known) -> FloatArray:
    """Return the value of an expression of the grammar; NaN where it has none.

    Parameters
    ----------
    expr : sympy expression
        Over the symbols in `known`.
    known : dict
        Of each symbol its value, arrays that broadcast; what is worked out is added.

    Raises
    ------
    KeyError
        If a symbol is not known, or a function is not of the grammar.

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
        found = _work_out(expr, known)
        known[expr] = found
    return found


def _work_out(expr: sp.Basic, known: Known) -> FloatArray:
    if isinstance(expr, sp.Symbol):
        raise KeyError(expr.name)
    if isinstance(expr, sp.Number | sp.NumberSymbol):
        return np.asarray(float(expr))
    if isinstance(expr, sp.Piecewise):
        return _choice(expr, known)
    if expr is sp.I:
        return np.asarray(np.nan)  # a logarithm of a negative number has no value
    parts = [_evaluate(arg, known) for arg in expr.args]
    if isinstance(expr, sp.Add):
        return np.asarray(sum(parts[1:], parts[0]))
    if isinstance(expr, sp.Mul):
        return np.asarray(np.multiply.reduce(np.broadcast_arrays(*parts), axis=0))
    if isinstance(expr, sp.Pow):
        return np.asarray(np.power(*parts))
    return np.asarray(_FUNCTIONS[expr.func.__name__](parts[0]))


def _choice(expr: sp.Piecewise, known: Known) -> FloatArray:
    conditions = [_holds(branch.args[1], known) for branch in expr.args]
    values = [_evaluate(branch.args[0], known) for branch in expr.args]
    shape = np.broadcast_shapes(*(np.shape(part) for part in (*conditions, *values)))
    result = np.full(shape, np.nan)
    for condition, value in zip(reversed(conditions), reversed(values), strict=True):
        result = np.where(condition, value, result)
    return result


def _holds(condition: sp.Basic, known: Known) -> NDArray[np.bool_]:
    if condition in (sp.true, sp.false):
        return np.asarray(condition == sp.true)
    if isinstance(condition, sp.Not):
        return np.logical_not(_holds(condition.args[0], known))
    if isinstance(condition, sp.And | sp.Or):
        join = np.logical_and if isinstance(condition, sp.And) else np.logical_or
        parts = np.broadcast_arrays(*(_holds(c, known) for c in condition.args))
        return np.asarray(join.reduce(parts, axis=0))
    if isinstance(condition, sp.ITE):
        test, yes, no = (_holds(part, known) for part in condition.args)
        return np.where(test, yes, no)
    left, right = (_evaluate(side, known) for side in condition.args)
    return np.asarray(_RELATIONS[condition.func](left, right))
