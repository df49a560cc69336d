"""Pareto-smoothed importance weights, and how few draws are too few for them."""

from typing import Any

import numpy as np
from arviz_stats.base.array import array_stats
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue

__all__ = ["LEAST_DRAWS", "require_draws", "smoothed_weights"]

FloatArray = NDArray[np.float64]

LEAST_DRAWS = 25
"""Fewest draws whose greatest fifth is a tail: five values."""
_PSIS: Any = array_stats.psislw  # of what is left out: log weights with the other sign


def require_draws(draws: int, least: int = LEAST_DRAWS) -> None:
    """Refuse a posterior of too few draws.

    Parameters
    ----------
    draws : int
        How many there are.
    least : int
        How many there must be; by default those that have a tail of weights.

    Raises
    ------
    CheckError
        If there are fewer.
    """
    if draws < least:
        what = f"it has {draws} draw{'s' if draws != 1 else ''}, too few for this"
        remedy = f"fit with more draws ({least} at least; hundreds for a number to rely on)"
        raise CheckError([Issue(where="posterior", what=what, remedy=remedy)])


def smoothed_weights(ratio: FloatArray) -> tuple[FloatArray, float]:
    """Return smoothed weights that sum to 1, and k-hat: infinite where it cannot be estimated.

    Parameters
    ----------
    ratio : (D,) array
        Log ratios; what is not finite gets no weight.

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
