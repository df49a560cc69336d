"""Helpers that keep their names: derivatives by the chain rule, at the cost of the text.

Written out, a helper that reads the one before it twice doubles with each line. Such helpers stay
symbols, *links*; what depends on them is differentiated through them, and each derivative of a link
is a link itself.
"""

from collections.abc import Iterable, Mapping

import sympy as sp

from pkqsp_bayes.ode.symbols import symbol

__all__ = ["Chain", "depends_on", "needed_links"]

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
        return depends_on(expr, self._base)

    def differentiate(self, expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
        """Return the total derivative, in which links are symbols.

        Inside a choice it is taken branch by branch, so that a slope that a condition leaves out,
        and that may be infinite there, is never multiplied by zero.
        """
        if by not in self.depends(expr):
            return _ZERO
        if self._base.keys().isdisjoint(expr.free_symbols):
            return sp.diff(expr, by)
        if isinstance(expr, sp.Piecewise):
            return expr.func(*((self.differentiate(value, by), test) for value, test in expr.args))
        hidden: dict[sp.Basic, sp.Symbol] = {}
        plain = _without_choices(expr, hidden)
        terms = [sp.diff(plain, by)]
        for s in sorted(plain.free_symbols & self._base.keys(), key=str):
            if by in self._base[s]:
                terms.append(sp.diff(plain, s) * self._slope(s, by))
        for choice, s in hidden.items():
            terms.append(sp.diff(plain, s) * self.differentiate(choice, by))
        return sp.Add(*terms).xreplace({s: choice for choice, s in hidden.items()})

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


def _without_choices(expr: sp.Basic, hidden: dict[sp.Basic, sp.Symbol]) -> sp.Expr:
    """Put symbols in the place of the outermost choices."""
    if isinstance(expr, sp.Piecewise):
        return hidden.setdefault(expr, sp.Dummy(f"choice{len(hidden)}", real=True))
    if not expr.has(sp.Piecewise):
        return expr
    return expr.func(*(_without_choices(arg, hidden) for arg in expr.args))


def depends_on(
    expr: sp.Basic, links: Mapping[sp.Symbol, frozenset[sp.Symbol]]
) -> frozenset[sp.Symbol]:
    """Return the symbols of an expression, what each link depends on in the place of the link.

    Examples
    --------
    >>> x, a = symbol("x"), symbol("a")
    >>> depends_on(a + 1, {a: frozenset({x})})
    frozenset({x})
    """
    used = expr.free_symbols
    found = frozenset(s for s in used if s not in links)
    return found.union(*(links[s] for s in used if s in links))


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
    if not links:
        return {}
    used: set[sp.Basic] = set()
    waiting = [s for e in exprs for s in e.free_symbols]
    while waiting:
        s = waiting.pop()
        if s in links and s not in used:
            used.add(s)
            waiting += links[s].free_symbols
    return {s: expr for s, expr in links.items() if s in used}
