"""Where an observed statistic lies among those of replicates: p-values by rank alone.

If the observations are one more draw of what made the replicates, all ranks are equally likely,
whatever the distribution of the statistic and however its parts depend on one another.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["far_p", "two_sided_p"]

FloatArray = NDArray[np.float64]


def two_sided_p(observed: FloatArray, replicated: FloatArray) -> FloatArray:
    """Return p-values, small where replicates lie to one side.

    Parameters
    ----------
    observed : (...) array
        NaN gives NaN.
    replicated : (..., D) array
        The same of D replicates.

    Returns
    -------
    (...) array
        Twice the smaller tail, ties by half, with half a replicate added to each.

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
    """Return how often a member lies as far out as the first: its rank from above, as a share.

    Parameters
    ----------
    distance : (1 + D,) array
        Of the observations, then of the replicates; the larger the farther out.

    Examples
    --------
    >>> far_p(np.array([3.0, 1.0, 2.0, 4.0]))
    0.5
    """
    return float((distance >= distance[0]).mean())
