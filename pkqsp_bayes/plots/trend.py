"""A smooth trend through points: locally weighted straight lines."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pkqsp_bayes.plots.style import COLOURS

__all__ = ["draw_trend", "local_trend"]

FloatArray = NDArray[np.float64]

_LEAST = 8
"""Points, and different places of them, below which there is no trend."""
_SHARE = 0.75
_NEAR = 25
"""Points, up to which all of them take part everywhere."""
_POINTS = 60


def local_trend(
    x: FloatArray, y: FloatArray, at: FloatArray, share: float | None = None
) -> FloatArray:
    """Return the local linear trend of points, with tricube weights of the nearest ones.

    Parameters
    ----------
    x, y : (N,) array
        The points, all finite.
    at : (M,) array
        Where.
    share : float, optional
        Of the points that take part at each place; by default 0.75, or all where they are few.

    Returns
    -------
    (M,) array

    Notes
    -----
    Cleveland 1979, J Am Stat Assoc 74:829-836, without its iterations for outliers.

    Examples
    --------
    >>> x = np.linspace(0, 1, 20)
    >>> local_trend(x, 2 + 3 * x, np.array([0.0, 0.5])).round(6).tolist()
    [2.0, 3.5]
    """
    if share is None:
        share = _SHARE if x.size > _NEAR else 1.0
    near = min(x.size, max(3, int(np.ceil(share * x.size))))
    reach = 1.0001 * np.sort(np.abs(x - at[:, None]), axis=1)[:, near - 1]
    reach = np.maximum(reach, 1e-9 * max(np.ptp(x), 1e-300))
    away = np.clip(np.abs(x - at[:, None]) / reach[:, None], 0, 1)
    weight = (1 - away**3) ** 3
    total = weight.sum(axis=1)
    middle, level = weight @ x / total, weight @ y / total
    dx = x - middle[:, None]
    spread = (weight * dx**2).sum(axis=1)
    slope = (weight * dx * (y - level[:, None])).sum(axis=1)
    flat = spread <= 1e-12 * total * max(np.ptp(x), 1e-300) ** 2
    tilt = np.where(flat, 0.0, slope / np.where(flat, 1.0, spread))
    found: FloatArray = level + tilt * (at - middle)
    return found


def draw_trend(axis: Axes, x: FloatArray, y: FloatArray, *, log: bool = False) -> None:
    """Draw the trend of the points that are known, if there are enough of them."""
    known = np.isfinite(x) & np.isfinite(y)
    if log:
        known &= (x > 0) & (y > 0)
    x, y = (np.log(v[known]) if log else v[known] for v in (x, y))
    if np.unique(x).size < _LEAST:
        return
    at = np.linspace(x.min(), x.max(), _POINTS)
    trend = local_trend(x, y, at)
    at, trend = (np.exp(at), np.exp(trend)) if log else (at, trend)
    axis.plot(at, trend, color=COLOURS[1], linewidth=1.3, label="trend")
