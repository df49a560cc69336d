"""`plot_random_effects`: distributions of random effects, and relations with covariates."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from pkqsp_bayes.analysis.predictive.individual_effects import individual_effects
from pkqsp_bayes.arguments import checked
from pkqsp_bayes.fitting.results.fit_argument import FitLike
from pkqsp_bayes.plots.layout import finish, name_with_unit
from pkqsp_bayes.plots.sources import DATASET_OR_FIT, dataset_of
from pkqsp_bayes.plots.style import BAND, COLOURS, GREY, OBSERVED, new_figure
from pkqsp_bayes.plots.trend import draw_trend
from pkqsp_bayes.spec.labels import eta_label, kappa_label
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["is_category", "level_name", "plot_random_effects"]

FloatArray = NDArray[np.float64]
_LEVELS = 4
"""Largest number of different numbers of a categorical covariate."""


@checked(result=DATASET_OR_FIT, study=STUDY)
def plot_random_effects(result: xr.Dataset | FitLike, study: StudyLike | None = None) -> Figure:
    """Plot the distributions of the random effects, and random effects against covariates.

    Parameters
    ----------
    result : Dataset, DataTree, str or Path
        Result of `pkqsp_bayes.individual_effects`, or a fit.
    study : Study, str, Path or DataFrame, optional
        Study, if `result` is a fit.

    Returns
    -------
    matplotlib.figure.Figure
        One column for each random effect, first eta, then kappa. First row: histogram of the
        posterior means (of subjects; for kappa, of occasions of subjects), density of the model
        (line), and shrinkage, 1 - SD / omega. Other rows:
        each covariate, numbers with a smooth trend if eight or more differ, categories (text, or up
        to four different numbers) as box plots.

    Raises
    ------
    CheckError
        If the study of a fit cannot be found, or as in `pkqsp_bayes.individual_effects`.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_random_effects(fit, study)
    >>> [axis.get_ylabel() for axis in figure.axes[3:]], figure.axes[3].get_xlabel()
    (['eta[CL]', 'eta[V]', 'eta[ka]'], 'WT (kg)')
    """
    effects = dataset_of(result, study, individual_effects, "eta", "omega")
    columns, covariates = list(_columns(effects)), _covariates(effects)
    rows = 1 + len(covariates)
    width = max(5.0, 0.6 + 2.6 * len(columns))
    with new_figure(width=width, height=0.5 + 2.2 * rows) as figure:
        axes = figure.subplots(rows, len(columns), squeeze=False, sharey=False)
        for place, (name, values, omega, shrinkage) in enumerate(columns):
            _draw_distribution(axes[0, place], values.ravel(), omega)
            of = "occasions of subjects" if values.shape[1] > 1 else "subjects"
            axes[0, place].set_xlabel(f"{name}, {np.isfinite(values).sum()} {of}", fontsize=8)
            suffix = f", shrinkage {100 * shrinkage:.0f} %" if np.isfinite(shrinkage) else ""
            axes[0, place].set_title(name + suffix, fontsize=8)
            for axis, covariate in zip(axes[1:, place], covariates, strict=True):
                _draw_against(axis, effects[covariate], values)
                axis.set_ylabel(name)
        for row, name in zip(axes[1:], covariates, strict=True):
            for axis in row:
                axis.set_xlabel(name_with_unit(name, effects[name].attrs.get("unit")))
        axes[0, 0].set_ylabel("density")
        finish(figure, figure.axes, effects.attrs)
    return figure


def _columns(effects: xr.Dataset) -> Iterator[tuple[str, FloatArray, float, float]]:
    """Yield name, values (subject, any), omega and shrinkage of each random effect."""
    for name in effects["effect"].to_numpy():
        one = effects.sel(effect=name)
        values = one["eta"].to_numpy()[:, None]
        yield eta_label(str(name)), values, float(one["omega"]), float(one["shrinkage"])
    if "kappa" in effects:
        for name in effects["effect_iov"].to_numpy():
            one = effects.sel(effect_iov=name)
            shrinkage = float(one["shrinkage_iov"]) if "shrinkage_iov" in one else np.nan
            values, omega = one["kappa"].to_numpy(), float(one["omega_iov"])
            yield kappa_label(str(name)), values, omega, shrinkage


def _covariates(effects: xr.Dataset) -> list[str]:
    return [str(name) for name, v in effects.data_vars.items() if v.dims == ("subject",)]


def _draw_distribution(axis: Axes, values: FloatArray, omega: float) -> None:
    known = values[np.isfinite(values)]
    reach = max(3 * omega, float(np.abs(known).max(initial=0.0)))
    bins = np.linspace(-reach, reach, 2 * max(5, min(12, known.size // 3)))
    axis.hist(known, bins=bins.tolist(), density=True, color=BAND, label="posterior means")
    if omega > 0:
        grid = np.linspace(-reach, reach, 201)
        axis.plot(grid, stats.norm.pdf(grid, scale=omega), color=COLOURS[0], label="model")
    axis.axvline(0, color=GREY, linewidth=0.8)


def _draw_against(axis: Axes, covariate: xr.DataArray, values: FloatArray) -> None:
    axis.axhline(0, color=GREY, linewidth=0.8)
    x, y = np.repeat(covariate.to_numpy(), values.shape[1]), values.ravel()
    kept = np.isfinite(y) & ~pd.isna(x)
    if is_category(pd.Series(covariate.to_numpy())):
        _draw_boxes(axis, x[kept], y[kept])
        return
    axis.plot(x[kept], y[kept], "o", color=OBSERVED, markersize=2.5, alpha=0.6)
    draw_trend(axis, x[kept].astype(float), y[kept])


def _draw_boxes(axis: Axes, x: NDArray[np.object_], y: FloatArray) -> None:
    levels = np.unique(x)
    groups = [y[x == level] for level in levels]
    axis.boxplot(groups, widths=0.5, medianprops={"color": COLOURS[1]})
    axis.set_xticks(range(1, levels.size + 1), [level_name(level) for level in levels])


def is_category(values: pd.Series) -> bool:
    """Return whether a covariate is a category: text, or few different numbers.

    Examples
    --------
    >>> is_category(pd.Series([0.0, 1.0, 1.0])), is_category(pd.Series(range(9)))
    (True, False)
    """
    return not pd.api.types.is_numeric_dtype(values) or values.nunique() <= _LEVELS


def level_name(level: object) -> str:
    """Return a level of a category as text.

    Examples
    --------
    >>> level_name(1.0), level_name("poor")
    ('1', 'poor')
    """
    return f"{level:g}" if isinstance(level, float) else str(level)
