"""The functions beyond arithmetic that formulas need, over floats, arrays or symbols.

A formula of this package is written once with the argument ``ops: Ops = NUMPY``. It then gives
a number in a table, an array in a virtual population, or a SymPy expression in a generated program.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Protocol

import numpy as np

from pkqsp_bayes.arguments.rule import shown, simple

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


VALUE = simple("give a finite number, an array of them, or a symbol", _no_value)
COVARIATE = simple("give a number, an array of them, or a symbol", _no_covariate)
OPS = simple(
    "give Ops, such as NUMPY",
    lambda value: None if hasattr(value, "interpolate") else f"it is {shown(value)}",
)
