"""Albumin and alpha-1-acid glycoprotein in plasma, by age."""

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.formula_ranges import require
from pkqsp_bayes.physiology.size import AGE_RANGE

__all__ = [
    "ADULT_AAG",
    "ADULT_ALBUMIN",
    "aag_in_children",
    "albumin_in_children",
    "albumin_in_elderly",
]

# g/L; McNamara & Alcorn, AAPS PharmSci 2002;4:E4 and Johnson et al. 2006, as restated by Miyagi &
# Collier 2011 and Han et al. 2025.
ADULT_ALBUMIN = 44.0
ADULT_AAG = 0.61

_DAYS = 365.25


def albumin_in_children(age: Value, *, ops: Ops = NUMPY) -> Value:
    """Return the albumin concentration, g/L, at an age in years; the adult value is the maximum.

    Notes
    -----
    1.1287 ln(days) + 33.746 (Johnson et al., Clin Pharmacokinet 2006;45:931-56), from one day on.

    Examples
    --------
    >>> round(float(albumin_in_children(1.0)), 1), float(albumin_in_children(40.0))
    (40.4, 44.0)
    """
    require(age=(age, *AGE_RANGE))
    days = ops.maximum(age * _DAYS, 1.0)
    return ops.minimum(1.1287 * ops.log(days) + 33.746, ADULT_ALBUMIN)


def albumin_in_elderly(age: Value) -> Value:
    """Return the albumin concentration, g/L, from 20 years on (Han et al. 2025, Eq 22).

    Examples
    --------
    >>> round(albumin_in_elderly(80.0), 2)
    42.84
    """
    require(age=(age, 20.0, AGE_RANGE[1]))
    return 51.4 - 0.107 * age


def aag_in_children(age: Value, *, ops: Ops = NUMPY) -> Value:
    """Return the AAG concentration, g/L, at an age in years; the adult value is the maximum.

    Notes
    -----
    0.01137 days + 53.4 % of the adult value (Han et al., Pharmaceutics 2025;17:214, Eq 15-16).

    Examples
    --------
    >>> round(float(aag_in_children(1.0)), 3), float(aag_in_children(40.0))
    (0.351, 0.61)
    """
    require(age=(age, *AGE_RANGE))
    share = (0.01137 * age * _DAYS + 53.4) / 100.0
    return ADULT_AAG * ops.minimum(share, 1.0)
