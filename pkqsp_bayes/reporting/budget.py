"""Pictures of a variance budget: who carries how much of it, over time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.outputs import write_text
from pkqsp_bayes.reporting.style import COLOURS, saved
from pkqsp_bayes.spec.labels import PARAMETER_DIM

__all__ = ["COMPONENTS", "budget_shares", "draw_budget", "write_budget"]

FloatArray = NDArray[np.float64]

COMPONENTS: Mapping[str, tuple[str, str]] = {
    "between_subject": ("between people", COLOURS[0]),
    "between_occasion": ("between occasions", COLOURS[5]),
    "parameter": ("not knowing the parameters", COLOURS[1]),
    "residual": ("residual error", "#999999"),
}
"""Component to what it is called, and its colour."""

_VIEWS = {"latent": "the quantity itself", "observed": "its measurement"}
_HATCHES = ("", "//", "..", "\\\\", "xx", "--", "oo", "||")
_REST = "#cccccc"
_RESTS = ("interactions", "not linear")
_MOST = 6
_COLUMNS = ["variance", "error", "share", "first_order_ratio"]
_NOTHING = 1e-9
"""A share that is no more than rounding."""


def draw_budget(
    budget: xr.Dataset, path: Path, *, quantity: str = "", scale: str = "natural"
) -> None:
    """Draw a variance budget.

    Above: the shares of people, knowledge and noise, for the latent quantity and for its
    measurement. Below: which random effect carries the first, which parameter the second. A
    trajectory is drawn over time, a derived endpoint as bars.

    Parameters
    ----------
    budget : xarray.Dataset
        What `pkqsp_bayes.variance_budget` returned.
    path : Path
        PNG file to write.
    quantity : str
        What the budget is of, with its unit.
    scale : {"natural", "log"}
        Of the variances.
    """
    one = budget.sel(scale=scale)
    views = [str(view) for view in np.atleast_1d(one["view"].to_numpy())]
    views = [v for v in views if np.isfinite(one["share"].sel(view=v)).any()] or views[:1]
    name = quantity or _quantity(budget)
    panels = {
        f"{name}: {_VIEWS[view]}" if i == 0 else _VIEWS[view]: budget_shares(one, view)
        for i, view in enumerate(views)
    }
    lower = {"between people, by random effect": _effects(one),
             "not knowing, by parameter": _parameters(one)}  # fmt: skip
    lower = {title: shares for title, shares in lower.items() if shares}
    width = max(len(panels), len(lower))
    with saved(path, width=1.0 + 3.6 * width, height=6.4 if lower else 3.4) as figure:
        axes = figure.subplots(2 if lower else 1, width, squeeze=False)
        _fill(axes[0], panels, one)
        if lower:
            _fill(axes[1], lower, one)
        _label(figure, one, budget.attrs)


def write_budget(budget: xr.Dataset, folder: Path, *, quantity: str = "") -> pd.DataFrame:
    """Write ``budget_<output>.csv`` and ``budget_<output>.png``.

    Parameters
    ----------
    budget : xarray.Dataset
        What `pkqsp_bayes.variance_budget` returned.
    folder : Path
        Where.
    quantity : str
        What the budget is of, with its unit.

    Returns
    -------
    pandas.DataFrame
        What the table has: variance, error, share and the ratio of the first-order split, by scale,
        view, component and time.
    """
    name = budget.attrs["output"]
    table = budget[_COLUMNS].to_dataframe()
    write_text(folder / f"budget_{name}.csv", table.to_csv(float_format="%.6g"))
    draw_budget(budget, folder / f"budget_{name}.png", quantity=quantity)
    return table


def _quantity(budget: xr.Dataset) -> str:
    kind, unit = budget.attrs["endpoint"], budget.attrs["unit"]
    name = budget.attrs["output"] if kind == "values" else f"{kind} of {budget.attrs['output']}"
    return f"{name} ({unit})" if unit else str(name)


def budget_shares(budget: xr.Dataset, view: str) -> dict[str, FloatArray]:
    """Return the share of each component, in words, at the times at which there is a variance.

    Parameters
    ----------
    budget : xarray.Dataset
        On one scale.
    view : {"latent", "observed"}
        Of what.
    """
    one = budget["share"].sel(view=view)
    stated = [str(name) for name in one["component"].to_numpy()]
    return {
        words: _rounded(np.atleast_1d(one.sel(component=name).to_numpy()))
        for name, (words, _) in COMPONENTS.items()
        if name in stated and not (name == "residual" and view == "latent")
    }


def _rounded(shares: FloatArray) -> FloatArray:
    """Return shares without what rounding leaves where a component is absent."""
    return np.where(np.abs(shares) < _NOTHING, 0.0, shares)


def _effects(budget: xr.Dataset) -> dict[str, FloatArray]:
    """Return first-order shares of each random effect; interactions are the rest."""
    if "by_effect" not in budget:
        return {}
    own = budget["share"].sel(view="latent", component="between_subject")
    if not (own > _NOTHING).any():
        return {}
    whole = budget["variance"].sel(view="latent", component="between_subject")
    shares = (budget["by_effect"].sel(index="first") / whole).clip(0, 1)
    return _ranked(shares.transpose("effect", ...), _RESTS[0])


def _parameters(budget: xr.Dataset) -> dict[str, FloatArray]:
    """Return relative weights of each parameter; what no straight line explains is the rest."""
    if "by_parameter" not in budget:
        return {}
    shares = budget["by_parameter"].sel(share_index="weight").clip(0, 1)
    return _ranked(shares.transpose(PARAMETER_DIM, ...), _RESTS[1])


def _ranked(shares: xr.DataArray, rest: str) -> dict[str, FloatArray]:
    """Return the largest shares by name, the others together, and what is left of 1."""
    names = [str(name) for name in shares[shares.dims[0]].to_numpy()]
    values = shares.to_numpy().reshape(len(names), -1)
    size = np.nan_to_num(values).mean(axis=1)
    order = np.argsort(-size)
    found = {names[k]: values[k] for k in order[:_MOST]}
    if len(names) > _MOST:
        found[f"{len(names) - _MOST} others"] = values[order[_MOST:]].sum(axis=0)
    left = np.clip(1 - values.sum(axis=0), 0, 1)
    return {**found, rest: left}


def _fill(
    axes: Sequence[Axes],
    panels: Mapping[str, Mapping[str, FloatArray]],
    budget: xr.Dataset,
) -> None:
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    colours = _colours(panels)
    for axis, (title, shares) in zip(axes, panels.items(), strict=False):
        _stack(axis, shares, budget, [colours.get(name, _REST) for name in shares])
        axis.set_title(title, fontsize=9)
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


def _colours(panels: Mapping[str, Mapping[str, FloatArray]]) -> dict[str, str]:
    """Return one colour for each name, the same in all panels."""
    found = dict(COMPONENTS.values())
    for shares in panels.values():
        for name in list(shares)[:_MOST]:
            if name not in (*found, *_RESTS):
                found[name] = COLOURS[len(found.keys() - dict(COMPONENTS.values())) % len(COLOURS)]
    return found


def _stack(
    axis: Axes, shares: Mapping[str, FloatArray], budget: xr.Dataset, colours: Sequence[str]
) -> None:
    below = np.zeros_like(next(iter(shares.values())))
    time = np.atleast_1d(budget["time"].to_numpy()) if "time" in budget.dims else None
    for place, ((name, share), colour) in enumerate(zip(shares.items(), colours, strict=True)):
        top = below + 100 * share
        hatch = _HATCHES[place % len(_HATCHES)]
        if time is None:
            axis.bar(["share"], 100 * share, bottom=below, color=colour, hatch=hatch, width=0.5,
                     edgecolor="white", label=name)  # fmt: skip
        else:
            axis.fill_between(time, below, top, facecolor=colour, hatch=hatch, linewidth=0,
                              edgecolor="white", label=name)  # fmt: skip
        below = top
    axis.set_ylim(0, 100)
    if time is not None:
        axis.set_xlim(time[0], time[-1])


def _label(figure: Figure, budget: xr.Dataset, about: Mapping[str, object]) -> None:
    figure.supylabel("share of the variance (%)", fontsize=9)
    if "time" in budget.dims:
        for axis in figure.axes:
            axis.set_xlabel(f"time ({about['time_unit']})", fontsize=8)
