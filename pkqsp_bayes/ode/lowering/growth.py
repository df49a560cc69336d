"""Growth of helpers when they are expanded, and the helpers that therefore keep their names.

Sizes are counted without building expressions: forty chained helpers may have 10^12 parts.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import Assignment

__all__ = ["BODY", "LONG", "Growth", "expanded_terms", "measure_growth", "size_of"]

LONG = 60
"""Static helpers with more parts keep their names until coefficients are built from them."""

_SHORT = 4
_HUGE, _PIECE = 1000, 250
# Largest ratio of the expanded size of a helper to the size of the text that it depends on. A body
# of the library already has shared parts of its own.
_MOST_TIMES, _MOST_TIMES_OF_BODY = 3, 20
BODY = ("body", "organs", "pools", "partition", "drug", "blood", "lump")
"""First parts of the paths of what belongs to a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The result of the measurement of growth.

    Parameters
    ----------
    kept : set of sympy.Symbol
        Helpers that keep their names throughout.
    sizes : dict
        Number of nodes of each helper with all helpers but these expanded.
    """

    kept: set[sp.Symbol]
    sizes: dict[sp.Symbol, int]


def size_of(expr: sp.Basic, sizes: Mapping[sp.Symbol, int]) -> int:
    """Return the number of nodes of an expression when symbols of known sizes are expanded."""
    return sum(sizes.get(node, 1) if node.is_Symbol else 1 for node in sp.preorder_traversal(expr))


def expanded_terms(expr: sp.Expr) -> int:
    """Return an upper bound of the number of terms after all products are expanded.

    Examples
    --------
    >>> x, y = symbol("x"), symbol("y")
    >>> expanded_terms((x + y) ** 3 * (x + 1)), expanded_terms((x + y + 1) ** 100)
    (8, 5151)
    """
    if isinstance(expr, sp.Add):
        return sum(expanded_terms(arg) for arg in expr.args)
    if isinstance(expr, sp.Mul):
        return math.prod(expanded_terms(arg) for arg in expr.args)
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer:
        terms, times = expanded_terms(expr.base), abs(int(expr.exp))
        return math.comb(terms + times - 1, times)
    return 1


def measure_growth(assignments: Sequence[Assignment]) -> Growth:
    """Measure the expanded sizes of helpers.

    Parameters
    ----------
    assignments : sequence of Assignment
        Each reads only earlier ones.

    Examples
    --------
    >>> a = symbol("a")
    >>> square = Assignment(name="b", expr=a * sp.exp(a))
    >>> measure_growth([square]).sizes[symbol("b")]
    4
    """
    helpers = _Helpers(assignments)
    grown = helpers.grown()
    return helpers.cut(helpers.read_again(grown) if grown else set())


class _Helpers:
    """Helpers by name, with the symbols that each reads and their counts."""

    def __init__(self, assignments: Sequence[Assignment]) -> None:
        self.all = {symbol(a.name): a for a in assignments}
        self.nodes = {
            name: Counter(
                node if node in self.all else None for node in sp.preorder_traversal(a.expr)
            )
            for name, a in self.all.items()
        }
        self.reads = {
            name: {s: n for s, n in nodes.items() if s is not None}
            for name, nodes in self.nodes.items()
        }

    def _size(self, name: sp.Symbol, sizes: Mapping[sp.Symbol, int]) -> int:
        return sum(n * (1 if s is None else sizes[s]) for s, n in self.nodes[name].items())

    def grown(self) -> list[sp.Symbol]:
        """Return the helpers that are much longer than their text, or nested choices."""
        sizes: dict[sp.Symbol, int] = {}
        least: dict[sp.Symbol, int] = {}
        choices: set[sp.Symbol] = set()
        grown: list[sp.Symbol] = []
        for name, a in self.all.items():
            sizes[name] = self._size(name, sizes)
            own = sum(self.nodes[name].values())
            least[name] = own + max((least[s] for s in self.reads[name]), default=0)
            inner, outer = not choices.isdisjoint(self.reads[name]), a.expr.has(sp.Piecewise)
            if inner or outer:
                choices.add(name)
            is_body = a.where.startswith(BODY)
            most = _MOST_TIMES_OF_BODY if is_body else _MOST_TIMES
            if sizes[name] <= LONG:
                continue
            is_huge = sizes[name] > _HUGE and not is_body
            if (inner and outer) or is_huge or self._is_far_longer(name, sizes, least, most):
                grown.append(name)
        return grown

    def _is_far_longer(
        self,
        name: sp.Symbol,
        sizes: Mapping[sp.Symbol, int],
        least: Mapping[sp.Symbol, int],
        most: int,
    ) -> bool:
        """Return whether a helper is much longer than its text; the bound is tested first."""
        size = sizes[name]
        return size > most * least[name] and size > most * self._text(name)

    def _text(self, name: sp.Symbol) -> int:
        return sum(sum(self.nodes[s].values()) for s in self._cone([name]))

    def _cone(self, names: Iterable[sp.Symbol]) -> set[sp.Symbol]:
        """Return helpers and all the helpers that they depend on."""
        found: set[sp.Symbol] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.reads[name]
        return found

    def read_again(self, grown: Sequence[sp.Symbol]) -> set[sp.Symbol]:
        """Return the growing helpers and the helpers that they read more than once."""
        cone = self._cone(grown)
        times: Counter[sp.Symbol] = Counter()
        for name in cone:
            times.update(self.reads[name])
        return {*grown, *(name for name in cone if times[name] > 1)}

    def cut(self, kept: set[sp.Symbol]) -> Growth:
        """Return sizes with kept helpers counted as one part; short helpers are not kept."""
        sizes: dict[sp.Symbol, int] = {}
        links: set[sp.Symbol] = set()
        seen: dict[sp.Symbol, int] = {}
        for name, a in self.all.items():
            sizes[name] = seen[name] = self._size(name, seen)
            is_piece = kept and sizes[name] > _PIECE and not a.where.startswith(BODY)
            if is_piece or (name in kept and sizes[name] > _SHORT):
                links.add(name)
                seen[name] = 1
        return Growth(kept=links, sizes=sizes)
