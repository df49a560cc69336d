"""Numbers of a model file as exact rationals, so that identities can be proved."""

from fractions import Fraction

import sympy as sp

from pkqsp_bayes.units import conversion_factor

__all__ = ["conversion", "exact"]


def exact(value: float) -> sp.Rational:
    """Return the rational that the shortest decimal text of a number means.

    Examples
    --------
    >>> exact(0.1)
    1/10
    """
    fraction = Fraction(repr(value))
    return sp.Rational(fraction.numerator, fraction.denominator)


def conversion(source: str, target: str) -> sp.Rational:
    """Return the factor between two units, freed of the last digits' rounding.

    Raises
    ------
    UnitError
        If the dimensions differ.

    Examples
    --------
    >>> conversion("mL/min", "L/h")
    3/50
    """
    return exact(float(f"{conversion_factor(source, target):.14g}"))
