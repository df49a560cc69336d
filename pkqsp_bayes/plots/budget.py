"""`plot_budget`: variances and shares of a variance budget over time."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.arguments import TEXT, checked, one_of
from pkqsp_bayes.plots.layout import finish, name_with_unit
from pkqsp_bayes.plots.sources import DATASET, require_variables
from pkqsp_bayes.plots.style import COLOURS, GREY, HATCHES, new_figure
from pkqsp_bayes.spec.labels import PARAMETER_DIM

__all__ = ["COMPONENTS", "budget_shares", "plot_budget"]

FloatArray = NDArray[np.float64]
Look = tuple[str, str]
"""Colour and hatch."""

COMPONENTS: Mapping[str, tuple[str, Look]] = {
    "between_subject": ("between-subject variability", (COLOURS[0], HATCHES[0])),
    "between_occasion": ("between-occasion variability", (COLOURS[5], HATCHES[1])),
    "parameter": ("parameter uncertainty", (COLOURS[1], HATCHES[2])),
    "residual": ("residual error", (GREY, HATCHES[3])),
}
"""Name, colour and hatch of each component."""

_RESTS = ("interactions", "not linear")
_REST: Look = ("#e6e6e6", "")
_OTHERS: Look = ("#777777", "++")
_PALETTE = ("#332288", "#117733", "#DDCC77", "#882255", "#88CCEE", "#AA4499")
"""Colours of effects and parameters, other than those of the components (Tol 2021)."""
_MOST = 6
_NOTHING = 1e-9
"""Largest share that is only rounding error."""


@checked(budget=DATASET, quantity=TEXT, scale=one_of("natural", "log"))
def plot_budget(budget: xr.Dataset, *, quantity: str = "", scale: str = "natural") -> Figure:
    """Plot the between-subject, parameter and residual variances of a budget, and their shares.

    Parameters
    ----------
    budget : xarray.Dataset
        Result of `pkqsp_bayes.variance_budget`.
    quantity : str
        Quantity with its unit, for the title; by default the name of the output.
    scale : {"natural", "log"}
        Scale of the variances.

    Returns
    -------
    matplotlib.figure.Figure
        One column for the latent endpoint, one for the observed endpoint (with residual error).
        First row: stacked variances; second row: their shares of the total. Third row: shares of
        the random effects in the between-subject variance, and of the parameters in the variance
        due to parameter uncertainty; ``interactions`` and ``not linear`` are the remainders. A
        trajectory is plotted over time, a derived endpoint as bars.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> budget = pq.variance_budget(
    ...     fit, output="cp", times=[1, 2, 4, 8, 24], regimen=pq.Dose(amount=320, to="oral"),
    ...     outer=20, inner=10,
    ... )
    >>> figure = pq.plot_budget(budget)
    >>> [axis.get_ylabel() for axis in figure.axes[::2]]
    ['variance ((mg/L)²)', 'share of the variance (%)', 'share (%)']
    """
    require_variables(budget, ("variance", "share"), "variance_budget")
    one = budget.sel(scale=scale)
    views = [str(view) for view in np.atleast_1d(one["view"].to_numpy())]
    views = [v for v in views if np.isfinite(one["share"].sel(view=v)).any()] or views[:1]
    lower = {"between-subject variability, by random effect": _effects(one),
             "parameter uncertainty, by parameter": _parameters(one)}  # fmt: skip
    lower = {title: shares for title, shares in lower.items() if shares}
    width, rows = max(len(views), len(lower)), 3 if lower else 2
    with new_figure(width=1.0 + 3.6 * width, height=0.5 + 2.5 * rows) as figure:
        axes = figure.subplots(rows, width, squeeze=False, sharey="row")
        for axis in [*axes[:2, len(views) :].flat, *axes[2:, len(lower) :].flat]:
            axis.set_visible(False)
        for (top, middle), view in zip(axes[:2].T, views, strict=False):
            _draw_view(top, middle, one, view)
        axes[0, 0].set_ylim(0, axes[0, 0].get_ylim()[1])
        unit = _variance_unit(str(budget.attrs["unit"]), scale)
        axes[0, 0].set_ylabel(name_with_unit("variance", unit))
        axes[1, 0].set_ylabel("share of the variance (%)")
        _draw_lower(axes[2:].ravel(), lower, one)
        if "time" in one.dims:
            for axis in axes.flat:
                axis.set_xlabel(name_with_unit("time", budget.attrs["time_unit"]), fontsize=8)
        title = _title(budget, quantity, scale)
        finish(figure, axes[:2].flat, budget.attrs, title=title, columns=2)
    return figure


def _draw_lower(
    axes: NDArray[np.object_], lower: Mapping[str, Mapping[str, FloatArray]], one: xr.Dataset
) -> None:
    """Draw the shares of random effects and of parameters."""
    looks = _looks(lower)
    below = -0.3 if "time" in one.dims else -0.08
    for axis, (title, shares) in zip(axes, lower.items(), strict=False):
        _stack(axis, _percent(shares), one, [looks[name] for name in shares], top=100)
        axis.set_title(title)
        axis.set_ylabel("share (%)")
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, below), ncols=3)


def _draw_view(top: Axes, middle: Axes, one: xr.Dataset, view: str) -> None:
    """Draw the variances of a view and their shares."""
    looks = [look for name, (_, look) in COMPONENTS.items() if name in _stated(one, view)]
    _stack(top, _variances(one, view), one, looks)
    top.set_title({"latent": "latent", "observed": "observed (with residual error)"}[view])
    _stack(middle, _percent(budget_shares(one, view)), one, looks, top=100)


def _title(budget: xr.Dataset, quantity: str, scale: str) -> str:
    kind, name = budget.attrs["endpoint"], str(budget.attrs["output"])
    shown = name if kind == "values" else f"{kind} of {name}"
    title = quantity or name_with_unit(shown, budget.attrs["unit"])
    return title if scale == "natural" else f"{title}, on the log scale"


def _variance_unit(unit: str, scale: str) -> str:
    """Return the square of a unit.

    Examples
    --------
    >>> _variance_unit("mg/L", "natural"), _variance_unit("h", "natural")
    ('(mg/L)²', 'h²')
    """
    if scale == "log" or not unit:
        return ""
    return f"{unit}²" if unit.isalpha() else f"({unit})²"


def _stated(budget: xr.Dataset, view: str) -> list[str]:
    """Return the components of a view."""
    there = [str(name) for name in budget["component"].to_numpy()]
    return [n for n in COMPONENTS if n in there and not (n == "residual" and view == "latent")]


def budget_shares(budget: xr.Dataset, view: str) -> dict[str, FloatArray]:
    """Return the share of each component by its name.

    Parameters
    ----------
    budget : xarray.Dataset
        Budget on one scale.
    view : {"latent", "observed"}
        View of the budget.
    """
    one = budget["share"].sel(view=view)
    return {
        COMPONENTS[name][0]: _rounded(np.atleast_1d(one.sel(component=name).to_numpy()))
        for name in _stated(budget, view)
    }


def _variances(budget: xr.Dataset, view: str) -> dict[str, FloatArray]:
    """Return the variance of each component by its name."""
    one = budget["variance"].sel(view=view)
    return {
        COMPONENTS[name][0]: np.atleast_1d(one.sel(component=name).to_numpy())
        for name in _stated(budget, view)
    }


def _percent(shares: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    return {name: 100 * share for name, share in shares.items()}


def _rounded(shares: FloatArray) -> FloatArray:
    """Return shares with rounding errors of absent components set to 0."""
    return np.where(np.abs(shares) < _NOTHING, 0.0, shares)


def _effects(budget: xr.Dataset) -> dict[str, FloatArray]:
    """Return first-order shares of the random effects; the remainder are interactions."""
    if "by_effect" not in budget:
        return {}
    own = budget["share"].sel(view="latent", component="between_subject")
    if not (own > _NOTHING).any():
        return {}
    whole = budget["variance"].sel(view="latent", component="between_subject")
    shares = (budget["by_effect"].sel(index="first") / whole).clip(0, 1)
    return _ranked(shares.transpose("effect", ...), _RESTS[0])


def _parameters(budget: xr.Dataset) -> dict[str, FloatArray]:
    """Return relative weights of the parameters; the remainder is not linear."""
    if "by_parameter" not in budget:
        return {}
    shares = budget["by_parameter"].sel(share_index="weight").clip(0, 1)
    return _ranked(shares.transpose(PARAMETER_DIM, ...), _RESTS[1])


def _ranked(shares: xr.DataArray, rest: str) -> dict[str, FloatArray]:
    """Return the largest shares by name, the sum of the others, and the remainder to 1."""
    names = [str(name) for name in shares[shares.dims[0]].to_numpy()]
    values = shares.to_numpy().reshape(len(names), -1)
    size = np.nan_to_num(values).mean(axis=1)
    order = np.argsort(-size)
    found = {names[k]: values[k] for k in order[:_MOST]}
    if len(names) > _MOST:
        found[f"{len(names) - _MOST} others"] = values[order[_MOST:]].sum(axis=0)
    left = np.clip(1 - values.sum(axis=0), 0, 1)
    return {**found, rest: left}


def _looks(panels: Mapping[str, Mapping[str, FloatArray]]) -> dict[str, Look]:
    """Return colour and hatch of each name, the same in all panels; rests are grey."""
    found: dict[str, Look] = {}
    for shares in panels.values():
        for place, name in enumerate(shares):
            if name in _RESTS:
                found[name] = _REST
            elif place >= _MOST:
                found[name] = _OTHERS
            elif name not in found:
                count = sum(look not in (_REST, _OTHERS) for look in found.values())
                found[name] = (_PALETTE[count % len(_PALETTE)], HATCHES[count % len(HATCHES)])
    return found


def _stack(
    axis: Axes,
    parts: Mapping[str, FloatArray],
    budget: xr.Dataset,
    looks: Sequence[Look],
    *,
    top: float | None = None,
) -> None:
    below = np.zeros_like(next(iter(parts.values())))
    time = np.atleast_1d(budget["time"].to_numpy()) if "time" in budget.dims else None
    for (name, part), (colour, hatch) in zip(parts.items(), looks, strict=True):
        above = below + part
        if time is None:
            axis.bar([""], part, bottom=below, color=colour, hatch=hatch, width=0.5,
                     edgecolor="white", label=name)  # fmt: skip
            axis.set_xlim(-1, 1)
        else:
            axis.fill_between(time, below, above, facecolor=colour, hatch=hatch, linewidth=0,
                              edgecolor="white", label=name)  # fmt: skip
        below = above
    if top is not None:
        axis.set_ylim(0, top)
    if time is not None:
        axis.set_xlim(time[0], time[-1])
