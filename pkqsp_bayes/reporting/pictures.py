"""Pictures of a fit: its subjects, predictive checks, estimates beside published ones."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.reporting.predictions import Curves
from pkqsp_bayes.reporting.style import BAND, COLOURS, LINE, OBSERVED, saved
from pkqsp_bayes.study.stretches import rising_runs

__all__ = ["draw_check", "draw_estimates", "draw_subjects"]


_NAMES = {
    "sample": "90 % of samples",
    "curve": "90 % of the curve",
    "median": "median",
    "observed": "observed",
}


@quiet_dependencies()
def draw_subjects(
    curves: Curves, path: Path, *, quantity: str, time: str = "time (h)", log: bool = False
) -> None:
    """Draw each subject's observations over the curves of its own parameters.

    Parameters
    ----------
    curves : Curves
        What `predict_subjects` returned.
    path : Path
        PNG file to write.
    quantity, time : str
        Labels of the axes, with units.
    log : bool
        Whether the ordinate is logarithmic.
    """
    subjects = list(curves.table["ID"].unique())
    columns = 4 if len(subjects) <= 12 else 8 if len(subjects) > 20 else 5
    rows = math.ceil(len(subjects) / columns)
    with saved(path, width=1.0 + 1.7 * columns, height=1.2 + 1.5 * rows) as figure:
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axis in axes.flat[len(subjects) :]:
            axis.set_visible(False)
        for axis, subject in zip(axes.flat, subjects, strict=False):
            _draw_subject(axis, curves, (curves.table["ID"] == subject).to_numpy(), log=log)
            axis.set_title(f"subject {subject}", fontsize=8, pad=2)
            if log:
                axis.set_yscale("log")
        if log:
            _limit_below(axes[0, 0], curves)
        figure.supxlabel(time)
        figure.supylabel(quantity)
        _legend(figure, axes[0, 0])


def _draw_subject(axis: Axes, curves: Curves, mine: NDArray[np.bool_], *, log: bool) -> None:
    runs = rising_runs(curves.table)
    for index, run in enumerate(np.unique(runs[mine])):
        _draw_run(axis, curves, mine & (runs == run), log=log, named=index == 0)


def _draw_run(
    axis: Axes, curves: Curves, mine: NDArray[np.bool_], *, log: bool, named: bool
) -> None:
    """Draw what lies between two resets after which time begins again."""
    time, value = (curves.table.loc[mine, name].to_numpy() for name in ("TIME", "DV"))
    names = _NAMES if named else dict.fromkeys(_NAMES)
    for draws, shade, label in (
        (curves.sample, 0.35, names["sample"]),
        (curves.curve, 0.9, names["curve"]),
    ):
        low, high = np.nanquantile(draws[:, mine], [0.05, 0.95], axis=0)
        axis.fill_between(time, low, high, color=BAND, alpha=shade, linewidth=0, label=label)
    median = np.nanmedian(curves.curve[:, mine], axis=0)
    if log:
        median = np.where(median > 0, median, np.nan)  # before the dose there is nothing to draw
    axis.plot(time, median, color=LINE, linewidth=1.2, label=names["median"])
    axis.plot(time, value, "o", color=OBSERVED, markersize=2.5, label=names["observed"])


def _limit_below(axis: Axes, curves: Curves) -> None:
    """Keep what lies far below all observations from taking the picture."""
    values = curves.table["DV"].to_numpy()
    axis.set_ylim(bottom=0.5 * np.nanmin(values[values > 0]), top=2 * np.nanmax(values))


def _legend(figure: Figure, axis: Axes) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))


def draw_check(check: xr.Dataset, path: Path, *, quantity: str, log: bool = False) -> None:
    """Draw a visual predictive check: quantiles of the study within those of its replicates.

    Parameters
    ----------
    check : xarray.Dataset
        What `pkqsp_bayes.vpc` returned, with one stratum and three quantiles.
    path : Path
        PNG file to write.
    quantity : str
        Label of the ordinate, with its unit.
    log : bool
        Whether the ordinate is logarithmic.
    """
    one = check.isel(stratum=0)
    low, middle, high = (one.sel(quantile=q) for q in one["quantile"].to_numpy())
    with saved(path, width=7.5, height=4.4) as figure:
        axis = figure.subplots()
        axis.plot(check["time_of"], check["DV"], "o", color=OBSERVED, markersize=2.5, alpha=0.35,
                  label="observed")  # fmt: skip
        outer = f"{low['quantile'].item():.0%} and {high['quantile'].item():.0%}"
        _draw_quantile(axis, low, COLOURS[1], "--", outer)
        _draw_quantile(axis, high, COLOURS[1], "--", "")
        _draw_quantile(axis, middle, COLOURS[0], "-", "median")
        if log:
            axis.set_yscale("log")
        axis.set_xlabel(f"time ({check.attrs['time_unit']})")
        axis.set_ylabel(quantity)
        handles, labels = axis.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)


def _draw_quantile(axis: Axes, one: xr.Dataset, colour: str, style: str, name: str) -> None:
    """Band: 95 % of the replicates' quantile; line: the study's own."""
    time, band = one["time"].to_numpy(), one["simulated"].to_numpy()
    axis.fill_between(time, band[:, 0], band[:, -1], color=colour, alpha=0.25, linewidth=0,
                      label=name and f"{name}: 95 % of replicates")  # fmt: skip
    axis.plot(time, one["observed"], style, color=colour, label=name and f"{name}: observed")


def draw_estimates(table: pd.DataFrame, path: Path) -> None:
    """Draw estimates of several sources side by side, one small axis a quantity.

    Parameters
    ----------
    table : pandas.DataFrame
        ``quantity``, ``unit``, ``source``, ``value``, ``low``, ``high`` (NaN where a source
        gives no interval).
    path : Path
        PNG file to write.
    """
    quantities = list(table["quantity"].unique())
    sources = list(table["source"].unique())
    columns = min(5, len(quantities))
    rows = math.ceil(len(quantities) / columns)
    height = 0.8 + rows * (0.7 + 0.2 * len(sources))
    with saved(path, width=2.2 * columns + 0.6, height=height) as figure:
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat[len(quantities) :]:
            axis.set_visible(False)
        for axis, quantity in zip(axes.flat, quantities, strict=False):
            _draw_quantity(axis, table[table["quantity"] == quantity], sources)
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(sources)
        )


def _draw_quantity(axis: Axes, table: pd.DataFrame, sources: Sequence[str]) -> None:
    for place, (source, colour) in enumerate(zip(sources, COLOURS, strict=False)):
        mine = table[table["source"] == source]
        x, y = mine["value"], np.full(len(mine), -place)
        axis.plot(x, y, "os^Dv<"[place], color=colour, label=source, markersize=5)
        axis.hlines(y, mine["low"], mine["high"], color=colour, linewidth=2)
    unit = table["unit"].iloc[0]
    axis.set_title(table["quantity"].iloc[0] + (f" ({unit})" if unit else ""), fontsize=9)
    axis.set_yticks([])
    axis.set_ylim(-len(sources) + 0.4, 0.6)
    axis.margins(x=0.15)
    axis.locator_params(axis="x", nbins=4)
