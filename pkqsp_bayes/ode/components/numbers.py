"""Numbers of a model file as exact rationals, and conversion between mass and moles."""

from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.units import UnitError, conversion_factor, same_dimension

if TYPE_CHECKING:
    from pkqsp_bayes.ode.components.draft import Draft

__all__ = ["amount_conversion", "conversion", "exact"]

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


def amount_conversion(draft: "Draft", source: str, target: str, *, where: str) -> sp.Expr:
    """Return the factor from one amount (or concentration) unit to another.

    Parameters
    ----------
    draft : Draft
        Has the symbol ``MW`` (g/mol) if the drug states it.
    source, target : str
        Units of mass or of substance, or the same per volume.
    where : str
        Path in the model file.
    """
    try:
        if same_dimension(source, target):
            return conversion(source, target)
        if same_dimension(f"({source})*g/mol", target):
            return _molar_mass(draft, source, target, where) * conversion(
                f"({source})*g/mol", target
            )
        if same_dimension(source, f"({target})*g/mol"):
            return conversion(source, f"({target})*g/mol") / _molar_mass(
                draft, source, target, where
            )
    except UnitError as error:
        draft.problem(where, str(error), "write a unit such as mg or nmol")
        return sp.Integer(1)
    draft.problem(where, f"{source} cannot be converted to {target}", _remedy(source, target))
    return sp.Integer(1)


def _molar_mass(draft: "Draft", source: str, target: str, where: str) -> sp.Expr:
    if not draft.knows("MW"):
        what = f"a conversion between mass and moles ({source} to {target}) needs the molar mass"
        draft.problem(
            where, what,
            'state drug.MW, with unit "g/mol"; or use one kind of unit: unit of [dose.*], '
            f'equations.units, or amount_unit = "{target}" for the whole model',
        )  # fmt: skip
        return sp.Integer(1)
    return symbol("MW")


def _remedy(source: str, target: str) -> str:
    if any(
        same_dimension(f"({target})*L", f"({source}){more}") for more in ("", "*g/mol", "*mol/g")
    ):
        return (
            "an amount changes a concentration by the volume: state the amount in one unit of "
            'the state, equations.drug = { NAME = "V" }'
        )
    return f'use a mass or a molar unit; or amount_unit = "{target}" for the whole model'
