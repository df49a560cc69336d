"""Helpers that keep their names: derivatives by the chain rule, at the cost of the text.

Written out, a helper that reads the one before it twice doubles with each line. Such helpers stay
symbols, *links*; what depends on them is differentiated through them, and each derivative of a link
is a link itself.
"""

from collections.abc import Iterable, Mapping

import sympy as sp

from pkqsp_bayes.ode.symbols import symbol

__all__ = ["Chain", "needed_links"]

_ZERO = sp.Integer(0)


class Chain:
    """Links in an order in which each uses only earlier ones, and their derivatives.

    Examples
    --------
    >>> x, a, b = symbol("x"), symbol("a"), symbol("b")
    >>> chain = Chain()
    >>> chain.add(a, x**2)
    >>> chain.add(b, a * sp.exp(a))
    >>> slope = chain.differentiate(b, x)
    >>> slope, chain.links[slope]
    (link@3, link@2*(a*exp(a) + exp(a)))
    """

    def __init__(self) -> None:
        self.links: dict[sp.Symbol, sp.Expr] = {}
        self._base: dict[sp.Symbol, frozenset[sp.Symbol]] = {}
        self._slopes: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr] = {}

    def add(self, name: sp.Symbol, expr: sp.Expr) -> None:
        """Add a link."""
        self._base[name] = self.depends(expr)
        self.links[name] = expr

    def depends(self, expr: sp.Basic) -> frozenset[sp.Symbol]:
        """Return the symbols that an expression depends on, through links, without these."""
        used = expr.free_symbols
        found = {s for s in used if s not in self._base}
        return frozenset(found.union(*(self._base[s] for s in used if s in self._base)))

    def differentiate(self, expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
        """Return the total derivative, in which links are symbols."""
        total = sp.diff(expr, by) if by in expr.free_symbols else _ZERO
        for link in sorted(expr.free_symbols & set(self._base), key=lambda s: s.name):
            if by in self._base[link]:
                total += sp.diff(expr, link) * self._slope(link, by)
        return total

    def _slope(self, link: sp.Symbol, by: sp.Symbol) -> sp.Expr:
        """Return the derivative of a link; those before it come first, so that nothing recurses."""
        if (link, by) not in self._slopes:
            for earlier in self._before(link, by):
                self._slopes[earlier, by] = self._named(self.differentiate(self.links[earlier], by))
        return self._slopes[link, by]

    def _before(self, link: sp.Symbol, by: sp.Symbol) -> list[sp.Symbol]:
        wanted = needed_links([link], self.links)
        return [s for s in wanted if by in self._base[s] and (s, by) not in self._slopes]

    def _named(self, slope: sp.Expr) -> sp.Expr:
        if not slope.args or slope.is_number:
            return slope
        name = symbol(f"link@{len(self.links)}")
        self.add(name, slope)
        return name


def needed_links(
    exprs: Iterable[sp.Basic], links: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """Return the links that expressions use, themselves or through others, in order.

    Examples
    --------
    >>> a, b = symbol("a"), symbol("b")
    >>> list(needed_links([b + 1], {a: symbol("x") ** 2, symbol("c"): a, b: a + 1}))
    [a, b]
    """
    used: set[sp.Basic] = set()
    waiting = [s for e in exprs for s in e.free_symbols]
    while waiting:
        s = waiting.pop()
        if s in links and s not in used:
            used.add(s)
            waiting += links[s].free_symbols
    return {s: links[s] for s in links if s in used} if used else {}
