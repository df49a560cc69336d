"""`plot_gof`, `plot_residuals`: observations against predictions, and residuals."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.analysis.predictive.goodness_of_fit import goodness_of_fit
from pkqsp_bayes.arguments import FLAG, TEXT, checked
from pkqsp_bayes.fitting.results.fit_argument import FitLike
from pkqsp_bayes.plots.layout import (
    choose_log,
    draw_observed,
    finish,
    name_with_unit,
    use_log,
)
from pkqsp_bayes.plots.npde import draw_scores
from pkqsp_bayes.plots.sources import DATASET_OR_FIT, dataset_with_endpoints
from pkqsp_bayes.plots.style import GREY, new_figure
from pkqsp_bayes.plots.trend import draw_trend
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["plot_gof", "plot_residuals"]

FloatArray = NDArray[np.float64]
_NEEDED = ("DV", "PRED", "IPRED", "IWRES", "NPDE")
_ABOUT = {"PRED": "PRED, population prediction", "IPRED": "IPRED, individual prediction"}


@checked(result=DATASET_OR_FIT, study=STUDY, endpoint=TEXT, log=FLAG)
def plot_gof(
    result: xr.Dataset | FitLike,
    study: StudyLike | None = None,
    *,
    endpoint: str | None = None,
    log: bool | None = None,
) -> Figure:
    """Plot observations (DV) against population and individual predictions (PRED, IPRED).

    Parameters
    ----------
    result : Dataset, DataTree, str or Path
        Result of `pkqsp_bayes.goodness_of_fit`, or a fit, which is analysed with the defaults.
    study : Study, str, Path or DataFrame, optional
        Study, if `result` is a fit.
    endpoint : str, optional
        Endpoint; by default all, one row per endpoint.
    log : bool, optional
        Whether the axes are logarithmic; by default where observations are positive and spread over
        a factor of 200. Values that are not positive are omitted then.

    Returns
    -------
    matplotlib.figure.Figure
        Both axes have the same limits. Grey: identity; vermilion: a smooth trend of the
        observations that are not censored, if there are eight different predictions or more. Open
        triangles: censored observations, at their limit.

    Raises
    ------
    CheckError
        If the study of a fit cannot be found, or as in `pkqsp_bayes.goodness_of_fit`.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_gof(fit, study)
    >>> [axis.get_xlabel() for axis in figure.axes]
    ['PRED, population prediction (mg/L)', 'IPRED, individual prediction (mg/L)']
    """
    found, names = dataset_with_endpoints(result, study, endpoint, goodness_of_fit, *_NEEDED)
    with new_figure(width=7.2, height=3.4 * len(names) + 0.4) as figure:
        rows = figure.subplots(len(names), 2, squeeze=False, sharex="row", sharey="row")
        for row, name in zip(rows, names, strict=True):
            unit, mine = _of_endpoint(found, name)
            is_log = choose_log(log, mine["DV"].to_numpy())
            limits = _square_limits(mine, log=is_log)
            for axis, kind in zip(row, _ABOUT, strict=True):
                _draw_against(axis, mine, kind, log=is_log)
                axis.set(xlim=limits, ylim=limits, box_aspect=1)
                axis.set_xlabel(name_with_unit(_ABOUT[kind], unit))
            row[0].set_ylabel(name_with_unit(f"{name}, observed", unit))
        finish(figure, figure.axes, found.attrs)
    return figure


def _of_endpoint(found: xr.Dataset, name: str) -> tuple[str, xr.Dataset]:
    """Return the unit of an endpoint and its observations."""
    mine = (found["endpoint_of"] == name).to_numpy()
    return str(found["unit"].sel(endpoint=name).item()), found.isel(observation=mine)


def _draw_against(axis: Axes, mine: xr.Dataset, kind: str, *, log: bool) -> None:
    x, y, side = (mine[name].to_numpy() for name in (kind, "DV", "censored"))
    shown = np.isfinite(x) & np.isfinite(y)
    if log:
        shown &= (x > 0) & (y > 0)
        use_log(axis, "x", "y")
    x, y, side = x[shown], y[shown], side[shown]
    draw_observed(axis, x, y, side)
    if x.size:
        ends = [min(x.min(), y.min()), max(x.max(), y.max())]
        axis.plot(ends, ends, color=GREY, linewidth=1, label="identity")
    draw_trend(axis, x[side == 0], y[side == 0], log=log)


def _square_limits(mine: xr.Dataset, *, log: bool) -> tuple[float, float]:
    """Return limits of both axes around all observations and predictions."""
    values = np.concatenate([mine[name].to_numpy() for name in ("DV", *_ABOUT)])
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not values.size:
        return (1.0, 10.0)
    low, high = float(values.min()), float(values.max())
    if log:
        factor = max((high / low) ** 0.05, 1.05)
        return low / factor, high * factor
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin


@checked(result=DATASET_OR_FIT, study=STUDY, endpoint=TEXT)
def plot_residuals(
    result: xr.Dataset | FitLike, study: StudyLike | None = None, *, endpoint: str | None = None
) -> Figure:
    """Plot IWRES and NPDE against time, time after dose and prediction.

    Parameters
    ----------
    result : Dataset, DataTree, str or Path
        Result of `pkqsp_bayes.goodness_of_fit`, which defines the residuals; or a fit, which is
        analysed with its defaults.
    study : Study, str, Path or DataFrame, optional
        Study, if `result` is a fit.
    endpoint : str, optional
        Endpoint; by default all, two rows per endpoint.

    Returns
    -------
    matplotlib.figure.Figure
        Band: 90 % of a standard normal; vermilion: a smooth trend, if there are eight different
        abscissae or more. The panels of IWRES omit censored observations, whose value is not known:
        the IWRES of the limit is a bound, which can be far from 0. The panels of NPDE show them as
        open triangles; their NPDE is a draw from the model beyond the limit.

    Raises
    ------
    CheckError
        If the study of a fit cannot be found, or as in `pkqsp_bayes.goodness_of_fit`.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_residuals(fit, study)
    >>> [axis.get_xlabel() for axis in figure.axes[:3]]
    ['time (h)', 'time after dose (h)', 'IPRED (mg/L)']
    """
    found, names = dataset_with_endpoints(result, study, endpoint, goodness_of_fit, *_NEEDED)
    with new_figure(width=8.6, height=4.6 * len(names) + 0.4) as figure:
        rows = figure.subplots(2 * len(names), 3, squeeze=False, sharey="row")
        for k, name in enumerate(names):
            unit, mine = _of_endpoint(found, name)
            suffix = "" if len(names) == 1 else f" of {name}"
            for row, score, kind in zip(rows[2 * k :], ("IWRES", "NPDE"), ("IPRED", "PRED"),
                                        strict=False):  # fmt: skip
                _draw_residuals(row, mine, score, kind, unit)
                row[0].set_ylabel(score + suffix)
        finish(figure, figure.axes, found.attrs)
    return figure


def _draw_residuals(
    row: NDArray[np.object_], mine: xr.Dataset, score: str, kind: str, unit: str
) -> None:
    time = mine.attrs["time_unit"]
    labels = {"TIME": name_with_unit("time", time), "TAD": name_with_unit("time after dose", time),
              kind: name_with_unit(kind, unit)}  # fmt: skip
    for axis, (name, label) in zip(row, labels.items(), strict=True):
        x, y, side = (mine[each].to_numpy() for each in (name, score, "censored"))
        shown = np.isfinite(x) & np.isfinite(y) & ((side == 0) | (score != "IWRES"))
        draw_scores(axis, x[shown], y[shown], side[shown])
        axis.set_xlabel(label)
