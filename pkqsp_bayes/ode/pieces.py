"""Long or deep expressions split into pieces, so that derivatives do not grow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sympy as sp

__all__ = ["Pieces", "is_long"]

_LONGEST, _DEEPEST, _MOST_FACTORS = 300, 12, 10
_PIECE, _HEIGHT = 40, 5
_TERMS: dict[type, int] = {sp.Add: 12, sp.Mul: 4}  # the derivative of a product has squares


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression with its number of nodes and its height; pieces count as symbols."""

    expr: sp.Basic
    size: int = 1
    height: int = 1


def is_long(expr: sp.Basic) -> bool:
    """Return whether an expression is long or deep enough to be split.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> is_long(x + 1), is_long(sp.Add(*(sp.exp(i * x) for i in range(1, 200))))
    (False, True)
    """
    waiting, size = [(expr, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        size += 1
        wide = isinstance(node, sp.Mul) and len(node.args) > _MOST_FACTORS
        if wide or size > _LONGEST or depth > _DEEPEST:
            return True
        waiting += [(arg, depth + 1) for arg in node.args]
    return False


@dataclass(slots=True)
class Pieces:
    """Splitting of expressions into named pieces.

    Parameters
    ----------
    name : callable
        Returns the symbol for a piece, which may read earlier ones.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> made = []
    >>> pieces = Pieces(lambda e: made.append(e) or sp.Symbol(f"p{len(made)}", real=True))
    >>> pieces.cut(sp.Add(*(sp.exp(i * x) for i in range(1, 25)))).free_symbols == {
    ...     sp.Symbol("p1", real=True), sp.Symbol("p2", real=True)}
    True
    """

    name: Callable[[sp.Expr], sp.Symbol]
    _known: dict[sp.Basic, _Part] = field(default_factory=dict)
    _names: dict[sp.Basic, sp.Symbol] = field(default_factory=dict)

    def cut(self, expr: sp.Expr) -> sp.Expr:
        """Return an expression in terms of pieces."""
        return self._part(expr).expr

    def _part(self, node: sp.Basic) -> _Part:
        if not node.args or isinstance(node, sp.logic.boolalg.Boolean):
            return _Part(node)
        if node not in self._known:
            self._known[node] = self._made(node, [self._part(arg) for arg in node.args])
        return self._known[node]

    def _made(self, node: sp.Basic, parts: list[_Part]) -> _Part:
        most = _TERMS.get(node.func, len(parts))
        while len(parts) > most:
            parts = self._grouped(node.func, parts, most)
        expr = node.func(*(part.expr for part in parts))
        whole = _joined(expr, parts)
        is_piece = whole.size > _PIECE or whole.height > _HEIGHT
        return self._named(expr) if is_piece and isinstance(expr, sp.Expr) else whole

    def _grouped(
        self, join: Callable[..., sp.Expr], parts: Sequence[_Part], most: int
    ) -> list[_Part]:
        groups = [parts[i : i + most] for i in range(0, len(parts), most)]
        return [
            self._named(join(*(part.expr for part in group))) if len(group) > 1 else group[0]
            for group in groups
        ]

    def _named(self, expr: sp.Expr) -> _Part:
        if not expr.free_symbols:
            return _Part(expr)
        if expr not in self._names:
            self._names[expr] = self.name(expr)
        return _Part(self._names[expr])


def _joined(expr: sp.Basic, parts: Sequence[_Part]) -> _Part:
    height = max(part.height for part in parts)
    # A choice consists of pairs, which do not count as a level.
    pair = isinstance(expr, sp.functions.elementary.piecewise.ExprCondPair)
    return _Part(expr, 1 + sum(part.size for part in parts), height if pair else height + 1)
