"""Times at which a concentration is computed after a dose, with the weights of an integral."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["TimeGrid", "time_grid"]

FloatArray = NDArray[np.float64]
_PER_OCTAVE = 12
_END = (3 / 8, 7 / 6, 23 / 24)
"""Weights of Gregory's rule at an end; its error is of order 4 in the step."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeGrid:
    """Times after a dose.

    Parameters
    ----------
    times : (T,) array
        Increasing times. Intervals are equal on the logarithmic scale, from the start of the dose,
        and again from the end of the infusion.
    weights : (T,) array
        The integral of f from 0 to the last time is ``weights @ f(times)``.
    end : float
        End of the infusion; 0 for a bolus.
    pieces : tuple of slice
        The stretches with equal intervals on the logarithmic scale.
    """

    times: FloatArray
    weights: FloatArray
    end: float
    pieces: tuple[slice, ...]


def time_grid(*, first: float, last: float, end: float = 0.0) -> TimeGrid:
    """Return a geometric grid.

    Parameters
    ----------
    first : float
        First time after the dose, and after the end of the infusion.
    last : float
        Last time, after the end of the infusion.
    end : float
        End of the infusion; 0 for a bolus.

    Examples
    --------
    >>> grid = time_grid(first=1e-6, last=200.0)
    >>> round(float(grid.weights @ np.exp(-0.1 * grid.times)), 5)
    10.0
    """
    parts = [_piece(0.0, first, end)] if end > 0 else []
    parts.append(_piece(end, first, end + last))
    sizes = np.cumsum([0, *(times.size for times, _ in parts)])
    return TimeGrid(
        times=np.concatenate([times for times, _ in parts]),
        weights=np.concatenate([weights for _, weights in parts]),
        end=end,
        pieces=tuple(slice(int(a), int(b)) for a, b in pairwise(sizes)),
    )


def _piece(begin: float, first: float, last: float) -> tuple[FloatArray, FloatArray]:
    """Return times and weights of one smooth stretch of time."""
    length = last - begin
    size = max(8, int(np.ceil(_PER_OCTAVE * np.log2(length / first))) + 1)
    logs, step = np.linspace(np.log(first), np.log(length), size, retstep=True)
    after = np.exp(logs)
    weights = float(step) * after
    weights[:3] *= _END
    weights[-3:] *= _END[::-1]
    weights[0] += first  # from the start of the dose to the first time
    times = begin + after
    times[-1] = last
    return times, weights
