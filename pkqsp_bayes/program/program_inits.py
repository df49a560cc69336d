"""Initial values of the parameters of a program, also on the unconstrained scale."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["InitialValue", "constrain_point", "unconstrained_point", "unconstrained_widths"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InitialValue:
    """The initial value of a parameter of the program, with its bounds.

    Parameters
    ----------
    value : array
        Initial value in the shape of the declaration.
    low, high : float or array
        Bounds of each element.
    correlation : bool
        Whether it is a Cholesky factor of a correlation matrix (then ``value`` is the identity).
    width : float
        Standard deviation of its prior on the unconstrained scale; infinite if unknown.
    by_subject : bool
        Whether each row belongs to a subject; given the other parameters, rows are independent.
    """

    value: FloatArray
    low: float | FloatArray = -math.inf
    high: float | FloatArray = math.inf
    correlation: bool = False
    width: float = math.inf
    by_subject: bool = False


def unconstrained_point(inits: Mapping[str, InitialValue]) -> FloatArray:
    """Return the initial values on the unconstrained scale, in the order of the parameters.

    Parameters
    ----------
    inits : mapping of str to InitialValue
        Initial values in the order of the declarations.

    Examples
    --------
    >>> unconstrained_point({"CL": InitialValue(value=np.array(1.0), low=0.0)})
    array([0.])
    """
    parts = [_unconstrain(init) for init in inits.values()]
    return np.concatenate([np.zeros(0), *parts])


def unconstrained_widths(inits: Mapping[str, InitialValue]) -> FloatArray:
    """Return the width of each element, in the order of `unconstrained_point`.

    Parameters
    ----------
    inits : mapping of str to InitialValue
        Initial values in the order of the declarations.

    Examples
    --------
    >>> unconstrained_widths({"slope": InitialValue(value=np.zeros(2), width=0.01)})
    array([0.01, 0.01])
    """
    parts = [np.full(_unconstrain(init).size, init.width) for init in inits.values()]
    return np.concatenate([np.zeros(0), *parts])


def _unconstrain(init: InitialValue) -> FloatArray:
    if init.correlation:
        return _partial_correlations(init.value)
    value = init.value.ravel(order="F")
    low, high = _flat(init.low, value), _flat(init.high, value)
    below, above = np.isfinite(low), np.isfinite(high)
    free = value.copy()
    free[below & ~above] = np.log((value - low)[below & ~above])
    free[~below & above] = np.log((high - value)[~below & above])
    both = below & above
    share = (value[both] - low[both]) / (high[both] - low[both])
    free[both] = np.log(share) - np.log1p(-share)
    return free


def _partial_correlations(factor: FloatArray) -> FloatArray:
    """Return the canonical partial correlations of a Cholesky factor as Stan samples them."""
    free = []
    for row in range(1, factor.shape[0]):
        left = 1.0  # the rest of the unit length of the row
        for value in factor[row, :row]:
            free.append(math.atanh(value / math.sqrt(left)))
            left -= value**2
    return np.array(free, dtype=np.float64)


def _cholesky_factor(free: FloatArray, size: int) -> FloatArray:
    """Return the Cholesky factor, the inverse of `_partial_correlations`."""
    factor, given = np.eye(size), iter(free.tolist())
    for row in range(1, size):
        left = 1.0
        for column in range(row):
            factor[row, column] = math.tanh(next(given)) * math.sqrt(left)
            left -= factor[row, column] ** 2
        factor[row, row] = math.sqrt(left)
    return factor


def _flat(bound: float | FloatArray, value: FloatArray) -> FloatArray:
    return np.broadcast_to(np.asarray(bound, dtype=np.float64), value.shape)


def constrain_point(inits: Mapping[str, InitialValue], point: FloatArray) -> dict[str, Any]:
    """Return an unconstrained point as initial values of the parameters.

    Parameters
    ----------
    inits : mapping of str to InitialValue
        Initial values in the order of the declarations.
    point : array (parameters,)
        A point on the unconstrained scale.

    Examples
    --------
    >>> constrain_point({"CL": InitialValue(value=np.array(2.0), low=0.0)}, np.array([0.0]))
    {'CL': 1.0}
    """
    values: dict[str, Any] = {}
    place = 0
    for name, init in inits.items():
        size = _unconstrain(init).size
        part = point[place : place + size]
        place += size
        if init.correlation:
            values[name] = _cholesky_factor(part, init.value.shape[0]).tolist()
        else:
            values[name] = _constrain(init, part).reshape(init.value.shape, order="F").tolist()
    return values


def _constrain(init: InitialValue, part: FloatArray) -> FloatArray:
    low, high = _flat(init.low, part), _flat(init.high, part)
    below, above = np.isfinite(low), np.isfinite(high)
    value = part.copy()
    value[below & ~above] = low[below & ~above] + np.exp(part[below & ~above])
    value[~below & above] = high[~below & above] - np.exp(part[~below & above])
    both = below & above
    value[both] = low[both] + (high - low)[both] / (1 + np.exp(-part[both]))
    return value
