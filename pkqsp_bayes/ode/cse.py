"""Elimination of common sub-expressions that keeps them inside the guards of Piecewise.

``sympy.cse`` extracts ``log(x)`` from ``Piecewise((log(x), x > 0), ...)``, and the generated code
then computes the logarithm of a negative number. Here each outermost Piecewise is first replaced by
a placeholder, so that its branches stay inside their conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

__all__ = ["Shared", "share_subexpressions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Straight-line code: temporaries in order, and results as expressions of these."""

    temporaries: tuple[tuple[sp.Symbol, sp.Expr], ...]
    results: tuple[sp.Expr, ...]


def _hide(expr: sp.Expr, hidden: dict[sp.Expr, sp.Symbol], prefix: str) -> sp.Expr:
    if isinstance(expr, sp.Piecewise):
        return hidden.setdefault(expr, sp.Symbol(f"{prefix}g{len(hidden)}", real=True))
    if not expr.has(sp.Piecewise):
        return expr
    return expr.func(*(_hide(arg, hidden, prefix) for arg in expr.args))


def share_subexpressions(exprs: Sequence[sp.Expr], prefix: str) -> Shared:
    """Split expressions into temporaries and results.

    Parameters
    ----------
    exprs : sequence of sympy expressions
        The expressions to compute.
    prefix : str
        First letters of the names of temporaries.

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> share_subexpressions([sp.exp(x * y), sp.exp(x * y) + 1], "s").results
    (s0, s0 + 1)
    """
    hidden: dict[sp.Expr, sp.Symbol] = {}
    open_exprs = [_hide(e, hidden, prefix) for e in exprs]
    names = (sp.Symbol(f"{prefix}{i}", real=True) for i in range(10**9))
    pairs, results = sp.cse(open_exprs, symbols=names, order="canonical", list=True)
    guards = tuple((name, guard) for guard, name in hidden.items())
    return Shared(temporaries=(*guards, *pairs), results=tuple(results))
