"""Pictures of normalised prediction distribution errors."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy import stats

from pkqsp_bayes.reporting.style import BAND, COLOURS, OBSERVED, saved

__all__ = ["draw_npde"]

_QUANTILES = (0.05, 0.5, 0.95)


def draw_npde(errors: xr.Dataset, path: Path, *, endpoint: str, time_unit: str = "h") -> None:
    """Draw NPDE of an endpoint: against time, against prediction, and their quantiles.

    Parameters
    ----------
    errors : xarray.Dataset
        What `pkqsp_bayes.npde` returned.
    path : Path
        PNG file to write.
    endpoint : str
        Which.
    time_unit : str
        Of the times.
    """
    mine = (errors["endpoint_of"] == endpoint).to_numpy()
    scores = errors["npde"].to_numpy()[mine]
    censored = errors["censored"].to_numpy()[mine] != 0
    with saved(path, width=8.4, height=2.9) as figure:
        left, middle, right = figure.subplots(1, 3)
        _scatter(left, errors["TIME"].to_numpy()[mine], scores, censored)
        left.set_xlabel(f"time ({time_unit})")
        _scatter(middle, errors["prediction"].to_numpy()[mine], scores, censored)
        middle.set_xlabel("prediction")
        left.set_ylabel("NPDE")
        _quantiles(right, scores)


def _scatter(axis: Axes, x: np.ndarray, scores: np.ndarray, censored: np.ndarray) -> None:
    low, middle, high = (float(stats.norm.ppf(p)) for p in _QUANTILES)
    axis.axhspan(low, high, color=BAND, alpha=0.25, linewidth=0)
    axis.axhline(middle, color=BAND)
    axis.plot(x[~censored], scores[~censored], "o", color=OBSERVED, markersize=2.5, alpha=0.6)
    axis.plot(x[censored], scores[censored], "o", color=COLOURS[1], markersize=3.5,
              fillstyle="none")  # fmt: skip


def _quantiles(axis: Axes, scores: np.ndarray) -> None:
    """Draw ordered scores against normal quantiles, within the 95 % band of each rank."""
    size = scores.size
    rank = np.arange(1, size + 1)
    expected = stats.norm.ppf((rank - 0.5) / size)
    low, high = (stats.norm.ppf(stats.beta.ppf(p, rank, size - rank + 1)) for p in (0.025, 0.975))
    axis.fill_between(expected, low, high, color=BAND, alpha=0.35, linewidth=0)
    axis.plot(expected, np.sort(scores), "o", color=OBSERVED, markersize=2.5)
    axis.set_xlabel("normal quantile")
    axis.set_ylabel("NPDE, in order")
