"""Where the parameters of a program may begin, and what the sampler calls that place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Start", "unconstrained_point"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """A parameter of the program: a plausible value of it, and its bounds.

    Parameters
    ----------
    value : array
        In the shape of the declaration.
    low, high : float
        Bounds of each element.
    correlation : bool
        Whether it is a Cholesky factor of a correlation matrix (then ``value`` is the identity).
    """

    value: FloatArray
    low: float = -math.inf
    high: float = math.inf
    correlation: bool = False


def unconstrained_point(starts: Mapping[str, Start]) -> FloatArray:
    """Return the starts on the unconstrained scale, in the order of the parameters block.

    Parameters
    ----------
    starts : mapping of str to Start
        In the order of the declarations.

    Examples
    --------
    >>> unconstrained_point({"CL": Start(value=np.array(1.0), low=0.0)})
    array([0.])
    """
    parts = [_unconstrain(start) for start in starts.values()]
    return np.concatenate([np.zeros(0), *parts])


def _unconstrain(start: Start) -> FloatArray:
    if start.correlation:
        size = start.value.shape[0]
        return np.zeros(size * (size - 1) // 2)
    value = start.value.ravel(order="F")
    if math.isfinite(start.low) and math.isfinite(start.high):
        share = (value - start.low) / (start.high - start.low)
        return np.asarray(np.log(share) - np.log1p(-share))
    if math.isfinite(start.low):
        return np.asarray(np.log(value - start.low))
    if math.isfinite(start.high):
        return np.asarray(np.log(start.high - value))
    return value
