"""Formulas as Stan text: `StatisticalOps` on expressions of Stan.

An expression has its text, whether it is a vector (``.*`` instead of ``*``), the precedence of its
operator (for parentheses), and the functions that the program must define for it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Union

__all__ = [
    "FUNCTIONS",
    "STAN",
    "StanExpression",
    "StanOps",
    "called_functions",
    "stan_real",
    "stan_vector",
]

_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4

_Operand = Union["StanExpression", float]

FUNCTIONS = {
    "is_level": (
        "// 1 where a category has the code of a level, 0 elsewhere.",
        "vector is_level(data vector x, real code) {",
        "  vector[rows(x)] found;",
        "  for (i in 1 : rows(x)) found[i] = x[i] == code;",
        "  return found;",
        "}",
    ),
    "exprel": (
        "// (exp(u) - 1) / u, near 0 by its series.",
        "vector exprel(vector u) {",
        "  vector[rows(u)] found;",
        "  for (i in 1 : rows(u)) {",
        "    if (abs(u[i]) < 0.5) {",
        "      found[i] = 1;",
        "      for (k in 1 : 14) found[i] = 1 + u[i] * found[i] / (16 - k);",
        "    } else {",
        "      found[i] = expm1(u[i]) / u[i];",
        "    }",
        "  }",
        "  return found;",
        "}",
    ),
    "logrel": (
        "// log(1 + u) / u, near 0 by its series.",
        "vector logrel(vector u) {",
        "  vector[rows(u)] found;",
        "  for (i in 1 : rows(u)) {",
        "    if (abs(u[i]) < 1e-4) {",
        "      found[i] = 1 - u[i] * (1.0 / 2 - u[i] * (1.0 / 3 - u[i] / 4));",
        "    } else {",
        "      found[i] = log1p(u[i]) / u[i];",
        "    }",
        "  }",
        "  return found;",
        "}",
    ),
}
"""Definitions of functions that expressions call and Stan does not have, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StanExpression:
    """A Stan expression.

    Parameters
    ----------
    text : str
        Text in the program.
    is_vector : bool
        Whether it is a vector (over subjects), or a scalar.
    binding : int
        Precedence of its outermost operator.
    functions : frozenset of str
        Names in `FUNCTIONS` that it calls.

    Examples
    --------
    >>> CL, eta = stan_real("CL"), stan_vector("eta")
    >>> (CL * STAN.exp(eta)).text, ((CL + eta) * eta).text
    ('CL * exp(eta)', '(CL + eta) .* eta')
    """

    text: str
    is_vector: bool
    binding: int = _ATOM
    functions: frozenset[str] = frozenset()

    def __add__(self, other: _Operand) -> "StanExpression":
        return _join(self, " + ", other, _SUM, tight=False)

    def __radd__(self, other: float) -> "StanExpression":
        return _operand(other) + self

    def __sub__(self, other: _Operand) -> "StanExpression":
        return _join(self, " - ", other, _SUM)

    def __rsub__(self, other: float) -> "StanExpression":
        return _operand(other) - self

    def __mul__(self, other: _Operand) -> "StanExpression":
        both = self.is_vector and _operand(other).is_vector
        return _join(self, " .* " if both else " * ", other, _PRODUCT)

    def __rmul__(self, other: float) -> "StanExpression":
        return _operand(other) * self

    def __truediv__(self, other: _Operand) -> "StanExpression":
        dotted = _operand(other).is_vector
        return _join(self, " ./ " if dotted else " / ", other, _PRODUCT)

    def __rtruediv__(self, other: float) -> "StanExpression":
        return _operand(other) / self

    def __pow__(self, other: _Operand) -> "StanExpression":
        return STAN.power(self, other)

    def within(self, binding: int) -> str:
        """Return the text, in parentheses if its precedence is lower."""
        return f"({self.text})" if self.binding < binding else self.text


def stan_real(text: str) -> StanExpression:
    """Return a scalar with this name."""
    return StanExpression(text=text, is_vector=False)


def stan_vector(text: str) -> StanExpression:
    """Return a vector over subjects with this name."""
    return StanExpression(text=text, is_vector=True)


