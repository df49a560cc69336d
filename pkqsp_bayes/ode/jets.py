"""Power series in time with derivatives by parameters, in ball arithmetic.

A ball (Johansson, IEEE Trans Comput 2017;66:1281-1292) is a number with a proven error bound, so
that a result that is computed as non-zero is non-zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sympy as sp
from flint import arb, arb_series

__all__ = ["Jet", "NotAnalyticError", "evaluate", "fraction_of"]


_NARROW = 1e-20


class NotAnalyticError(ArithmeticError):
    """The error for an expression that has no power series at the point of expansion."""


@dataclass(frozen=True, slots=True)
class Jet:
    """A truncated power series in time with its derivatives by some parameters.

    Parameters
    ----------
    value : arb_series
        The series.
    slopes : dict of int to arb_series
        Its derivatives; missing ones are zero.
    """

    value: arb_series
    slopes: Mapping[int, arb_series] = field(default_factory=dict)

    @classmethod
    def constant(cls, number: arb) -> "Jet":
        """Return the jet of a constant."""
        return cls(arb_series([number]))

    def __add__(self, other: "Jet") -> "Jet":
        slopes = dict(self.slopes)
        for j, s in other.slopes.items():
            slopes[j] = slopes[j] + s if j in slopes else s
        return Jet(self.value + other.value, slopes)

    def __mul__(self, other: "Jet") -> "Jet":
        slopes = {j: s * other.value for j, s in self.slopes.items()}
        for j, s in other.slopes.items():
            part = s * self.value
            slopes[j] = slopes[j] + part if j in slopes else part
        return Jet(self.value * other.value, slopes)

    def through(self, value: arb_series, derivative: arb_series) -> "Jet":
        """Return a function of this jet, by the chain rule."""
        return Jet(value, {j: derivative * s for j, s in self.slopes.items()})

    def inverse(self) -> "Jet":
        """Return 1 / self."""
        if 0 in self.value[0]:
            raise NotAnalyticError("there is a division by zero")
        one = 1 / self.value
        return self.through(one, -one * one)

    def logarithm(self) -> "Jet":
        """Return the natural logarithm."""
        if not self.value[0] > 0:
            raise NotAnalyticError("there is a logarithm, or a fractional power, of zero")
        return self.through(self.value.log(), 1 / self.value)

    def exponential(self) -> "Jet":
        """Return e to the power of self."""
        value = self.value.exp()
        return self.through(value, value)

    def power(self, n: int) -> "Jet":
        """Return an integer power."""
        if n < 0:
            return self.power(-n).inverse()
        if n == 0:
            return Jet.constant(arb(1))
        below = self.value ** (n - 1) if n > 1 else arb_series([1])
        return self.through(below * self.value, n * below)


def _sine(x: Jet) -> Jet:
    return x.through(x.value.sin(), x.value.cos())


def _cosine(x: Jet) -> Jet:
    return x.through(x.value.cos(), -x.value.sin())


def _tanh(x: Jet) -> Jet:
    # 1 - 2 / (exp(2 x) + 1)
    two, one = Jet.constant(arb(2)), Jet.constant(arb(1))
    return one + Jet.constant(arb(-2)) * ((two * x).exponential() + one).inverse()


_FUNCTIONS: Mapping[type[sp.Basic], Callable[[Jet], Jet]] = {
    sp.exp: Jet.exponential,
    sp.log: Jet.logarithm,
    sp.sin: _sine,
    sp.cos: _cosine,
    sp.tanh: _tanh,
}


def evaluate(expr: sp.Expr, known: dict[sp.Basic, Jet]) -> Jet:
    """Return the series of an expression.

    Parameters
    ----------
    expr : sympy expression
        An expression of the grammar of models.
    known : dict of sympy expression to Jet
        Series of the symbols; the series of sub-expressions are added.

    Raises
    ------
    NotAnalyticError
        If it has no power series, such as the square root of a state that is zero.
    """
    found = known.get(expr)
    if found is None:
        found = _evaluate(expr, known)
        known[expr] = found
    return found


def _evaluate(expr: sp.Expr, known: dict[sp.Basic, Jet]) -> Jet:
    if isinstance(expr, sp.Add):
        return _fold(Jet.__add__, expr, known)
    if isinstance(expr, sp.Mul):
        return _fold(Jet.__mul__, expr, known)
    if isinstance(expr, sp.Pow):
        return _power(expr, known)
    if isinstance(expr, sp.Piecewise):
        return _choice(expr, known)
    for kind, function in _FUNCTIONS.items():
        if isinstance(expr, kind):
            return function(evaluate(expr.args[0], known))
    return Jet.constant(_number(expr))


def _fold(join: Callable[[Jet, Jet], Jet], expr: sp.Expr, known: dict[sp.Basic, Jet]) -> Jet:
    first, *rest = (evaluate(part, known) for part in expr.args)
    for part in rest:
        first = join(first, part)
    return first


def _number(expr: sp.Expr) -> arb:
    if isinstance(expr, sp.Rational):
        return arb(int(expr.p)) / int(expr.q)
    if isinstance(expr, sp.Float):
        return arb(float(expr))
    if expr == sp.pi:
        return arb.pi()
    if expr == sp.E:
        return arb(1).exp()
    raise NotAnalyticError(f"{expr} has no value")


def _power(expr: sp.Pow, known: dict[sp.Basic, Jet]) -> Jet:
    base, exponent = evaluate(expr.base, known), expr.exp
    if isinstance(exponent, sp.Number) and float(exponent).is_integer():
        return base.power(int(exponent))
    return (evaluate(exponent, known) * base.logarithm()).exponential()


def _choice(expr: sp.Piecewise, known: dict[sp.Basic, Jet]) -> Jet:
    for value, condition in expr.args:
        if _holds(condition, known):
            return evaluate(value, known)
    raise NotAnalyticError("no condition of a choice holds")


def _holds(condition: sp.Basic, known: dict[sp.Basic, Jet]) -> bool:
    """Return whether a condition holds just after the time of expansion."""
    if condition in (sp.true, sp.false):
        return bool(condition)
    match condition:
        case sp.And():
            return all(_holds(c, known) for c in condition.args)
        case sp.Or():
            return any(_holds(c, known) for c in condition.args)
        case sp.Not():
            return not _holds(condition.args[0], known)
    sign = _sign(evaluate(condition.lhs, known).value - evaluate(condition.rhs, known).value)
    match condition:
        case sp.StrictLessThan():
            return sign < 0
        case sp.LessThan():
            return sign <= 0
        case sp.StrictGreaterThan():
            return sign > 0
        case sp.GreaterThan():
            return sign >= 0
        case sp.Eq():
            return sign == 0
    return sign != 0


def _sign(series: arb_series) -> int:
    """Return the sign of a series just after zero: that of its first non-zero coefficient."""
    for coefficient in series.coeffs():
        if coefficient > 0:
            return 1
        if coefficient < 0:
            return -1
        if not coefficient.is_zero():
            raise NotAnalyticError("the two sides of a condition cannot be distinguished")
    return 0


def fraction_of(ball: arb, *, largest: int = 12) -> tuple[int, int] | None:
    """Return the small fraction inside a narrow ball, or None.

    Examples
    --------
    >>> fraction_of(arb(0.75)), fraction_of(arb(2).sqrt())
    ((3, 4), None)
    """
    if float(ball.rad()) > _NARROW:
        return None
    for q in range(1, largest + 1):
        p = round(float(ball.mid()) * q)
        if abs(p) <= largest**2 and ball.contains(arb(p) / q):
            return p, q
    return None
