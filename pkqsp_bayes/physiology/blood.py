"""Distribution of drug between plasma and red cells, and clearance by filtration."""

from pkqsp_bayes.ops import Value, is_number
from pkqsp_bayes.physiology.formula_ranges import ABOVE_ZERO, require

__all__ = [
    "blood_to_plasma",
    "cell_partition",
    "erythrocyte_ratio",
    "filtration_clearance",
]

_ANY = (0.0, float("inf"))
_SHARE = (ABOVE_ZERO, 1.0)
_ROUNDING = 1e-9


def blood_to_plasma(haematocrit: Value, fup: Value, cell_kpu: Value) -> Value:
    """Return the blood-to-plasma concentration ratio.

    Parameters
    ----------
    haematocrit : Value
        Fraction.
    fup : Value
        Unbound fraction in plasma.
    cell_kpu : Value
        Ratio of the concentration in red cells to the unbound concentration in plasma: a property
        of the drug, independent of haematocrit and binding.

    Examples
    --------
    >>> round(blood_to_plasma(0.45, 0.85, cell_partition(1.36, 0.85, 0.45)), 6)
    1.36
    """
    require(haematocrit=(haematocrit, 0.0, 1.0), fup=(fup, *_SHARE), cell_kpu=(cell_kpu, *_ANY))
    return 1.0 + haematocrit * (cell_kpu * fup - 1.0)


def cell_partition(BP: Value, fup: Value, haematocrit: Value) -> Value:
    """Return the ratio of the concentration in red cells to the unbound one in plasma.

    Examples
    --------
    >>> round(cell_partition(1.0, 0.5, 0.45), 6)
    2.0
    """
    require(fup=(fup, *_SHARE))
    return erythrocyte_ratio(BP, haematocrit) / fup


def erythrocyte_ratio(BP: Value, haematocrit: Value) -> Value:
    """Return the ratio of the total concentration in red cells to that in plasma.

    Examples
    --------
    >>> round(erythrocyte_ratio(0.55, 0.45), 6)
    0.0
    """
    require(haematocrit=(haematocrit, *_SHARE))
    if is_number(BP) and is_number(haematocrit):
        require(BP=(BP, 1.0 - haematocrit - _ROUNDING, *_ANY[1:]))
    return (BP - (1.0 - haematocrit)) / haematocrit


def filtration_clearance(fup: Value, gfr: Value) -> Value:
    """Return the clearance from plasma by filtration, in the unit of the GFR.

    Examples
    --------
    >>> filtration_clearance(0.1, 7.5)
    0.75
    """
    require(fup=(fup, *_SHARE), gfr=(gfr, *_ANY))
    return fup * gfr
