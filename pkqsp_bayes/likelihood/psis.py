"""Pareto-smoothed importance weights, and the number of draws that they need."""

from typing import Any

import numpy as np
from arviz_stats.base.array import array_stats
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue

__all__ = ["LEAST_DRAWS", "require_draws", "smoothed_weights"]

FloatArray = NDArray[np.float64]

LEAST_DRAWS = 25
"""Smallest number of draws with a tail of five values, which is the largest fifth."""
_PSIS: Any = array_stats.psislw  # it takes log weights with the opposite sign


def require_draws(draws: int, least: int = LEAST_DRAWS) -> None:
    """Raise an error for a posterior with too few draws.

    Parameters
    ----------
    draws : int
        Number of draws.
    least : int
        Required number of draws; by default the smallest number for a tail of weights.

    Raises
    ------
    CheckError
        If there are fewer.
    """
    if draws < least:
        what = f"it has {draws} draw{'s' if draws != 1 else ''}, too few for this"
        remedy = f"fit with more draws (at least {least}; several hundred for a reliable result)"
        raise CheckError([Issue(where="posterior", what=what, remedy=remedy)])


def smoothed_weights(ratio: FloatArray) -> tuple[FloatArray, float]:
    """Return smoothed weights that sum to 1, and k-hat; infinite if it cannot be estimated.

    Parameters
    ----------
    ratio : (D,) array
        Log ratios; values that are not finite get weight 0.

    Examples
    --------
    >>> weights, k_hat = smoothed_weights(np.zeros(100))
    >>> float(weights.max().round(3)), k_hat
    (0.01, 0.0)
    >>> smoothed_weights(np.array([0.0, 1.0]))[1]
    inf
    """
    weights, usable = np.zeros(ratio.shape), np.isfinite(ratio)
    count = int(usable.sum())
    if not count:
        return weights, float("inf")
    known = ratio[usable]
    if np.ptp(known) == 0 or count < LEAST_DRAWS:
        positive, k_hat = np.exp(known - known.max()), 0.0 if np.ptp(known) == 0 else np.inf
    else:
        smoothed, k_hat = _PSIS(-known)
        positive = np.exp(smoothed - smoothed.max())
    weights[usable] = positive / positive.sum()
    return weights, float(k_hat)
