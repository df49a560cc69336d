"""`pkqsp_bayes.ops.Ops` and `pkqsp_bayes.statistics.ops.StatisticalOps` over symbols."""

from collections.abc import Sequence

import sympy as sp
from sympy.logic.boolalg import Boolean

from pkqsp_bayes.ode.expressions.symbols import Piecewise

__all__ = ["SYMPY", "SympyOps"]


class SympyOps:
    """`Ops` over SymPy expressions and numbers; conditions on numbers are evaluated at once.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> SYMPY.maximum(0, x - 1)
    Piecewise((x - 1, x - 1 > 0), (0, True))
    >>> SYMPY.maximum(0, 3)
    3
    >>> SYMPY.interpolate(x, (0, 2), (1, 5))
    Piecewise((1, x < 0), (2*x + 1, x < 2), (5, True))
    """

    def exp(self, x: sp.Expr) -> sp.Expr:
        """Return the exponential."""
        return sp.exp(x)

    def log(self, x: sp.Expr) -> sp.Expr:
        """Return the natural logarithm."""
        return sp.log(x)

    def log10(self, x: sp.Expr) -> sp.Expr:
        """Return the logarithm to base 10."""
        return sp.log(x) / sp.log(10)

    def sqrt(self, x: sp.Expr) -> sp.Expr:
        """Return the square root."""
        return sp.sqrt(x)

    def minimum(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """Return the smaller one."""
        return self.where(self.less(b, a), b, a)

    def maximum(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """Return the larger one."""
        return self.where(self.less(a, b), b, a)

    def less(self, a: sp.Expr, b: sp.Expr) -> Boolean:
        """Return the condition a < b."""
        left, right = sp.sympify(a), sp.sympify(b)
        if left.free_symbols or right.free_symbols:
            # Not evaluated: SymPy would try to prove it, which can take very long.
            return sp.StrictGreaterThan(right, left, evaluate=False)
        return sp.true if float(left) < float(right) else sp.false

    def where(self, condition: Boolean, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """Return a if the condition holds, else b."""
        chosen, other = sp.sympify(a), sp.sympify(b)
        if chosen == other:
            return chosen
        if condition in (True, False):
            return chosen if condition else other
        return Piecewise((chosen, _plain(condition)), (other, sp.true), evaluate=False)

    def abs(self, x: sp.Expr) -> sp.Expr:
        """Return the absolute value."""
        return sp.Abs(x)

    def hypot(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """Return the root of the sum of squares."""
        return sp.sqrt(a**2 + b**2)

    def power(self, a: sp.Expr, b: sp.Expr) -> sp.Expr:
        """Return a to the power of b."""
        return a**b

    def logit(self, x: sp.Expr) -> sp.Expr:
        """Return log(x / (1 - x))."""
        return sp.log(x / (1 - x))

    def shift_logit(self, value: sp.Expr, low: sp.Expr, high: sp.Expr, shift: sp.Expr) -> sp.Expr:
        """Return the fraction of a value between two bounds after a shift on the logit scale."""
        above, below = value - low, high - value
        return above / (above + below * sp.exp(-shift))

    def exprel(self, u: sp.Expr) -> sp.Expr:
        """Return (exp(u) - 1) / u, which is 1 at 0."""
        series = sp.Integer(0)
        for k in reversed(range(15)):
            series = sp.Rational(1, sp.factorial(k + 1)) + u * series
        return self.where(self.less(u * u, sp.Rational(1, 4)), series, (sp.exp(u) - 1) / u)

    def logrel(self, u: sp.Expr) -> sp.Expr:
        """Return log(1 + u) / u, which is 1 at 0."""
        series = sum((sp.Rational((-1) ** k, k + 1) * u**k for k in range(5)), sp.Integer(0))
        near = self.less(u * u, sp.Rational(1, 10**8))
        return self.where(near, series, sp.log(1 + u) / u)

    def match(self, x: sp.Expr, cases: Sequence[tuple[sp.Expr, sp.Expr]]) -> sp.Expr:
        """Return the value of the case that equals x, or 0 if no case does."""
        branches = [(value, sp.Eq(x, code, evaluate=False)) for code, value in cases]
        return Piecewise(*branches, (sp.Integer(0), sp.true)) if branches else sp.Integer(0)

    def interpolate(self, x: sp.Expr, xs: Sequence[float], ys: Sequence[sp.Expr]) -> sp.Expr:
        """Return ys at x by linear interpolation (xs increasing), constant outside the knots."""
        at = sp.sympify(x)
        result = sp.sympify(ys[-1])
        for left, right, low, high in reversed(list(zip(xs, xs[1:], ys, ys[1:], strict=False))):
            slope = (sp.sympify(high) - low) / (sp.sympify(right) - left)
            result = self._before(at, right, low + slope * (at - left), result)
        return self._before(at, xs[0], sp.sympify(ys[0]), result)

    def _before(self, x: sp.Expr, knot: float, here: sp.Expr, beyond: sp.Expr) -> sp.Expr:
        """Return a choice with one more branch in front, without nesting."""
        if not x.free_symbols:
            return here if float(x) < knot else beyond
        condition = sp.StrictLessThan(x, knot, evaluate=False)
        later = beyond.args if isinstance(beyond, Piecewise) else ((beyond, sp.true),)
        return Piecewise((here, condition), *later, evaluate=False)


def _plain(condition: Boolean) -> Boolean:
    """Rewrite a condition on a choice as a choice of conditions.

    SymPy would do the same, but first solve the condition, which takes long.
    """
    if not condition.has(sp.Piecewise):
        return condition
    *branches, last = sp.piecewise_fold(condition).args
    result = last.expr
    for branch in reversed(branches):
        result = sp.ITE(branch.cond, branch.expr, result)
    return result


SYMPY = SympyOps()
