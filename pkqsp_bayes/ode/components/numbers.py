"""Numbers of a model file as exact rationals, so that identities can be proved."""

from fractions import Fraction

import sympy as sp

from pkqsp_bayes.units import conversion_factor

__all__ = ["conversion", "exact"]

_ROUNDING = 1e-13


def exact(value: float) -> sp.Rational:
    """Return the rational number that the shortest decimal text of a number represents.

    Examples
    --------
    >>> exact(0.1)
    1/10
    """
    fraction = Fraction(repr(value))
    return sp.Rational(fraction.numerator, fraction.denominator)


def conversion(source: str, target: str) -> sp.Rational:
    """Return the factor between two units as an exact fraction.

    Raises
    ------
    UnitError
        If the dimensions differ.

    Examples
    --------
    >>> conversion("mL/min", "L/h")
    3/50
    >>> conversion("L/day", "L/h")
    1/24
    """
    factor = conversion_factor(source, target)
    larger = Fraction(max(factor, 1 / factor)).limit_denominator(10**6)
    fraction = larger if factor >= 1 else 1 / larger
    if abs(float(fraction) / factor - 1) < _ROUNDING:
        return sp.Rational(fraction.numerator, fraction.denominator)
    return exact(factor)
