"""Derivatives of helpers that keep their names, by the chain rule.

If each helper reads the one before it twice, the expanded expression doubles with each line. Such
helpers stay symbols, called *links*. Expressions are differentiated through their links, and each
derivative of a link is a link itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol

__all__ = ["Chain", "depends_on", "needed_links", "symbols_read"]

_ZERO = sp.Integer(0)
_NONE: frozenset[sp.Symbol] = frozenset()


class Chain:
    """Links and their derivatives, in an order in which each uses only earlier ones.

    Examples
    --------
    >>> x, a, b = symbol("x"), symbol("a"), symbol("b")
    >>> chain = Chain()
    >>> chain.add(a, x**2)
    >>> chain.add(b, a * sp.exp(a))
    >>> slope = chain.differentiate(b, x)
    >>> slope, chain.links[slope]
    (link@3, a*link@2*exp(a) + link@2*exp(a))
    """

    def __init__(self) -> None:
        self.links: dict[sp.Symbol, sp.Expr] = {}
        self._base: dict[sp.Symbol, frozenset[sp.Symbol]] = {}
        self._depends: dict[sp.Basic, frozenset[sp.Symbol]] = {}
        self._known: dict[tuple[sp.Basic, sp.Symbol], sp.Expr] = {}
        self._slopes: dict[tuple[sp.Symbol, sp.Symbol], sp.Expr] = {}

    def add(self, name: sp.Symbol, expr: sp.Expr) -> None:
        """Add a link."""
        self._base[name] = self.depends(expr)
        self.links[name] = expr
        if name in self._depends:  # it was requested before it was a link
            self._depends.clear()

    def depends(self, expr: sp.Basic) -> frozenset[sp.Symbol]:
        """Return the symbols that an expression depends on, with links expanded."""
        found = self._depends.get(expr)
        if found is None:
            found = self._depends[expr] = self._symbols(expr)
        return found

    def _symbols(self, expr: sp.Basic) -> frozenset[sp.Symbol]:
        if isinstance(expr, sp.Symbol):
            return self._base.get(expr, frozenset({expr}))
        return _NONE.union(*map(self.depends, expr.args))

    def differentiate(self, expr: sp.Expr, by: sp.Symbol) -> sp.Expr:
        """Return the total derivative; links stay symbols in it.

        A choice is differentiated branch by branch, so that the slope of a branch that is not
        taken, which may be infinite, is never multiplied by zero.
        """
        return self._derivative(expr, by)

    def _derivative(self, node: sp.Basic, by: sp.Symbol) -> sp.Expr:
        """Differentiate node by node, which is faster than `sympy.diff`."""
        if node == by:
            return sp.Integer(1)
        if node in self._base:
            return self._slope(node, by) if by in self._base[node] else _ZERO
        if not node.args:
            return _ZERO
        if (node, by) not in self._known:
            self._known[node, by] = (
                self._of_arguments(node, by) if by in self.depends(node) else _ZERO
            )
        return self._known[node, by]

    def _of_arguments(self, node: sp.Basic, by: sp.Symbol) -> sp.Expr:
        if isinstance(node, sp.Piecewise):
            return node.func(*((self._derivative(v, by), test) for v, test in node.args))
        parts = [self._derivative(arg, by) for arg in node.args]
        if isinstance(node, sp.Add):
            return sp.Add(*parts)
        if isinstance(node, sp.Mul):
            return sp.Add(*_products(node.args, parts))
        for kind, outer in _OUTER.items():
            if isinstance(node, kind):
                return outer(node) * parts[0]
        if isinstance(node, sp.Pow):
            return _power(node, *parts)
        msg = f"{node.func.__name__} has no derivative here"
        raise TypeError(msg)

    def _slope(self, link: sp.Symbol, by: sp.Symbol) -> sp.Expr:
        """Return the derivative of a link, after those of earlier links, without recursion."""
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


_OUTER: Mapping[type[sp.Basic], Callable[[sp.Expr], sp.Expr]] = {
    sp.exp: lambda f: f,
    sp.log: lambda f: 1 / f.args[0],
    sp.sin: lambda f: sp.cos(f.args[0], evaluate=False),
    sp.cos: lambda f: -sp.sin(f.args[0], evaluate=False),
    sp.tanh: lambda f: 1 - f**2,
}


def _products(factors: Sequence[sp.Expr], slopes: Sequence[sp.Expr]) -> Iterator[sp.Expr]:
    for i, slope in enumerate(slopes):
        if slope != 0:
            yield sp.Mul(*factors[:i], slope, *factors[i + 1 :])


def _power(power: sp.Pow, base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    if exponent == 0:
        return power.exp * sp.Pow(power.base, power.exp - 1) * base
    return power * (exponent * sp.log(power.base, evaluate=False) + power.exp * base / power.base)


def depends_on(
    expr: sp.Basic, links: Mapping[sp.Symbol, frozenset[sp.Symbol]]
) -> frozenset[sp.Symbol]:
    """Return the symbols of an expression, with each link replaced by its dependencies.

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
    """Return the links that expressions use, directly or through others, in order.

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


def symbols_read(exprs: Iterable[sp.Basic], links: Mapping[sp.Symbol, sp.Expr]) -> set[sp.Basic]:
    """Return the symbols of expressions and of the links that they use.

    Examples
    --------
    >>> a, x = symbol("a"), symbol("x")
    >>> sorted(map(str, symbols_read([a + 1], {a: x**2})))
    ['a', 'x']
    """
    exprs = list(exprs)
    return {s for e in (*exprs, *needed_links(exprs, links).values()) for s in e.free_symbols}
