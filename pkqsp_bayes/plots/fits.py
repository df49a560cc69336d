"""`plot_fits`: observations and individual predictions of each subject."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.analysis.predictive.individual_curves import individual_curves
from pkqsp_bayes.arguments import FLAG, TEXT, checked
from pkqsp_bayes.fitting.results.fit_argument import FitLike
from pkqsp_bayes.plots.layout import (
    choose_log,
    draw_observed,
    finish,
    limit_below,
    make_axes,
    name_with_unit,
    positive,
    shorten,
    text_width,
    use_log,
)
from pkqsp_bayes.plots.sources import DATASET_OR_FIT, dataset_with_endpoints
from pkqsp_bayes.plots.style import BAND, LINE, new_figure
from pkqsp_bayes.study.study_argument import STUDY, StudyLike
from pkqsp_bayes.study.timeline import rising_runs

__all__ = ["plot_fits"]

FloatArray = NDArray[np.float64]
_TITLE_SIZE, _TITLE_WIDTH = 8, 1.5
"""Size of the titles of panels, points, and their largest width, inches."""
_SAMPLE, _CURVE, _MEDIAN = "90 % prediction interval", "90 % credible interval", "median"


@checked(result=DATASET_OR_FIT, study=STUDY, endpoint=TEXT, log=FLAG)
def plot_fits(
    result: xr.Dataset | FitLike,
    study: StudyLike | None = None,
    *,
    endpoint: str | None = None,
    log: bool | None = None,
) -> Figure:
    """Plot the observations and the individual predictions of each subject.

    Parameters
    ----------
    result : Dataset, DataTree, str or Path
        Result of `pkqsp_bayes.individual_curves`, or a fit, which is analysed with the defaults (24
        subjects at most).
    study : Study, str, Path or DataFrame, optional
        Study, if `result` is a fit.
    endpoint : str, optional
        Endpoint; by default all, one block of panels per endpoint.
    log : bool, optional
        Whether the ordinate is logarithmic; by default where observations are positive and spread
        over a factor of 200.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per subject. Line: the median curve; dark band: 90 % credible interval of the
        curve (parameter uncertainty); light band: 90 % prediction interval of new observations.
        Open triangles: censored observations, at their limit. The title of a panel has an ellipsis
        in place of a part of a long ID; the result of the analysis has the whole ID.

    Raises
    ------
    CheckError
        If the study of a fit cannot be found, or as in `pkqsp_bayes.individual_curves`.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_fits(pq.individual_curves(fit, study, subjects=2, draws=20))
    >>> [axis.get_title() for axis in figure.axes]
    ['subject 1', 'subject 12']
    """
    needed = ("curve", "sample", "DV")
    curves, names = dataset_with_endpoints(result, study, endpoint, individual_curves, *needed)
    subjects = list(dict.fromkeys(curves["ID"].to_numpy().tolist()))
    columns = _columns(len(subjects))
    height = 1.0 + 1.5 * -(-len(subjects) // columns)
    with new_figure(width=1.0 + 1.7 * columns, height=0.3 + height * len(names)) as figure:
        parts = np.ravel(figure.subfigures(len(names), 1, squeeze=False))
        for part, name in zip(parts, names, strict=True):
            one = curves.sel(endpoint=name)
            axes = make_axes(part, len(subjects), columns, sharex=True, sharey=True)
            _draw_block(axes, one, subjects, log=choose_log(log, one["DV"].to_numpy()))
            part.supxlabel(name_with_unit("time", curves.attrs["time_unit"]), fontsize=9)
            part.supylabel(name_with_unit(name, str(one["unit"].item())), fontsize=9)
        finish(figure, figure.axes, curves.attrs, columns=6)
    return figure


def _columns(subjects: int) -> int:
    most = 4 if subjects <= 12 else 8 if subjects > 20 else 5
    return min(most, max(2, subjects))


def _draw_block(axes: list[Axes], one: xr.Dataset, subjects: list[str], *, log: bool) -> None:
    """Draw the panels of one endpoint up to its last observation."""
    known = np.isfinite(one["DV"].to_numpy())
    last = one["TIME"].to_numpy()[known].max() if known.any() else np.inf
    one = one.isel(record=one["TIME"].to_numpy() <= last)
    runs = rising_runs(pd.DataFrame({"ID": one["ID"].to_numpy(), "TIME": one["TIME"].to_numpy()}))
    titles = shorten(
        subjects, lambda name: text_width(_title(name), _TITLE_SIZE) < _TITLE_WIDTH
    )  # fmt: skip
    for axis, subject, title in zip(axes, subjects, titles, strict=True):
        mine = one["ID"].to_numpy() == subject
        for run in np.unique(runs[mine]):  # time may start again after a reset
            _draw_curve(axis, one.isel(record=mine & (runs == run)), log=log)
        seen = one.isel(record=mine & np.isfinite(one["DV"].to_numpy()))
        draw_observed(axis, *(seen[n].to_numpy() for n in ("TIME", "DV", "censored")))
        axis.set_title(_title(title), fontsize=_TITLE_SIZE, pad=2)
    if log:
        use_log(axes[0], "y")
        limit_below(axes[0], one["DV"].to_numpy())


def _title(subject: str) -> str:
    return f"subject {subject}"


def _draw_curve(axis: Axes, run: xr.Dataset, *, log: bool) -> None:
    time = run["TIME"].to_numpy()
    for name, shade, label in (("sample", 0.35, _SAMPLE), ("curve", 0.9, _CURVE)):
        low, high = run[name].isel(level=0).to_numpy(), run[name].isel(level=-1).to_numpy()
        axis.fill_between(time, low, high, color=BAND, alpha=shade, linewidth=0, label=label)
    median = run["curve"].isel(level=1).to_numpy()
    axis.plot(time, positive(median, log=log), color=LINE, linewidth=1.2, label=_MEDIAN)
