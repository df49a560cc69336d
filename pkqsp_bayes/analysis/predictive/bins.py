"""Bins along time, for checks that compare distributions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["bin_times"]

FloatArray = NDArray[np.float64]


def bin_times(
    times: FloatArray, bins: int | Sequence[float]
) -> tuple[NDArray[np.int64], FloatArray]:
    """Assign times to bins.

    Parameters
    ----------
    times : (N,) array
        Times of observations.
    bins : int or sequence of float
        Edges (times beyond them belong to the nearest bin), or the largest number of bins. If there
        are not more different times than bins, each time is a bin; otherwise bins have about the
        same number of observations, and equal times are in the same bin.

    Returns
    -------
    (N,) array of int
        Bin of each time.
    (B,) array
        Median time of each bin.

    Examples
    --------
    >>> bin_times(np.array([1.0, 2.0, 1.0, 4.0]), 5)
    (array([0, 1, 0, 2]), array([1., 2., 4.]))
    >>> bin_times(np.array([1.0, 2.0, 3.0, 4.0]), 2)[0].tolist()
    [0, 0, 1, 1]
    """
    unique = np.unique(times)
    if not isinstance(bins, int):
        inner = np.asarray(bins, dtype=float)[1:-1]
        place = np.searchsorted(inner, times, side="right")
    elif unique.size <= bins:
        place = np.searchsorted(unique, times)
    else:
        shares = np.arange(1, bins) / bins
        place = np.searchsorted(np.unique(np.quantile(times, shares)), times, side="left")
    found, index = np.unique(place, return_inverse=True)
    centres = np.array([np.median(times[index == k]) for k in range(found.size)])
    return index.astype(np.int64), centres
