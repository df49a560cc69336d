"""`plot_prior_posterior`, `plot_prior_check`: comparison of priors with posteriors and data."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.analysis.predictive.bins import bin_times
from pkqsp_bayes.analysis.predictive.prior_check import prior_check
from pkqsp_bayes.analysis.uncertainty.prior_correlations import correlation_priors
from pkqsp_bayes.analysis.uncertainty.prior_posterior import priors_of
from pkqsp_bayes.arguments import checked, either
from pkqsp_bayes.fitting.results.approximation_labels import label_of
from pkqsp_bayes.fitting.results.fit_argument import FIT, PRIOR_DRAWS, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import read_spec
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.plots.layout import (
    draw_observed,
    finish,
    make_axes,
    name_with_unit,
    use_log,
)
from pkqsp_bayes.plots.sources import DATASET, require_variables
from pkqsp_bayes.plots.style import BAND, COLOURS, LINE, new_figure
from pkqsp_bayes.spec.labels import label_unit
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["PANELS", "Density", "plot_densities", "plot_prior_check", "plot_prior_posterior"]

FloatArray = NDArray[np.float64]

_BANDS = ((0.05, 0.95, 0.3), (0.25, 0.75, 0.55))
_BINS = 20
_DECADES = 30.0  # smallest ratio of the ends of a logarithmic axis
_FLAT = 0.05
"""Ratio of the heights of prior and posterior below which the square root is drawn."""
_COLUMNS = 4
PANELS = 16
"""Largest number of parameters in a plot."""


class Density(Protocol):
    """A prior that can be drawn."""

    def quantile(self, p: ArrayLike) -> FloatArray:
        """Return the quantiles of probabilities ``p``."""

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return the log density at ``x``."""


@checked(prior=PRIOR_DRAWS, check=either(DATASET, STUDY))
@quiet_dependencies()
def plot_prior_check(prior: xr.DataTree, check: xr.Dataset | StudyLike) -> Figure:
    """Plot prior predictions of a study with its observations, and statistics of both.

    Parameters
    ----------
    prior : xarray.DataTree
        Result of `pkqsp_bayes.sample_prior`.
    check : Dataset, Study, str, Path or DataFrame
        Result of `pkqsp_bayes.prior_check` for this prior, or the study, which is checked with the
        defaults.

    Returns
    -------
    matplotlib.figure.Figure
        One row for each endpoint. Left: bands of the prior predictive over time, and the
        observations in ``prior``; the title states how many of them a logarithmic ordinate cannot
        show. Other panels: for each statistic a histogram of the replicates,
        and the observed value (vermilion) with its p-value.

    Raises
    ------
    CheckError
        The problems that `pkqsp_bayes.prior_check` reports.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_prior_check(prior, pq.prior_check(prior, study))
    >>> figure.axes[0].get_ylabel()
    'cp (mg/L)'
    """
    if not isinstance(check, xr.Dataset):
        check = prior_check(prior, check)
    require_variables(check, ("observed", "replicated", "box_p"), "prior_check")
    endpoints = [str(name) for name in check["endpoint"].to_numpy()]
    known = np.isfinite(check["observed"].to_numpy()).any(axis=0)
    statistics = check["statistic"].to_numpy()[known]
    width, height = 4.2 + 2.1 * len(statistics), 2.7 * len(endpoints) + 0.5
    model = read_spec(prior)
    with new_figure(width=width, height=height) as figure:
        ratios = [2.0, *(1.0 for _ in statistics)]
        axes = figure.subplots(
            len(endpoints), 1 + len(statistics), squeeze=False, width_ratios=ratios
        )
        for row, endpoint in zip(axes, endpoints, strict=True):
            hidden = _draw_course(row[0], prior, endpoint)
            note = f"\n{hidden} observations of 0 or less are not shown" if hidden else ""
            row[0].set_title(f"Box's p = {float(check.box_p.sel(endpoint=endpoint)):.2g}{note}")
            for axis, statistic in zip(row[1:], statistics, strict=True):
                _draw_statistic(axis, check.sel(endpoint=endpoint, statistic=statistic))
                axis.set_xlabel(_statistic_unit(model, endpoint, str(statistic)))
        finish(figure, axes[:, 0], {}, columns=6)
    return figure


def _draw_course(axis: Axes, prior: xr.DataTree, endpoint: str) -> int:
    """Draw bands of the prior predictive in bins of time, and the observations.

    Returns
    -------
    int
        Number of observations that a logarithmic ordinate cannot show.
    """
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
    draw_observed(axis, times, dv, _censored(prior, mine))
    for i, (low, high, shade) in enumerate(_BANDS):
        axis.fill_between(centres, quantiles[2 * i], quantiles[2 * i + 1], color=BAND, alpha=shade,
                          linewidth=0, label=f"prior: {100 * (high - low):.0f} %")  # fmt: skip
    axis.plot(centres, quantiles[-1], color=LINE, label="median")
    positive = quantiles[0][quantiles[0] > 0]
    is_log = positive.size > centres.size / 2 and np.nanmax(quantiles) > _DECADES * positive.min()
    if is_log:
        use_log(axis, "y")
        axis.set_ylim(bottom=0.5 * min(positive.min(), np.min(dv[dv > 0], initial=np.inf)))
    model = read_spec(prior)
    axis.set_ylabel(name_with_unit(endpoint, model.observe[endpoint].value.unit))
    axis.set_xlabel(name_with_unit("time", model.time_unit))
    return int(np.sum(dv <= 0)) if is_log else 0


