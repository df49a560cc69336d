"""`plot_npde`: normalised prediction distribution errors."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from pkqsp_bayes.analysis.predictive.npde import npde
from pkqsp_bayes.arguments import TEXT, checked
from pkqsp_bayes.fitting.results.fit_argument import FitLike
from pkqsp_bayes.plots.layout import draw_observed, finish, name_with_unit
from pkqsp_bayes.plots.sources import DATASET_OR_FIT, dataset_with_endpoints
from pkqsp_bayes.plots.style import BAND, GREY, HATCHES, OBSERVED, new_figure
from pkqsp_bayes.plots.trend import draw_trend
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["draw_scores", "plot_npde"]

_BAND_NAME = "90 % of a standard normal"
_QUANTILES = (0.05, 0.5, 0.95)
FloatArray = NDArray[np.float64]


@checked(result=DATASET_OR_FIT, study=STUDY, endpoint=TEXT)
def plot_npde(
    result: xr.Dataset | FitLike, study: StudyLike | None = None, *, endpoint: str | None = None
) -> Figure:
    """Plot NPDE against time, against the prediction, and against normal quantiles.

    Parameters
    ----------
    result : Dataset, DataTree, str or Path
        Result of `pkqsp_bayes.npde`, or a fit, which is analysed with the defaults.
    study : Study, str, Path or DataFrame, optional
        Study, if `result` is a fit.
    endpoint : str, optional
        Endpoint; by default all, one row per endpoint.

    Returns
    -------
    matplotlib.figure.Figure
        Band: 90 % of a standard normal; vermilion: a smooth trend, if there are eight different
        abscissae or more. Open triangles: censored observations, whose NPDE is a draw from the
        model beyond the limit. Right: quantiles of the sample against those of a standard normal,
        with the identity line and the 95 % band of each rank.

    Raises
    ------
    CheckError
        If the study of a fit cannot be found, or as in `pkqsp_bayes.npde`.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_npde(pq.npde(fit, study, draws=50))
    >>> [axis.get_xlabel() for axis in figure.axes]
    ['time (h)', 'mean of replicates (mg/L)', 'normal quantile']
    """
    errors, names = dataset_with_endpoints(result, study, endpoint, npde, "npde", "prediction")
    with new_figure(width=8.6, height=2.7 * len(names) + 0.3) as figure:
        rows = figure.subplots(len(names), 3, squeeze=False)
        for row, name in zip(rows, names, strict=True):
            _draw_row(row, errors, name)
            row[0].set_ylabel("NPDE" if len(names) == 1 else f"NPDE of {name}")
        finish(figure, figure.axes, errors.attrs)
    return figure


def _draw_row(row: NDArray[np.object_], errors: xr.Dataset, name: str) -> None:
    mine = (errors["endpoint_of"] == name).to_numpy()
    scores, side = errors["npde"].to_numpy()[mine], errors["censored"].to_numpy()[mine]
    unit = str(errors["unit"].sel(endpoint=name).item())
    draw_scores(row[0], errors["TIME"].to_numpy()[mine], scores, side)
    row[0].set_xlabel(name_with_unit("time", errors.attrs["time_unit"]))
    draw_scores(row[1], errors["prediction"].to_numpy()[mine], scores, side)
    row[1].set_xlabel(name_with_unit("mean of replicates", unit))
    _draw_quantiles(row[2], scores)


def draw_scores(axis: Axes, x: FloatArray, scores: FloatArray, side: NDArray[np.int64]) -> None:
    """Draw scores that are standard normal if the model is correct, with their trend.

    Parameters
    ----------
    axis : Axes
        Axes of the panel.
    x, scores : (N,) array
        Abscissae and scores.
    side : (N,) array of int
        Not 0 for censored observations, which are not in the trend.
    """
    low, middle, high = (float(stats.norm.ppf(p)) for p in _QUANTILES)
    axis.axhspan(low, high, color=BAND, alpha=0.25, linewidth=0, label=_BAND_NAME)
    axis.axhline(middle, color=BAND)
    draw_observed(axis, x, scores, side)
    draw_trend(axis, x[side == 0], scores[side == 0])


def _draw_quantiles(axis: Axes, scores: FloatArray) -> None:
    """Draw sorted scores against normal quantiles, with the 95 % band of each rank."""
    size = scores.size
    rank = np.arange(1, size + 1)
    expected = stats.norm.ppf((rank - 0.5) / size)
    low, high = (stats.norm.ppf(stats.beta.ppf(p, rank, size - rank + 1)) for p in (0.025, 0.975))
    axis.fill_between(expected, low, high, facecolor=to_rgba(BAND, 0.35), hatch=HATCHES[1],
                      edgecolor=to_rgba(BAND, 0.8), linewidth=0,
                      label="95 % of each rank")  # fmt: skip
    axis.plot(expected, np.sort(scores), "o", color=OBSERVED, markersize=2.5)
    ends = [expected[0], expected[-1]]
    axis.plot(ends, ends, color=GREY, linewidth=1, label="identity")
    axis.set_xlabel("normal quantile")
    axis.set_ylabel("sample quantile")
