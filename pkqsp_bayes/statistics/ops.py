"""The functions that formulas of statistical forms may use, over numbers, symbols and Stan text."""

from collections.abc import Sequence
from typing import Protocol

from pkqsp_bayes.ops import NUMPY, Value

__all__ = ["NUMPY", "StatisticalOps", "Value"]


class StatisticalOps(Protocol):
    """What a statistical form may ask of its numbers, beyond ``+ - * /``.

    `pkqsp_bayes.ops.NUMPY` has it in numbers and arrays (complex ones too, for derivatives by
    complex steps), `pkqsp_bayes.ode.components.ops.SYMPY` in symbols,
    `pkqsp_bayes.statistics.stan.STAN` in text.
    """

    def exp(self, x: Value) -> Value:
        """Return the exponential."""

    def log(self, x: Value) -> Value:
        """Return the natural logarithm."""

    def abs(self, x: Value) -> Value:
        """Return the absolute value."""

    def hypot(self, a: Value, b: Value) -> Value:
        """Return the root of the sum of squares."""

    def power(self, a: Value, b: Value) -> Value:
        """Return a to the power of b."""

    def logit(self, x: Value) -> Value:
        """Return log(x / (1 - x))."""

    def shift_logit(self, value: Value, low: Value, high: Value, shift: Value) -> Value:
        """Return the share of a value between two bounds, shifted on the logit scale.

        That is u / (u + (1 - u) exp(-shift)), where u = (value - low) / (high - low).
        """

    def exprel(self, u: Value) -> Value:
        """Return (exp(u) - 1) / u, which is 1 at 0."""

    def logrel(self, u: Value) -> Value:
        """Return log(1 + u) / u, which is 1 at 0."""

    def match(self, x: Value, cases: Sequence[tuple[Value, Value]]) -> Value:
        """Return the value of the case (code, value) that x equals, 0 where it equals none."""
