"""P-values from the rank of an observed statistic among those of replicates.

If observations and replicates have the same distribution, all ranks are equally likely, for any
distribution of the statistic and any dependence between its components.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["far_p", "two_sided_p"]

FloatArray = NDArray[np.float64]


def two_sided_p(observed: FloatArray, replicated: FloatArray) -> FloatArray:
    """Return two-sided p-values, which are small if replicates are on one side.

    Parameters
    ----------
    observed : (...) array
        Observed statistics; NaN gives NaN.
    replicated : (..., D) array
        Statistics of D replicates.

    Returns
    -------
    (...) array
        Twice the smaller tail, with half weight for ties, and half a replicate added to each tail.

    Examples
    --------
    >>> two_sided_p(np.array([0.0, 2.0]), np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]))
    array([0.25, 1.  ])
    """
    below = (replicated < observed[..., None]).sum(axis=-1)
    ties = (replicated == observed[..., None]).sum(axis=-1)
    share = (below + 0.5 * ties + 0.5) / (replicated.shape[-1] + 1)
    tail = np.minimum(1.0, 2 * np.minimum(share, 1 - share))
    return np.where(np.isnan(observed), np.nan, tail)


def far_p(distance: FloatArray) -> float:
    """Return the share of members that are as extreme as the first one.

    Parameters
    ----------
    distance : (1 + D,) array
        Distance of the observations, then of the replicates; larger values are more extreme.

    Examples
    --------
    >>> far_p(np.array([3.0, 1.0, 2.0, 4.0]))
    0.5
    """
    return float((distance >= distance[0]).mean())
