"""Which helpers grow when they are written out, and which of them are to keep their names.

Sizes are counted, nothing is built: a chain of forty helpers may have a million million parts.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.ode.system import Assignment

__all__ = ["BODY", "LONG", "Growth", "expanded_terms", "measure_growth", "size_of"]

LONG = 60
"""Static helpers of more parts keep their names until coefficients are made of them."""

_SHORT = 4
_HUGE, _PIECE = 1000, 250
# How many times longer than the text of what it is made of a helper may be when written out. What
# a body of the library makes has shared parts of its own already.
_MOST_TIMES, _MOST_TIMES_OF_BODY = 3, 20
BODY = ("body", "organs", "pools", "partition", "drug", "blood", "lump")
"""Where what belongs to a body begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What was measured.

    Parameters
    ----------
    kept : set of sympy.Symbol
        Helpers that keep their names throughout.
    sizes : dict
        Nodes of each helper with all others but these written out.
    """

    kept: set[sp.Symbol]
    sizes: dict[sp.Symbol, int]


def size_of(expr: sp.Basic, sizes: Mapping[sp.Symbol, int]) -> int:
    """Return how many nodes an expression has when symbols of known sizes are written out."""
    return sum(sizes.get(node, 1) if node.is_Symbol else 1 for node in sp.preorder_traversal(expr))


def expanded_terms(expr: sp.Expr) -> int:
    """Return how many terms an expression has at most when its products are multiplied out.

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
    """Measure helpers.

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
    """Helpers by name, with what each reads and how often."""

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
        """Return the helpers that are far longer than their text, or choices in choices."""
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
        """Whether a helper is longer than its text so many times; the bound is the cheaper test."""
        size = sizes[name]
        return size > most * least[name] and size > most * self._text(name)

    def _text(self, name: sp.Symbol) -> int:
        return sum(sum(self.nodes[s].values()) for s in self._cone([name]))

    def _cone(self, names: Iterable[sp.Symbol]) -> set[sp.Symbol]:
        """Return helpers and all that they read."""
        found: set[sp.Symbol] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.reads[name]
        return found

    def read_again(self, grown: Sequence[sp.Symbol]) -> set[sp.Symbol]:
        """Return what the helpers that grow read more than once, and these themselves."""
        cone = self._cone(grown)
        times: Counter[sp.Symbol] = Counter()
        for name in cone:
            times.update(self.reads[name])
        return {*grown, *(name for name in cone if times[name] > 1)}

    def cut(self, kept: set[sp.Symbol]) -> Growth:
        """Count helpers that keep their names as one part; short ones need not keep them."""
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
