"""`plot_observations`, `plot_covariates`: plots of the data."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pkqsp_bayes.arguments import FLAG, checked
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.plots.layout import (
    choose_log,
    draw_observed,
    finish,
    make_axes,
    name_with_unit,
    positive,
    use_log,
)
from pkqsp_bayes.plots.profiles import joined_runs
from pkqsp_bayes.plots.random_effects import is_category, level_name
from pkqsp_bayes.plots.style import COLOURS, new_figure
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["plot_covariates", "plot_observations"]

_COLUMNS = 3


@checked(fit=FIT, study=STUDY, log=FLAG)
def plot_observations(
    fit: FitLike, study: StudyLike | None = None, *, log: bool | None = None
) -> Figure:
    """Plot the observations of a fit over time.

    Parameters
    ----------
    fit : DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        The study of the fit; by default the one in its folder. Without it doses and occasions are
        not known.
    log : bool, optional
        Whether the ordinate is logarithmic; by default where observations are positive and spread
        over a factor of 200. Values that are not positive are omitted then.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each endpoint. A line joins measured observations of one subject in one
        occasion. It breaks at a reset, at a censored observation, and at a dose, unless there is
        only one observation in the dose interval before and in the one after it. The first dose
        does not break it. Open triangles: censored observations, at their limit.

    Raises
    ------
    CheckError
        If the study cannot be read, or is not the study of the fit.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_observations(fit)
    >>> figure.axes[0].get_ylabel()
    'cp (mg/L)'
    """
    fitted = open_fit(fit)
    model, frame = fitted.spec, _observations(fitted)
    events = _events(fitted, study, frame)
    names = list(dict.fromkeys(frame["endpoint"]))
    columns = min(2, len(names))
    height = 3.2 * -(-len(names) // columns)
    with new_figure(width=4.4 * columns + 0.6, height=height) as figure:
        axes = make_axes(figure, len(names), columns)
        for axis, name in zip(axes, names, strict=True):
            _draw_endpoint(axis, frame[frame["endpoint"] == name], events, log=log)
            axis.set_xlabel(name_with_unit("time", model.time_unit))
            axis.set_ylabel(name_with_unit(name, model.observe[name].value.unit))
        finish(figure, axes, {})
    return figure


def _observations(fitted: FittedModel) -> pd.DataFrame:
    """Return observations as a table: ID, TIME, endpoint, DV, censored; index: rows."""
    seen = fitted.group("observed_data")
    columns = {name: seen[name].to_numpy() for name in ("ID", "TIME", "endpoint", "DV")}
    known = fitted.group("constant_data")["censored"].to_numpy()
    return pd.DataFrame({**columns, "censored": known}, index=seen["observation"].to_numpy())


def _events(
    fitted: FittedModel, study: StudyLike | None, frame: pd.DataFrame
) -> pd.DataFrame | None:
    """Return the table of the study, or None if it is not with the fit."""
    if study is None and fitted.own_study is None:
        return None
    table = fitted.resolve_study(study, own=study is not None).table
    rows = table.reindex(frame.index)[["ID", "TIME"]]
    return table if rows.eq(frame[["ID", "TIME"]]).all(axis=None) else None


def _draw_endpoint(
    axis: Axes, frame: pd.DataFrame, events: pd.DataFrame | None, *, log: bool | None
) -> None:
    is_log = choose_log(log, frame["DV"].to_numpy(dtype=float))
    frame = frame.assign(DV=positive(frame["DV"].to_numpy(dtype=float), log=is_log))
    for _, one in frame.groupby(joined_runs(frame, events), sort=False):
        if len(one) > 1:
            axis.plot(one["TIME"], one["DV"], "-", color=COLOURS[5], linewidth=0.6, alpha=0.7)
    draw_observed(axis, *(frame[name].to_numpy() for name in ("TIME", "DV", "censored")))
    if is_log:
        use_log(axis, "y")


@checked(study=STUDY)
def plot_covariates(study: StudyLike) -> Figure:
    """Plot the distribution of each covariate of a study.

    Parameters
    ----------
    study : Study, str, Path or DataFrame
        A study, its name or its file.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each covariate, with the first record of each subject: a histogram of numbers,
        bars for categories (text, or up to four different numbers).

    Raises
    ------
    CheckError
        If the study has no covariates.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_covariates("theophylline")
    >>> figure.axes[0].get_xlabel()
    'WT (kg)'
    """
    found = as_study(study)
    names = found.covariates
    if not names:
        what, remedy = "it has no covariates", "give a study with covariates"
        raise CheckError([Issue(where="study", what=what, remedy=remedy)])
    columns = min(_COLUMNS, len(names))
    height = 2.2 * -(-len(names) // columns)
    with new_figure(width=0.3 + 2.9 * columns, height=height) as figure:
        axes = make_axes(figure, len(names), columns)
        first = found.table.drop_duplicates("ID")
        for axis, name in zip(axes, names, strict=True):
            _draw_covariate(axis, first[name].dropna())
            axis.set_xlabel(name_with_unit(name, found.units.get(name)))
            axis.yaxis.set_major_locator(MaxNLocator(integer=True))
        figure.supylabel("subjects", fontsize=9)
    return figure


def _draw_covariate(axis: Axes, values: pd.Series) -> None:
    if is_category(values):
        counts = values.value_counts().sort_index()
        names = [level_name(level) for level in counts.index]
        axis.bar(names, counts.to_numpy(), color=COLOURS[0], width=0.6)
    else:
        edges = np.histogram_bin_edges(values, bins="sturges")
        axis.hist(values, bins=edges.tolist(), color=COLOURS[0], edgecolor="white")
