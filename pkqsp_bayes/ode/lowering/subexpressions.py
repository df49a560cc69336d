"""Sub-expressions: common ones computed once, static ones as coefficients.

``sympy.cse`` extracts ``log(x)`` from ``Piecewise((log(x), x > 0), ...)``, and the generated code
then computes the logarithm of a negative number. Here each outermost Piecewise is first replaced by
a placeholder, so that its branches stay inside their conditions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp

from pkqsp_bayes.ode.expressions.numeric import evaluate

__all__ = ["Hoister", "Shared", "share_subexpressions"]


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


@dataclass(slots=True)
class Hoister:
    """Replacement of static sub-expressions by coefficient symbols, with a table of these.

    Parameters
    ----------
    dynamic : frozenset of sympy.Symbol
        Symbols that a coefficient must not depend on, such as states and time.
    table, labels : dict
        Known coefficients (expression to symbol) and their readable names.
    start : int
        Lower bound of the number of the next coefficient.
    static, rewritten, guarded : dict
        Results for expressions that were tested, or rewritten (in a guard), before.
    """

    dynamic: frozenset[sp.Symbol]
    table: dict[sp.Expr, sp.Symbol] = field(default_factory=dict)
    labels: dict[sp.Symbol, str] = field(default_factory=dict)
    start: int = 0
    static: dict[sp.Basic, bool] = field(default_factory=dict)
    rewritten: dict[sp.Expr, sp.Expr] = field(default_factory=dict)
    guarded: dict[sp.Basic, sp.Basic] = field(default_factory=dict)

    def is_static(self, expr: sp.Basic) -> bool:
        """Return whether an expression is constant within a segment."""
        known = self.static.get(expr)
        if known is None:
            known = expr not in self.dynamic and all(map(self.is_static, expr.args))
            self.static[expr] = known
        return known

    def coefficient(self, expr: sp.Expr, label: str = "") -> sp.Expr:
        """Return the symbol of a static expression (a number stays a number)."""
        if not expr.free_symbols:
            return expr if isinstance(expr, sp.Rational) else _double(expr)
        if expr not in self.table and expr.could_extract_minus_sign() and -expr in self.table:
            return -self.table[-expr]
        if expr not in self.table:
            name = sp.Symbol(f"q{max(self.start, len(self.table))}", real=True)
            self.start = max(self.start, len(self.table)) + 1
            self.table[expr] = name
            self.labels[name] = label or (str(expr) if expr.is_Symbol else "")
        return self.table[expr]

    def hoist(self, expr: sp.Expr) -> sp.Expr:
        """Rewrite an expression over states, time and coefficients."""
        found = self.rewritten.get(expr)
        if found is None:
            found = self.rewritten[expr] = self._hoist(expr)
        return found

    def _hoist(self, expr: sp.Expr) -> sp.Expr:
        if self.is_static(expr):
            return self.coefficient(expr)
        if not expr.args:
            return expr
        if isinstance(expr, (sp.Add, sp.Mul)):
            return self._hoist_associative(expr)
        if isinstance(expr, sp.Piecewise):
            return self._guarded(expr)
        return expr.func(*(self._argument(arg) for arg in expr.args))

    def _argument(self, arg: sp.Basic) -> sp.Basic:
        return self.hoist(arg) if isinstance(arg, sp.Expr) else self._guarded(arg)

    def _hoist_associative(self, expr: sp.Expr) -> sp.Expr:
        static: list[sp.Expr] = []
        moving: list[sp.Expr] = []
        for arg in expr.args:
            (static if self.is_static(arg) else moving).append(arg)
        rewritten = [self.hoist(arg) for arg in moving]
        if static:
            rewritten.insert(0, self.coefficient(expr.func(*static)))
        return expr.func(*rewritten)

    def _guarded(self, node: sp.Basic) -> sp.Basic:
        """Rewrite inside a guard, where only expressions that cannot fail become coefficients.

        ``log(k)`` in a branch for ``k > 0`` must not be evaluated at ``k = -1``: its NaN would
        enter the sensitivities as ``0 * NaN``. Sums and products of plain symbols are safe.
        """
        found = self.guarded.get(node)
        if found is None:
            found = self.guarded[node] = self._rewrite_guarded(node)
        return found

    def _rewrite_guarded(self, node: sp.Basic) -> sp.Basic:
        if isinstance(node, sp.Expr) and self.is_static(node) and _cannot_fail(node):
            return self.coefficient(node)
        if not node.args:
            return node
        return node.func(*(self._guarded(arg) for arg in node.args))


def _double(expr: sp.Expr) -> sp.Float:
    """Compute a function of numbers that SymPy keeps symbolic, such as ``log(2)/3``."""
    return sp.Float(float(evaluate(expr, {})))


def _cannot_fail(expr: sp.Expr) -> bool:
    if expr.is_Symbol or expr.is_Number:
        return True
    return isinstance(expr, (sp.Add, sp.Mul)) and all(_cannot_fail(a) for a in expr.args)
