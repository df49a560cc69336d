"""Pictures of priors: what they predict for a study, and what data made of them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from pkqsp_bayes.analysis.predictive.bins import bin_times
from pkqsp_bayes.fitting.results.fitted_model import read_spec
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.reporting.section import number
from pkqsp_bayes.reporting.style import BAND, COLOURS, LINE, OBSERVED, saved
from pkqsp_bayes.spec.distribution import Distribution

__all__ = ["draw_prior_check", "draw_prior_posterior"]

FloatArray = NDArray[np.float64]

_BANDS = ((0.05, 0.95, 0.3), (0.25, 0.75, 0.55))
_BINS = 20
_DECADES = 30.0  # ratio of a range from which on its axis is logarithmic
_COLUMNS = 4
_PANELS = 16


@quiet_dependencies()
def draw_prior_check(prior: xr.DataTree, check: xr.Dataset, path: Path) -> None:
    """Draw what priors predict for a study around what was seen, and statistics of both.

    Parameters
    ----------
    prior : xarray.DataTree
        What `pkqsp_bayes.sample_prior` returned.
    check : xarray.Dataset
        What `pkqsp_bayes.prior_check` made of it.
    path : Path
        PNG file to write.
    """
    endpoints = [str(name) for name in check["endpoint"].to_numpy()]
    told = np.isfinite(check["observed"].to_numpy()).any(axis=0)
    statistics = check["statistic"].to_numpy()[told]
    width, height = 4.2 + 2.1 * len(statistics), 2.7 * len(endpoints) + 0.5
    with saved(path, width=width, height=height) as figure:
        ratios = [2.0, *(1.0 for _ in statistics)]
        axes = figure.subplots(
            len(endpoints), 1 + len(statistics), squeeze=False, width_ratios=ratios
        )
        for row, endpoint in zip(axes, endpoints, strict=True):
            _draw_course(row[0], prior, endpoint)
            row[0].set_title(f"Box's p = {float(check.box_p.sel(endpoint=endpoint)):.2g}", size=9)
            for axis, statistic in zip(row[1:], statistics, strict=True):
                _draw_statistic(axis, check.sel(endpoint=endpoint, statistic=statistic))
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=4)


def _draw_course(axis: Axes, prior: xr.DataTree, endpoint: str) -> None:
    """Bands of the prior predictive over time, in bins, and the observations."""
    seen = prior["observed_data"].to_dataset()["DV"]
    mine = (seen.endpoint == endpoint).to_numpy()
    drawn = prior["prior_predictive"].to_dataset()["DV"].stack(sample=("chain", "draw"))
    values = drawn.transpose("observation", "sample").to_numpy()[mine]
    times, dv = seen.TIME.to_numpy()[mine], seen.to_numpy()[mine]
    place, centres = bin_times(times, _BINS)
    levels = [level for low, high, _ in _BANDS for level in (low, high)]
    quantiles = np.array(
        [np.nanquantile(values[place == k], [*levels, 0.5]) for k in range(centres.size)]
    ).T
    axis.plot(times, dv, "o", color=OBSERVED, markersize=2.5, alpha=0.5, label="observed")
    for i, (low, high, shade) in enumerate(_BANDS):
        axis.fill_between(centres, quantiles[2 * i], quantiles[2 * i + 1], color=BAND, alpha=shade,
                          linewidth=0, label=f"prior: {high - low:.0%}")  # fmt: skip
    axis.plot(centres, quantiles[-1], color=LINE, label="median")
    positive = quantiles[0][quantiles[0] > 0]
    if positive.size > centres.size / 2 and np.nanmax(quantiles) > _DECADES * positive.min():
        axis.set_yscale("log")
        axis.set_ylim(bottom=0.5 * min(positive.min(), np.min(dv[dv > 0], initial=np.inf)))
    model = read_spec(prior)
    unit = model.observe[endpoint].value.unit
    axis.set_ylabel(f"{endpoint} ({unit})" if unit else endpoint)
    axis.set_xlabel(f"time ({model.time_unit})")


def _draw_statistic(axis: Axes, one: xr.Dataset) -> None:
    values, observed = one["replicated"].to_numpy(), float(one["observed"])
    finite = values[np.isfinite(values)]
    axis.set_yticks([])
    axis.set_title(f"{one['statistic'].item()}\np = {number(float(one['p_value']))}", size=9)
    if not finite.size or not np.isfinite(observed):
        return
    positive = finite.min() > 0 and observed > 0
    wide = positive and finite.max() > _DECADES * finite.min()
    ends = np.quantile(finite, [0.005, 0.995])
    low, high = min(ends[0], observed), max(ends[1], observed)
    edges = np.geomspace(low, high, 31) if wide else np.linspace(low, high, 31)
    axis.hist(finite, bins=edges.tolist(), color=BAND)
    axis.axvline(observed, color=COLOURS[1])
    if wide:
        axis.set_xscale("log")
        axis.xaxis.set_minor_formatter(NullFormatter())
    else:
        axis.locator_params(axis="x", nbins=4)


def draw_prior_posterior(
    priors: Mapping[str, Distribution], draws: Mapping[str, FloatArray], path: Path
) -> None:
    """Draw the density of each prior over the draws of its posterior.

    Parameters
    ----------
    priors : mapping of str to Distribution
        As `priors_in_force` gives them; the first sixteen are drawn.
    draws : mapping of str to array
        By the same labels.
    path : Path
        PNG file to write.
    """
    names = list(priors)[:_PANELS]
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    with saved(path, width=2.2 * columns + 0.2, height=1.75 * rows + 0.4) as figure:
        axes = figure.subplots(rows, columns, squeeze=False)
        for axis in axes.flat[len(names) :]:
            axis.set_visible(False)
        for axis, name in zip(axes.flat, names, strict=False):
            _draw_pair(axis, priors[name], draws[name])
            axis.set_title(name, fontsize=9)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)


def _draw_pair(axis: Axes, prior: Distribution, draws: FloatArray) -> None:
    low, high = np.quantile(draws, [0.001, 0.999])
    edges = prior.quantile([0.03, 0.97])
    middle, reach = np.median(draws), 4 * (high - low)
    left = max(min(edges[0], low), middle - reach)
    right = min(max(edges[1], high), middle + reach)
    grid = np.linspace(left, right, 200)
    axis.hist(draws, bins=30, density=True, color=COLOURS[5], alpha=0.8, label="posterior")
    axis.plot(grid, np.exp(prior.log_density(grid)), color=COLOURS[1], label="prior")
    axis.set_xlim(left, right)
    axis.set_yticks([])
    axis.locator_params(axis="x", nbins=3)
