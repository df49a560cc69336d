"""Functions for formulas of statistical forms, over numbers, symbols and Stan text."""

from collections.abc import Sequence
from typing import Protocol

from pkqsp_bayes.ops import NUMPY, Value

__all__ = ["NUMPY", "StatisticalOps", "Value"]


class StatisticalOps(Protocol):
    """The operations on values that a statistical form may use, in addition to ``+ - * /``.

    `pkqsp_bayes.ops.NUMPY` implements it for numbers and arrays (complex ones too, for derivatives
    by complex steps), `pkqsp_bayes.ode.components.ops.SYMPY` for symbols, and
    `pkqsp_bayes.statistics.stan.STAN` for text.
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
        """Return the fraction of a value between two bounds after a shift on the logit scale.

        That is u / (u + (1 - u) exp(-shift)), where u = (value - low) / (high - low).
        """

    def exprel(self, u: Value) -> Value:
        """Return (exp(u) - 1) / u, which is 1 at 0."""

    def logrel(self, u: Value) -> Value:
        """Return log(1 + u) / u, which is 1 at 0."""

    def match(self, x: Value, cases: Sequence[tuple[Value, Value]]) -> Value:
        """Return the value of the case (code, value) that equals x, or 0 if no case does."""
