"""Guards of links that are read only in branches, so that they are computed only there.

A link to ``log(C)`` under the condition ``C > 0`` must not be computed before the condition is
tested: its slope would be infinite, and the gradient would be NaN.
"""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import sympy as sp
from sympy.logic.boolalg import Boolean

from pkqsp_bayes.ode.expressions.conditions import conjunction, disjunction
from pkqsp_bayes.ode.expressions.symbols import Piecewise
from pkqsp_bayes.ode.lowering.chain import needed_links

__all__ = ["guard_links"]

type _Path = frozenset[Boolean]

_ALWAYS: _Path = frozenset()
_MOST_PATHS = 8
_LONGEST_PATH = 8


def guard_links(
    roots: Iterable[sp.Expr], links: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """Return the links that expressions need, each under the conditions of its uses.

    Parameters
    ----------
    roots : iterable of sympy expression
        All expressions that are computed.
    links : mapping
        Each after those that it reads.

    Returns
    -------
    dict
        The links; each is after those that it or its guard reads.

    Examples
    --------
    >>> x, a = sp.symbols("x a", real=True)
    >>> guard_links([sp.Piecewise((a, x > 0), (0, True))], {a: sp.log(x)})
    {a: Piecewise((log(x), x > 0), (0, True))}
    >>> guard_links([sp.Piecewise((a, x > 0), (a + 1, True))], {a: sp.log(x)})
    {a: log(x)}
    """
    roots = list(roots)
    needed = needed_links(roots, links)
    if not needed:
        return {}
    uses = _Uses(needed)
    for root in roots:
        uses.walk(root, _ALWAYS)
    for name in reversed(list(needed)):
        for path in uses.paths[name]:
            uses.walk(needed[name], path)
    guarded = {name: _guarded(expr, uses.paths[name]) for name, expr in needed.items()}
    return _ordered(guarded) or needed


class _Uses:
    """The paths along which links are read; a path is a set of conditions."""

    def __init__(self, links: Mapping[sp.Symbol, sp.Expr]) -> None:
        self.paths: dict[sp.Symbol, list[_Path]] = {name: [] for name in links}

    def walk(self, expr: sp.Basic, path: _Path) -> None:
        if expr in self.paths:
            self._note(expr, path)
        elif isinstance(expr, sp.Piecewise):
            self._choice(expr, path)
        elif not self.paths.keys().isdisjoint(expr.free_symbols):
            for arg in expr.args:
                self.walk(arg, path)

    def _choice(self, expr: sp.Piecewise, path: _Path) -> None:
        for value, condition in expr.args:
            self.walk(condition, path)
            self.walk(value, path if condition == sp.true else path | {condition})
            path = path | {sp.Not(condition, evaluate=False)}

    def _note(self, name: sp.Symbol, path: _Path) -> None:
        """Add a path; if one path includes another, the shorter is kept."""
        known = self.paths[name]
        if len(path) > _LONGEST_PATH or len(known) >= _MOST_PATHS:
            path = _ALWAYS
        if any(other <= path for other in known):
            return
        self.paths[name] = [*(other for other in known if not path <= other), path]
        for other in known:
            if _are_opposite(path ^ other):
                self._note(name, path & other)


def _are_opposite(conditions: frozenset[Boolean]) -> bool:
    return len(conditions) == 2 and any(
        isinstance(c, sp.Not) and c.args[0] in conditions for c in conditions
    )


def _guarded(expr: sp.Expr, paths: list[_Path]) -> sp.Expr:
    if _ALWAYS in paths:
        return expr
    alternatives = [conjunction(sorted(path, key=sp.default_sort_key)) for path in paths]
    return Piecewise((expr, disjunction(alternatives)), (sp.Integer(0), sp.true), evaluate=False)


def _ordered(links: dict[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """Sort links so that each reads only earlier ones; empty if that is impossible."""
    reads = {
        name: sorted((s for s in expr.free_symbols if s in links), key=str)
        for name, expr in links.items()
    }
    try:
        return {name: links[name] for name in TopologicalSorter(reads).static_order()}
    except CycleError:
        return {}
