"""Smooth trends of points by local linear regression."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.plots.style import COLOURS

__all__ = ["draw_trend", "has_trend", "local_trend"]

FloatArray = NDArray[np.float64]

_LEAST = 8
"""Smallest number of different abscissae for a trend; closer than 1 % of the range is equal."""
_SHARE = 0.75
_NEAR = 25
"""Largest number of points at which all of them are used everywhere."""
_POINTS = 60
_NAME = "trend"


def local_trend(
    x: FloatArray, y: FloatArray, at: FloatArray, share: float | None = None
) -> FloatArray:
    """Return the local linear trend of points, with tricube weights of the nearest points.

    Parameters
    ----------
    x, y : (N,) array
        Points with finite coordinates.
    at : (M,) array
        Abscissae at which the trend is computed.
    share : float, optional
        Share of the points that is used at each abscissa; by default 0.75, or 1 for few points.

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
    """Draw the trend of the finite points, if there are enough of them."""
    known = np.isfinite(x) & np.isfinite(y)
    if log:
        known &= (x > 0) & (y > 0)
    x, y = (np.log(v[known]) if log else v[known] for v in (x, y))
    if not x.size or np.unique((x - x.min()) // (0.01 * max(np.ptp(x), 1e-300))).size < _LEAST:
        return
    at = np.linspace(x.min(), x.max(), _POINTS)
    trend = local_trend(x, y, at)
    at, trend = (np.exp(at), np.exp(trend)) if log else (at, trend)
    axis.plot(at, trend, color=COLOURS[1], linewidth=1.3, label=_NAME)


def has_trend(figure: Figure) -> bool:
    """Return whether a panel of a figure has a trend, so that a caption may mention it.

    Examples
    --------
    >>> figure = Figure()
    >>> axis, x = figure.subplots(), np.arange(9.0)
    >>> draw_trend(axis, x[:5], x[:5])
    >>> has_trend(figure)
    False
    >>> draw_trend(axis, x, x)
    >>> has_trend(figure)
    True
    """
    return any(line.get_label() == _NAME for axis in figure.axes for line in axis.get_lines())
