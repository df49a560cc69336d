"""Numbers that code a missing value: -99, 999 and similar ones."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["CODES", "find_sentinels", "is_code"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CODES = (-9.0, -88.0, -99.0, -888.0, -999.0, -9999.0, -99999.0, 99.0, 888.0, 999.0, 9999.0,
         99999.0)  # fmt: skip
"""Numbers that files use for missing values."""

_NEAR = 2.0


def is_code(values: FloatArray) -> BoolArray:
    """Return whether values are negative codes of missing values.

    Examples
    --------
    >>> is_code(np.array([-99.0, 0.1])).tolist()
    [True, False]
    """
    found: BoolArray = np.isin(values, [code for code in CODES if code < 0])
    return found


def find_sentinels(values: FloatArray, *, least: float = 99.0) -> BoolArray:
    """Return which values are such a code and are separated from all other values.

    Parameters
    ----------
    values : (n,) array of float
        Values of a column; NaN if missing.
    least : float
        Smallest positive code.

    Returns
    -------
    (n,) array of bool
        True if a value is a code and no other value is within a factor of 2 of it. A positive
        code also needs other values for the comparison.

    Examples
    --------
    >>> find_sentinels(np.array([70.0, 80.0, 999.0, -99.0])).tolist()
    [False, False, True, True]
    >>> find_sentinels(np.array([70.0, 85.0, 99.0, 120.0])).tolist()
    [False, False, False, False]
    """
    distinct = np.unique(values[~np.isnan(values)])
    others = distinct[~np.isin(distinct, CODES)]
    codes = [code for code in CODES if code < 0 or code >= least]
    marked = [code for code in codes if code in distinct and _stands_apart(code, others)]
    found: BoolArray = np.isin(values, marked)
    return found


def _stands_apart(code: float, others: FloatArray) -> bool:
    if code > 0 and not others.size:
        return False
    if code == CODES[0] and (others < 0).any():
        return False
    ratio = others / code
    return not ((ratio >= 1 / _NEAR) & (ratio <= _NEAR)).any()
