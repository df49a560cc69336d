"""Plots of draws of the population parameters: pairs, correlations, traces."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.arguments import TEXT, checked, sequence
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import label_of
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.plots.layout import finish, name_with_unit
from pkqsp_bayes.plots.style import BAND, COLOURS, LINE, new_figure
from pkqsp_bayes.spec.labels import label_unit

__all__ = ["plot_correlations", "plot_parameters", "plot_traces"]

FloatArray = NDArray[np.float64]
_MOST = 8
"""Default number of parameters in a plot of pairs."""
_TRACES = 16
_LONG = 14
_THINNED = 1000
_STYLES = ("-", "--", ":", "-.")
LABELS = sequence(TEXT, wanted='give a list of labels, such as ["CL", "omega[CL]"]', least=1)


@checked(fit=FIT, labels=LABELS)
def plot_parameters(fit: FitLike, labels: Sequence[str] | None = None) -> Figure:
    """Plot pairs of population parameters, with divergent transitions.

    Parameters
    ----------
    fit : DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    labels : sequence of str, optional
        Parameters (``CL``, ``omega[CL]``, ...); by default all, or the eight with the largest
        correlations.

    Returns
    -------
    matplotlib.figure.Figure
        Diagonal: histogram of each parameter. Lower triangle: up to 1000 draws of each pair, with
        all divergent transitions as vermilion crosses. Upper triangle: the correlation of the
        draws.

    Raises
    ------
    CheckError
        If a parameter does not exist.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_parameters(fit, ["CL", "V"])
    >>> [axis.get_xlabel() for axis in figure.axes[2:]]
    ['CL (L/h)', 'V (L)']
    """
    fitted = open_fit(fit)
    draws = _chosen(fitted, labels, most=_MOST)
    names, values = list(draws), np.array(list(draws.values()))
    divergent = _divergent(fitted, values.shape[1])
    correlation = _correlations(draws)
    shown = np.linspace(0, values.shape[1] - 1, min(_THINNED, values.shape[1])).astype(int)
    size = len(names)
    with new_figure(width=1.0 + 1.35 * size, height=1.1 + 1.25 * size) as figure:
        axes = figure.subplots(size, size, squeeze=False, sharex="col")
        for (i, j), axis in np.ndenumerate(axes):
            if i == j:
                axis.hist(values[i], bins=30, color=BAND)
            elif i > j:
                _draw_pair(axis, values[j], values[i], shown, divergent)
            else:
                _write(axis, float(correlation[i, j]))
        _name(axes, [_in_two_lines(name, _unit(fitted, name)) for name in names])
        finish(figure, figure.axes, {"label": label_of(fitted)})
    return figure


def _varying(fitted: FittedModel) -> dict[str, FloatArray]:
    """Return the draws of parameters that are not constant, by label."""
    return {name: values for name, values in fitted.draws.items() if np.ptp(values) > 0}


def _chosen(
    fitted: FittedModel, labels: Sequence[str] | None, *, most: int | None = None
) -> dict[str, FloatArray]:
    """Return the draws of these parameters; by default all, or the most correlated ones."""
    draws = _varying(fitted)
    if labels is not None:
        return _named(draws, labels)
    if most is None or len(draws) <= most:
        return draws
    size = np.abs(_correlations(draws))
    np.fill_diagonal(size, 0.0)
    kept = set(np.argsort(-size.max(axis=1), kind="stable")[:most].tolist())
    return {name: values for k, (name, values) in enumerate(draws.items()) if k in kept}


def _correlations(draws: dict[str, FloatArray]) -> FloatArray:
    return np.atleast_2d(np.corrcoef(list(draws.values())))


def _named(draws: dict[str, FloatArray], labels: Sequence[str]) -> dict[str, FloatArray]:
    remedy = "give some of " + ", ".join(draws)
    issues = [
        Issue(where="labels", what=f"no parameter {name!r} was estimated", remedy=remedy)
        for name in labels
        if name not in draws
    ]
    if issues:
        raise CheckError(issues)
    return {name: draws[name] for name in labels}


def _divergent(fitted: FittedModel, size: int) -> NDArray[np.bool_]:
    """Return which draws are divergent, in the order of the draws of all chains."""
    stats = fitted.group("sample_stats") if "sample_stats" in fitted.groups else xr.Dataset()
    if "diverging" not in stats:
        return np.zeros(size, dtype=bool)
    flat: NDArray[np.bool_] = stats["diverging"].transpose("chain", "draw").to_numpy().ravel()
    return flat.astype(bool)


def _draw_pair(
    axis: Axes, x: FloatArray, y: FloatArray, shown: NDArray[np.int64], wrong: NDArray[np.bool_]
) -> None:
    axis.plot(x[shown], y[shown], ".", color=LINE, markersize=1.5, alpha=0.4, label="draws")
    if wrong.any():
        axis.plot(x[wrong], y[wrong], "x", color=COLOURS[1], markersize=4, label="divergent")


def _unit(fitted: FittedModel, name: str) -> str:
    """Return the unit of a parameter; "" if the draws have no model."""
    return label_unit(fitted.spec, name) if "model" in fitted.attrs else ""


def two_digits(correlation: float) -> str:
    """Return a correlation as text, without a negative zero.

    Examples
    --------
    >>> two_digits(-0.004), two_digits(-0.006)
    ('0.00', '-0.01')
    """
    return f"{correlation:z.2f}"


def _write(axis: Axes, correlation: float) -> None:
    axis.axis("off")
    axis.text(0.5, 0.5, two_digits(correlation), ha="center", va="center",
              fontsize=8 + 4 * abs(correlation), transform=axis.transAxes)  # fmt: skip


def _name(axes: NDArray[np.object_], names: Sequence[str]) -> None:
    """Label rows and columns; only the outer panels have tick labels."""
    for (i, j), axis in np.ndenumerate(axes):
        axis.grid(visible=False)
        axis.locator_params(nbins=3)
        axis.tick_params(labelsize=7, labelleft=j == 0 and i > 0, labelbottom=i == len(names) - 1)
        if i == j:
            axis.set_yticks([])
    for place, name in enumerate(names):
        size = 8 if len(name) < _LONG else 6.5
        axes[-1, place].set_xlabel(name, fontsize=size)
        axes[place, 0].set_ylabel(name if place else "", fontsize=size)


@checked(fit=FIT, labels=LABELS)
def plot_correlations(fit: FitLike, labels: Sequence[str] | None = None) -> Figure:
    """Plot the posterior correlations of the population parameters.

    Parameters
    ----------
    fit : DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    labels : sequence of str, optional
        Parameters; by default all estimated ones.

    Returns
    -------
    matplotlib.figure.Figure
        Lower triangle of the correlation matrix, as colours and numbers.

    Raises
    ------
    CheckError
        If a parameter does not exist.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_correlations(fit, ["CL", "V", "ka"])
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['CL', 'V', 'ka']
    """
    fitted = open_fit(fit)
    draws = _chosen(fitted, labels)
    names, size = list(draws), len(draws)
    correlation = _correlations(draws)
    lower = np.where(np.tri(size, dtype=bool), correlation, np.nan)
    with new_figure(width=2.4 + 0.48 * size, height=1.6 + 0.42 * size) as figure:
        axis = figure.subplots()
        axis.grid(visible=False)
        image = axis.imshow(lower, vmin=-1, vmax=1, cmap="PuOr_r", aspect="auto")
        for (i, j), value in np.ndenumerate(np.tril(correlation, -1)):
            dark = abs(value) > 0.6
            text = two_digits(value) if i > j else ""
            axis.text(j, i, text, ha="center", va="center", fontsize=7,
                      color="white" if dark else "black")  # fmt: skip
        axis.set_xticks(range(size), names, rotation=90)
        axis.set_yticks(range(size), names)
        figure.colorbar(image, ax=axis, label="correlation of the draws", shrink=0.8)
        finish(figure, [], {"label": label_of(fitted)})
    return figure


@checked(fit=FIT, labels=LABELS)
def plot_traces(fit: FitLike, labels: Sequence[str] | None = None) -> Figure:
    """Plot the traces of population parameters by chain.

    Parameters
    ----------
    fit : DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    labels : sequence of str, optional
        Parameters; by default all that vary, or the first sixteen of more.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per parameter, one colour and line style per chain. The title states how many
        parameters are not shown.

    Raises
    ------
    CheckError
        If a parameter does not exist.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_traces(fit, ["CL", "omega[CL]"])
    >>> [axis.get_ylabel() for axis in figure.axes]
    ['CL (L/h)', 'omega[CL]']
    """
    fitted = open_fit(fit)
    chains, found = fitted.posterior.sizes["chain"], _varying(fitted)
    names = list(found)[:_TRACES] if labels is None else labels
    draws = _named(dict(fitted.draws), names)
    omitted = len(found) - len(names) if labels is None else 0
    title = f"{omitted} further parameters are not shown" if omitted else ""
    with new_figure(width=8.2, height=1.3 * len(draws) + 0.7) as figure:
        axes = figure.subplots(len(draws), 1, sharex=True, squeeze=False)[:, 0]
        for axis, (name, values) in zip(axes, draws.items(), strict=True):
            for k, chain in enumerate(values.reshape(chains, -1)):
                axis.plot(chain, _STYLES[k % 4], color=COLOURS[k % 6], linewidth=0.6,
                          label=f"chain {k + 1}")  # fmt: skip
            axis.set_ylabel(_in_two_lines(name, _unit(fitted, name)), fontsize=7.5)
        axes[-1].set_xlabel("draw")
        finish(figure, axes, {"label": label_of(fitted)}, title=title)
    return figure


def _in_two_lines(name: str, unit: str) -> str:
    """Return a label with its unit; a long one has the unit in a second line."""
    text = name_with_unit(name, unit)
    return text if len(text) < _LONG else text.replace(" (", "\n(")
