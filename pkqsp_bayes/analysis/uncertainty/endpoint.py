"""Endpoints of a trajectory: its values, or one number that is derived from them."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import integrate

from pkqsp_bayes.arguments import number, one_of, record

__all__ = ["ENDPOINT", "Endpoint", "Kind"]

FloatArray = NDArray[np.float64]
Kind = Literal["values", "AUC", "Cmax", "tmax", "Ctau", "time_above", "Cmin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint of a trajectory.

    Parameters
    ----------
    kind : str
        ``values``: values at all times. ``AUC``: area over the given times, by the trapezoidal
        rule. ``Cmax``, ``tmax``: the largest value and its time. ``Cmin``: the smallest value.
        ``Ctau``: the value at the last time, the end of the dosing interval. ``time_above``:
        duration above the threshold, with linear interpolation. The value at the time of a dose is
        that before the dose: after an intravenous bolus, let the times begin just after it.
    threshold : float
        Threshold of ``time_above``.

    Examples
    --------
    >>> times, f = np.array([0.0, 1.0, 2.0]), np.array([[0.0, 2.0, 0.0]])
    >>> [Endpoint(kind=k).of(times, f).item() for k in ("AUC", "Cmax", "tmax", "Cmin")]
    [2.0, 2.0, 1.0, 0.0]
    >>> Endpoint(kind="time_above", threshold=1.0).of(times, f).item()
    1.0
    """

    kind: Kind = "values"
    threshold: float = 0.0

    @property
    def derived(self) -> bool:
        """Return whether the endpoint is one number, not a trajectory."""
        return self.kind != "values"

    def of(self, times: FloatArray, f: FloatArray) -> FloatArray:
        """Return the endpoint of trajectories.

        Parameters
        ----------
        times : (T,) array
            Increasing.
        f : (..., T) array
            Values.

        Returns
        -------
        (..., T) or (..., 1) array
        """
        match self.kind:
            case "AUC":
                found = integrate.trapezoid(f, times, axis=-1)
            case "Cmax":
                found = f.max(axis=-1)
            case "tmax":
                found = times[f.argmax(axis=-1)]
            case "Cmin":
                found = f.min(axis=-1)
            case "Ctau":
                found = f[..., -1]
            case "time_above":
                found = _time_above(times, f - self.threshold)
            case _:
                return f
        return np.asarray(found)[..., None]

    def unit(self, value: str, time: str) -> str:
        """Return the unit of the endpoint of an output in ``value`` over ``time``."""
        if self.kind == "AUC":
            return f"{value}*{time}" if value else time
        return time if self.kind in ("tmax", "time_above") else value


def _time_above(times: FloatArray, excess: FloatArray) -> FloatArray:
    """Return the total time during which the linear interpolation is above zero."""
    left, right = excess[..., :-1], excess[..., 1:]
    high, low = np.maximum(left, right), np.minimum(left, right)
    crossing = (high > 0) & (low < 0)
    width = np.where(crossing, high - low, 1.0)
    share = np.where(crossing, high / width, (low >= 0) & (high > 0))
    total: FloatArray = (share * np.diff(times)).sum(axis=-1)
    return total


ENDPOINT = record(Endpoint, kind=one_of(*get_args(Kind)), threshold=number())
"""Names of the kinds of endpoints."""
