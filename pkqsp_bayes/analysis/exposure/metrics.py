"""AUC, AUMC, Cmax, tmax and the terminal slope of concentrations on a geometric grid."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.exposure.time_grid import TimeGrid

__all__ = ["FLOOR", "Exposure", "measure_exposure"]

FloatArray = NDArray[np.float64]
FLOOR = 1e-6
"""Share of Cmax down to which a concentration is followed."""
_STABLE = 1e-3
"""Greatest relative change of the terminal slope between its two windows."""
_FINE = 401
"""Points of the interpolation around a peak."""
_WINDOWS = (100 * FLOOR, 10 * FLOOR)
"""Shares of Cmax at which the windows of the terminal slope begin."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """Exposure of N subjects after one dose; NaN where a solve failed.

    Parameters
    ----------
    auc, aumc : (N,) array
        Area under the curve and under its first moment, 0 to infinity.
    extrapolated : (N,) array
        Share of the AUC after the last time.
    cmax, tmax : (N,) array
        Largest concentration and its time.
    slope : (N,) array
        Terminal rate constant; NaN without a terminal phase.
    last : (N,) array
        Concentration at the last time, as a share of Cmax.
    """

    auc: FloatArray
    aumc: FloatArray
    extrapolated: FloatArray
    cmax: FloatArray
    tmax: FloatArray
    slope: FloatArray
    last: FloatArray

    def replace_rows(self, rows: NDArray[np.int64], other: "Exposure") -> None:
        """Write the values of other solves into some rows."""
        for each in fields(self):
            getattr(self, each.name)[rows] = getattr(other, each.name)


def measure_exposure(grid: TimeGrid, values: FloatArray) -> Exposure:
    """Return the exposure of concentrations.

    Parameters
    ----------
    grid : TimeGrid
        Times with their weights.
    values : (N, T) array
        Concentrations.

    Examples
    --------
    >>> from pkqsp_bayes.analysis.exposure.time_grid import time_grid
    >>> grid = time_grid(first=1e-6, last=200.0)
    >>> found = measure_exposure(grid, np.exp(-0.1 * grid.times)[None])
    >>> [round(float(x[0]), 4) for x in (found.auc, found.aumc, found.cmax, found.tmax)]
    [10.0, 100.0, 1.0, 0.0]
    >>> round(float(found.slope[0]), 6)
    0.1
    """
    cmax, tmax = _peak(grid, values)
    slope = _terminal_slope(grid, values, cmax)
    last, end = values[:, -1], grid.times[-1]
    auc, aumc = values @ grid.weights, values @ (grid.weights * grid.times)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = last / cmax
        # Below this limit, what is left is below the error of the solver.
        tail = np.where(share > FLOOR, last / slope, 0.0)
        moment = np.where(share > FLOOR, last / slope * (end + 1 / slope), 0.0)
        extrapolated = tail / (auc + tail)
    return Exposure(
        auc=auc + tail, aumc=aumc + moment, extrapolated=extrapolated,
        cmax=cmax, tmax=tmax, slope=slope, last=share,
    )  # fmt: skip


def _peak(grid: TimeGrid, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the peak: the largest value of a polynomial through the nearest five points."""
    known = np.isfinite(values).all(axis=1)
    at = np.argmax(np.where(known[:, None], values, 0.0), axis=1)
    cmax, tmax = values[np.arange(len(values)), at], grid.times[at]
    for piece in grid.pieces:
        rows = np.flatnonzero((at >= piece.start) & (at < piece.stop) & known)
        if rows.size:
            cmax[rows], tmax[rows] = _interpolated(grid, piece, values[rows], at[rows])
    # A bolus into the observed fluid is largest at time 0, before the first time of the grid.
    slope = (values[:, 1] - values[:, 0]) / (grid.times[1] - grid.times[0])
    cmax = np.where(at == 0, values[:, 0] - slope * grid.times[0], cmax)
    tmax = np.where(at == 0, 0.0, tmax)
    return np.where(known, cmax, np.nan), np.where(known, tmax, np.nan)


def _interpolated(
    grid: TimeGrid, piece: slice, values: FloatArray, at: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    centre = np.clip(at, piece.start + 2, piece.stop - 3)
    near = values[np.arange(len(values))[:, None], centre[:, None] + np.arange(-2, 3)]
    place = np.linspace(-2.0, 2.0, _FINE)
    curve = near @ _lagrange(place).T
    # Between the neighbours of the highest point: elsewhere a polynomial may be too high.
    curve[np.abs(place - (at - centre)[:, None]) > 1] = -np.inf
    best = curve.argmax(axis=1)
    begin = grid.end if piece.start else 0.0
    after = grid.times[piece][:2] - begin
    step = np.log(after[1] / after[0])
    times = begin + (grid.times[centre] - begin) * np.exp(step * place[best])
    return curve[np.arange(len(values)), best], times


def _lagrange(place: FloatArray) -> FloatArray:
    """Return the Lagrange polynomials of the nodes -2, ..., 2, (M, 5)."""
    nodes = np.arange(-2.0, 3.0)
    return np.stack(
        [
            np.prod([(place - other) / (node - other) for other in nodes if other != node], axis=0)
            for node in nodes
        ],
        axis=1,
    )


def _terminal_slope(grid: TimeGrid, values: FloatArray, cmax: FloatArray) -> FloatArray:
    """Return the slope of the logarithm over the last decade above the lowest share."""
    after = grid.times - grid.end
    points = [_last_above(values, level * cmax) for level in (*_WINDOWS, FLOOR)]
    rows = np.arange(len(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log(values[rows, k]) for k in points]
        times = [after[k] for k in points]
        before = (logs[0] - logs[1]) / (times[1] - times[0])
        slope = (logs[1] - logs[2]) / (times[2] - times[1])
        found = (slope > 0) & (np.abs(before / slope - 1) < _STABLE) & (times[0] > 0)
    return np.where(found, slope, np.nan)


def _last_above(values: FloatArray, level: FloatArray) -> NDArray[np.int64]:
    """Return the index of the last time at which a level is reached."""
    above = values >= level[:, None]
    found: NDArray[np.int64] = values.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    return found