def _censored(prior: xr.DataTree, mine: NDArray[np.bool_]) -> NDArray[np.int64]:
    known = prior["constant_data"].to_dataset() if "constant_data" in prior.children else {}
    if "censored" not in known:
        return np.zeros(int(mine.sum()), dtype=np.int64)
    side: NDArray[np.int64] = known["censored"].to_numpy()[mine]
    return side


def _statistic_unit(model: ModelSpec, endpoint: str, statistic: str) -> str:
    """Return the unit of a statistic of an endpoint; empty if it has none."""
    unit = model.observe[endpoint].value.unit or ""
    units = {"median Cmax": unit, "median AUC": f"{unit} {model.time_unit}".strip()}
    return units.get(statistic, "")


def _draw_statistic(axis: Axes, one: xr.Dataset) -> None:
    values, observed = one["replicated"].to_numpy(), float(one["observed"])
    finite = values[np.isfinite(values)]
    axis.set_yticks([])
    axis.set_title(f"{one['statistic'].item()}\np = {float(one['p_value']):.3g}")
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
        use_log(axis, "x")
    else:
        axis.locator_params(axis="x", nbins=4)


@checked(fit=FIT, study=STUDY)
def plot_prior_posterior(fit: FitLike, study: StudyLike | None = None) -> Figure:
    """Plot the density of each prior with the posterior draws.

    Parameters
    ----------
    fit : DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame
        The study of the fit.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each population parameter with its unit, at most sixteen; the last ones are
        the correlations of random effects, each with its marginal under the LKJ prior. The title
        states how many are not shown. The ordinate is of the square root of the density, and
        states so, where the prior is below 5 % of the posterior.

    Raises
    ------
    CheckError
        All problems of the study; or if it is not the study of the fit.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_prior_posterior(fit, study)
    >>> [axis.get_xlabel() for axis in figure.axes[:3]]
    ['CL (L/h)', 'V (L)', 'ka (1/h)']
    """
    fitted = open_fit(fit)
    data, draws = fitted.bind_data(fitted.resolve_study(study, own=True)), fitted.draws
    known: dict[str, Density] = {**priors_of(data), **correlation_priors(data)}
    priors = {k: v for k, v in known.items() if k in draws}
    units = {name: label_unit(fitted.spec, name) for name in priors}
    return plot_densities(priors, draws, units=units, label=label_of(fitted))


def plot_densities(
    priors: Mapping[str, Density],
    draws: Mapping[str, FloatArray],
    *,
    units: Mapping[str, str] | None = None,
    label: str = "",
) -> Figure:
    """Plot the density of each prior with draws.

    Parameters
    ----------
    priors : mapping of str to Density
        Priors by label; the first sixteen are drawn, and the title has the number of the others.
    draws : mapping of str to array
        Draws by the same labels.
    units : mapping of str to str, optional
        Units of the parameters for the axes.
    label : str
        Label of draws that are not from the posterior.
    """
    names = list(priors)[:PANELS]
    omitted = len(priors) - len(names)
    title = f"{omitted} further parameters are not shown" if omitted else ""
    columns = max(1, min(_COLUMNS, len(names)))
    rows = -(-len(names) // columns)
    with new_figure(width=2.2 * columns + 0.2, height=1.75 * rows + 0.4) as figure:
        axes = make_axes(figure, len(names), columns)
        for axis, name in zip(axes, names, strict=True):
            _draw_densities(axis, priors[name], draws[name])
            axis.set_xlabel(name_with_unit(name, (units or {}).get(name)), fontsize=8)
        finish(figure, axes, {"label": label}, title=title)
    return figure


def _draw_densities(axis: Axes, prior: Density, draws: FloatArray) -> None:
    low, high = np.quantile(draws, [0.001, 0.999])
    edges = prior.quantile([0.03, 0.97])
    middle, reach = np.median(draws), 4 * (high - low)
    left = max(min(edges[0], low), middle - reach)
    right = min(max(edges[1], high), middle + reach)
    if right <= left:  # all draws are equal
        left, right = edges
    grid = np.linspace(left, right, 200)
    density = np.exp(prior.log_density(grid))
    heights, *_ = axis.hist(draws, bins=30, density=True, color=COLOURS[5], alpha=0.8,
                            label="posterior")  # fmt: skip
    axis.plot(grid, density, color=COLOURS[1], label="prior")
    axis.set_xlim(left, right)
    _show_flat(axis, density, float(np.max(heights)))
    axis.set_yticks([])
    if (place := axis.get_subplotspec()) is not None and place.is_first_col():
        axis.set_ylabel("density")
    axis.locator_params(axis="x", nbins=3)


def _show_flat(axis: Axes, density: FloatArray, highest: float) -> None:
    """Make a prior visible whose density is small: the ordinate is of the square root."""
    top = float(np.max(density[np.isfinite(density)], initial=0.0))
    if 0 < top < _FLAT * highest:
        axis.set_yscale("function", functions=(np.sqrt, np.square))
        axis.set_ylim(0, 1.1 * highest)
        axis.set_title("square root of the density", fontsize=7, loc="right")
