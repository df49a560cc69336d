"""Where the parameters of a program may begin, and what the sampler calls that place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Start", "constrain_point", "unconstrained_point"]

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


def constrain_point(starts: Mapping[str, Start], point: FloatArray) -> dict[str, Any]:
    """Return an unconstrained point as initial values, by parameter.

    Parameters
    ----------
    starts : mapping of str to Start
        In the order of the declarations.
    point : array (parameters,)
        On the unconstrained scale. Correlations begin at zero, whatever it says.

    Examples
    --------
    >>> constrain_point({"CL": Start(value=np.array(2.0), low=0.0)}, np.array([0.0]))
    {'CL': 1.0}
    """
    values: dict[str, Any] = {}
    place = 0
    for name, start in starts.items():
        size = _unconstrain(start).size
        part = point[place : place + size]
        place += size
        if start.correlation:
            values[name] = start.value.tolist()
        else:
            values[name] = _constrain(start, part).reshape(start.value.shape, order="F").tolist()
    return values


def _constrain(start: Start, part: FloatArray) -> FloatArray:
    if math.isfinite(start.low) and math.isfinite(start.high):
        return np.asarray(start.low + (start.high - start.low) / (1 + np.exp(-part)))
    if math.isfinite(start.low):
        return np.asarray(start.low + np.exp(part))
    if math.isfinite(start.high):
        return np.asarray(start.high - np.exp(part))
    return part
