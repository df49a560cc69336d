"""The few functions that formulas need beyond arithmetic, over floats, arrays or symbols.

A formula of this room is written once, takes ``ops: Ops = NUMPY``, and is then a table that a user
prints, a virtual population of arrays, or a SymPy expression in a generated program.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

__all__ = ["NUMPY", "NumpyOps", "Ops", "Value", "is_number"]

# A float, a NumPy array of any shape, or a symbol: whatever carries + - * / **.
type Value = Any


class Ops(Protocol):
    """What a formula may ask of its numbers.

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
        """Return ys at x by straight lines between the knots xs (increasing), held outside."""


class NumpyOps:
    """`Ops` of floats and NumPy arrays.

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
        """Return ys at x by straight lines between the knots xs, held outside.

        The values at the knots may be arrays that broadcast with x.
        """
        total = ys[0] + 0.0 * x
        for left, right, low, high in zip(xs, xs[1:], ys, ys[1:], strict=False):
            share = (np.clip(x, left, right) - left) / (right - left)
            total = total + share * (high - low)
        return total


NUMPY = NumpyOps()


def is_number(value: Value) -> bool:
    """Return whether a value is a plain number, which may be compared.

    Examples
    --------
    >>> is_number(0.5), is_number("fup")
    (True, False)
    """
    return isinstance(value, int | float | np.integer | np.floating)
