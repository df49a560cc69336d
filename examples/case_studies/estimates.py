"""Plot of estimates from several sources, and secondary parameters for the comparison."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.analysis.population_draws import population_of
from pkqsp_bayes.fitting.results.fit_argument import open_fit
from pkqsp_bayes.likelihood.study_simulator import study_simulator
from pkqsp_bayes.plots.layout import finish
from pkqsp_bayes.plots.style import COLOURS, new_figure
from pkqsp_bayes.study.simulated import regimen

__all__ = ["plot_estimates", "secondary_values"]

FloatArray = NDArray[np.float64]


def plot_estimates(table: pd.DataFrame) -> Figure:
    """Plot estimates of several sources side by side, one panel per quantity.

    Parameters
    ----------
    table : pandas.DataFrame
        ``quantity``, ``unit``, ``source``, ``value``, ``low``, ``high`` (NaN where a source
        gives no interval).
    """
    quantities = list(table["quantity"].unique())
    sources = list(table["source"].unique())
    columns = min(5, len(quantities))
    rows = math.ceil(len(quantities) / columns)
    height = 0.8 + rows * (0.7 + 0.2 * len(sources))
    with new_figure(width=2.2 * columns + 0.6, height=height) as figure:
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat[len(quantities) :]:
            axis.set_visible(False)
        for axis, quantity in zip(axes.flat, quantities, strict=False):
            _draw_quantity(axis, table[table["quantity"] == quantity], sources)
        finish(figure, axes[0, :1], {}, columns=len(sources))
    return figure


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


def secondary_values(tree: xr.DataTree, covariates: dict[str, float]) -> dict[str, FloatArray]:
    """Return the outputs that are not observed, in every draw, of the typical subject at time 0.

    Parameters
    ----------
    tree : xarray.DataTree
        The result of `pkqsp_bayes.fit`.
    covariates : dict of str to float
        Covariates of the typical subject.

    Returns
    -------
    dict of str to (D,) array
        Clearances, volumes and other outputs that the model file states under ``[observe]``.
    """
    fitted = open_fit(tree)
    model, population = fitted.spec, population_of(fitted)
    simulator = study_simulator(model, regimen((), [0.0], covariates=covariates))
    eta = np.zeros((population.size, 1, len(population.effects)))
    values = simulator.solve(simulator.parameters(population, eta)).values
    names = [name for name, o in model.observe.items() if o.error is None]
    return {name: values[:, 0, simulator.outputs.index(name)] for name in names}
