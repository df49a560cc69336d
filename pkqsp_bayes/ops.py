"""The functions beyond arithmetic that formulas need, over floats, arrays or symbols.

A formula of `pkqsp_bayes.physiology` is written once, takes ``ops: Ops = NUMPY``, and is then a
table that a user prints, a virtual population of arrays, or a SymPy expression in a program. Those
of `pkqsp_bayes.statistics` need a few functions more, and are Stan text too.
"""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, Protocol

import numpy as np

from pkqsp_bayes.arguments.rule import shown, simple
from pkqsp_bayes.remedies import setting

__all__ = [
    "COVARIATE",
    "NUMPY",
    "OPS",
    "VALUE",
    "NumpyOps",
    "Ops",
    "Value",
    "is_number",
    "is_value",
]

# A float, a NumPy array of any shape, or a symbol: any type that supports + - * / **.
type Value = Any


class Ops(Protocol):
    """Operations that formulas use on numbers.

    ``where`` may evaluate both branches: each must be defined for every argument.
    """

    def exp(self, x: Value) -> Value:
        """Return the exponential."""

    def log(self, x: Value) -> Value:
        """Return the natural logarithm."""

    def log10(self, x: Value) -> Value:
        """Return the decadic logarithm."""

    def sqrt(self, x: Value) -> Value:
        """Return the square root."""

    def minimum(self, a: Value, b: Value) -> Value:
        """Return the smaller one."""

    def maximum(self, a: Value, b: Value) -> Value:
        """Return the larger one."""

    def less(self, a: Value, b: Value) -> Value:
        """Return the condition a < b."""

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        """Return a where the condition holds, b elsewhere."""

    def interpolate(self, x: Value, xs: Sequence[float], ys: Sequence[Value]) -> Value:
        """Return ys at x, linear between the increasing knots xs, constant outside."""


_EXPREL = tuple(1.0 / math.factorial(k + 1) for k in range(15))
_LOGREL = (1.0, -1 / 2, 1 / 3, -1 / 4, 1 / 5)


def _series(u: Value, coefficients: Sequence[float]) -> Value:
    """Return a power series, by Horner's rule."""
    total = coefficients[-1] + 0.0 * u
    for coefficient in reversed(coefficients[:-1]):
        total = coefficient + u * total
    return total


class NumpyOps:
    """`Ops` for floats and NumPy arrays.

    Examples
    --------
    >>> float(NUMPY.interpolate(1.5, (0.0, 1.0, 2.0), (0.0, 10.0, 30.0)))
    20.0
    >>> NUMPY.where(NUMPY.less(np.array([1.0, 3.0]), 2.0), 0.0, 1.0).tolist()
    [0.0, 1.0]
    """

    def exp(self, x: Value) -> Value:
        """Return the exponential."""
        return np.exp(x)

    def log(self, x: Value) -> Value:
        """Return the natural logarithm."""
        return np.log(x)

    def log10(self, x: Value) -> Value:
        """Return the decadic logarithm."""
        return np.log10(x)

    def sqrt(self, x: Value) -> Value:
        """Return the square root."""
        return np.sqrt(x)

    def minimum(self, a: Value, b: Value) -> Value:
        """Return the smaller one."""
        return np.minimum(a, b)

    def maximum(self, a: Value, b: Value) -> Value:
        """Return the larger one."""
        return np.maximum(a, b)

    def less(self, a: Value, b: Value) -> Value:
        """Return the condition a < b."""
        return np.less(a, b)

    def where(self, condition: Value, a: Value, b: Value) -> Value:
        """Return a where the condition holds, b elsewhere."""
        return np.where(condition, a, b)

    def abs(self, x: Value) -> Value:
        """Return the absolute value."""
        return np.abs(x)

    def hypot(self, a: Value, b: Value) -> Value:
        """Return the root of the sum of squares."""
        return np.hypot(a, b)

    def power(self, a: Value, b: Value) -> Value:
        """Return a to the power of b."""
        return np.power(a, b)

    def logit(self, x: Value) -> Value:
        """Return log(x / (1 - x))."""
        from scipy.special import logit  # SciPy is slow to import, and few commands need it

        return logit(x)

    def shift_logit(self, value: Value, low: Value, high: Value, shift: Value) -> Value:
        """Return the share of a value between two bounds, shifted on the logit scale."""
        above, below = value - low, high - value
        return above / (above + below * np.exp(-shift))

    def exprel(self, u: Value) -> Value:
        """Return (exp(u) - 1) / u, which is 1 at 0."""
        near = np.abs(u) < 0.5
        return np.where(near, _series(u, _EXPREL), np.expm1(u) / np.where(near, 1.0, u))

    def logrel(self, u: Value) -> Value:
        """Return log(1 + u) / u, which is 1 at 0; NaN where 1 + u is below 0."""
        near = np.abs(u) < 1e-4
        return np.where(near, _series(u, _LOGREL), np.log1p(u) / np.where(near, 1.0, u))

    def match(self, x: Value, cases: Sequence[tuple[float, Value]]) -> Value:
        """Return the value of the case that x equals, 0 where it equals none."""
        # `where`, not a product: a value may be complex (derivatives by complex steps).
        return sum((np.where(x == code, value, 0.0) for code, value in cases), np.zeros_like(x))

    def interpolate(self, x: Value, xs: Sequence[float], ys: Sequence[Value]) -> Value:
        """Return ys at x by linear interpolation between the knots xs, constant outside.

        The values at the knots may be arrays that broadcast with x.
        """
        total = ys[0] + 0.0 * x
        for left, right, low, high in zip(xs, xs[1:], ys, ys[1:], strict=False):
            share = (np.clip(x, left, right) - left) / (right - left)
            total = total + share * (high - low)
        return total


NUMPY = NumpyOps()


def is_number(value: Value) -> bool:
    """Return whether a value is a plain number, which can be compared.

    Examples
    --------
    >>> is_number(0.5), is_number("fup")
    (True, False)
    """
    return isinstance(value, int | float | np.integer | np.floating)


def is_value(value: object) -> bool:
    """Return whether formulas can use a value: numbers, an array of numbers, or a symbol.

    Examples
    --------
    >>> [is_value(v) for v in (0.5, np.ones(2), True, "1", float, {})]
    [True, True, False, False, False, False]
    """
    if isinstance(value, bool | np.bool_ | complex | str | bytes | type):
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is not None:
        return kind in tuple("fiuO")
    return isinstance(value, Real) or (hasattr(value, "__mul__") and hasattr(value, "__pow__"))


def _no_value(value: object) -> str | None:
    """Return why formulas cannot use a value that is neither numbers nor a symbol."""
    if isinstance(value, Real) and is_value(value):
        return None if np.isfinite(float(value)) else f"it is {shown(value)}"
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is not None:
        return _no_array(np.asarray(value), kind)
    return None if is_value(value) else f"it is {shown(value)}"


def _no_array(values: np.ndarray, kind: str) -> str | None:
    if kind == "O":  # symbols
        return None
    if kind not in "fiu":
        return "its elements are not numbers"
    return None if np.isfinite(values).all() else "not all of its elements are finite"


def _no_covariate(value: object) -> str | None:
    """Return the problem of a value that is not numeric; its range is checked later."""
    return None if isinstance(value, Real | str | np.bool_) else _no_value(value)


VALUE = simple(f"give {setting('numbers')}", _no_value)
COVARIATE = simple("give a number, an array of them, or a symbol", _no_covariate)
OPS = simple(
    "give Ops, such as NUMPY",
    lambda value: None if hasattr(value, "interpolate") else f"it is {shown(value)}",
)