def _operand(value: _Operand) -> StanExpression:
    if isinstance(value, StanExpression):
        return value
    # Integers of a formula (the 1 of a linear effect) are printed as integers.
    return stan_real(str(value) if isinstance(value, int) else repr(float(value)))


def _join(
    left: _Operand, sign: str, right: _Operand, binding: int, *, tight: bool = True
) -> StanExpression:
    """Join two operands; if ``tight``, a right one of the same precedence needs parentheses."""
    one, other = _operand(left), _operand(right)
    return StanExpression(
        text=f"{one.within(binding)}{sign}{other.within(binding + tight)}",
        is_vector=one.is_vector or other.is_vector,
        binding=binding,
        functions=one.functions | other.functions,
    )


def _call(name: str, *arguments: _Operand) -> StanExpression:
    parts = [_operand(argument) for argument in arguments]
    own = frozenset({name} & FUNCTIONS.keys())
    return StanExpression(
        text=f"{name}({', '.join(part.text for part in parts)})",
        is_vector=any(part.is_vector for part in parts),
        functions=own.union(*(part.functions for part in parts)),
    )


def called_functions(
    expressions: Iterable[StanExpression], *, known: Iterable[StanExpression] = ()
) -> tuple[str, ...]:
    """Return the definitions of the functions that expressions call and Stan does not have.

    Parameters
    ----------
    expressions, known : iterable of StanExpression
        Expressions with calls; expressions with calls of functions that are already defined.
    """
    names = frozenset[str]().union(*(e.functions for e in expressions))
    names -= frozenset[str]().union(*(e.functions for e in known))
    return tuple(line for name, lines in FUNCTIONS.items() if name in names for line in lines)


class StanOps:
    """`StatisticalOps` of Stan expressions.

    Examples
    --------
    >>> x, b = stan_vector("x"), stan_real("b")
    >>> STAN.power(x / 70.0, b).text, STAN.exp(b * (x - 40.0)).text
    ('(x / 70.0) .^ b', 'exp(b * (x - 40.0))')
    >>> STAN.shift_logit(stan_real("F"), 0.0, 1.0, stan_vector("eta")).text
    'inv_logit(logit(F) + eta)'
    """

    def exp(self, x: _Operand) -> StanExpression:
        """Return the exponential."""
        return _call("exp", x)

    def log(self, x: _Operand) -> StanExpression:
        """Return the natural logarithm."""
        return _call("log", x)

    def abs(self, x: _Operand) -> StanExpression:
        """Return the absolute value."""
        return _call("abs", x)

    def hypot(self, a: _Operand, b: _Operand) -> StanExpression:
        """Return the root of the sum of squares."""
        return _call("hypot", a, b)

    def power(self, a: _Operand, b: _Operand) -> StanExpression:
        """Return a to the power of b."""
        one, other = _operand(a), _operand(b)
        if one.is_vector or other.is_vector:
            return _join(one, " .^ ", other, _POWER)
        return _call("pow", one, other)

    def logit(self, x: _Operand) -> StanExpression:
        """Return log(x / (1 - x))."""
        return _call("logit", x)

    def shift_logit(
        self, value: _Operand, low: float, high: float, shift: _Operand
    ) -> StanExpression:
        """Return the fraction of a value between two bounds after a shift on the logit scale."""
        whole = (low, high) == (0.0, 1.0)
        share = _operand(value) if whole else (_operand(value) - low) / (high - low)
        return _call("inv_logit", self.logit(share) + shift)

    def exprel(self, u: _Operand) -> StanExpression:
        """Return (exp(u) - 1) / u, which is 1 at 0."""
        return _call("exprel", u)

    def logrel(self, u: _Operand) -> StanExpression:
        """Return log(1 + u) / u, which is 1 at 0."""
        return _call("logrel", u)

    def match(self, x: StanExpression, cases: Sequence[tuple[float, _Operand]]) -> StanExpression:
        """Return the value of the case that equals x, or 0 if no case does."""
        terms = [_operand(value) * _call("is_level", x, code) for code, value in cases]
        first, *others = terms
        for term in others:
            first = first + term
        return first


STAN = StanOps()
