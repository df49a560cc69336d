"""`plot_vpc`: visual predictive checks."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from pkqsp_bayes.analysis.predictive.vpc import vpc
from pkqsp_bayes.arguments import FLAG, checked, either, sequence
from pkqsp_bayes.fitting.results.fit_argument import FitLike, open_fit
from pkqsp_bayes.plots.layout import (
    choose_log,
    draw_observed,
    finish,
    limit_below,
    name_with_unit,
    positive,
    use_log,
)
from pkqsp_bayes.plots.sources import (
    DATASET,
    DATASET_OR_FIT,
    dataset_of,
    require_labels,
    require_variables,
)
from pkqsp_bayes.plots.style import COLOURS, HATCHES, new_figure
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["plot_vpc"]

_Look = tuple[str, str, str]
"""Colour, line and hatch."""

_LOOKS: Sequence[_Look] = (
    (COLOURS[1], "--", HATCHES[3]), (COLOURS[0], "-", ""), (COLOURS[2], "-.", HATCHES[1]),
    (COLOURS[3], ":", HATCHES[2]), (COLOURS[4], "--", HATCHES[4]),
)  # fmt: skip
"""One for each quantile."""

_COLUMNS = 3
_CHECKS = either(sequence(DATASET, wanted="give the result of pkqsp_bayes.vpc", least=1),
                 DATASET_OR_FIT)  # fmt: skip
_NAMES = {"TIME": "time", "TAD": "time after dose"}
_NEEDED = ("observed", "simulated", "time_of")
_DIMS = ("stratum", "bin", "quantile", "interval")
_ATTRS = ("endpoint", "unit", "time", "time_unit", "corrected")
_SHARES = {"blq": ("below LLOQ", COLOURS[4]), "alq": ("above ULOQ", COLOURS[3])}


@checked(result=_CHECKS, study=STUDY, log=FLAG)
def plot_vpc(
    result: xr.Dataset | Sequence[xr.Dataset] | FitLike,
    study: StudyLike | None = None,
    *,
    log: bool | None = None,
) -> Figure:
    """Plot visual predictive checks: quantiles of observations and of replicates.

    Parameters
    ----------
    result : Dataset, sequence of Dataset, DataTree, str or Path
        Result of `pkqsp_bayes.vpc`, of one or several endpoints; or a fit, of which each endpoint
        is checked with the defaults of `pkqsp_bayes.vpc`.
    study : Study, str, Path or DataFrame, optional
        Study, if `result` is a fit.
    log : bool, optional
        Whether the ordinate is logarithmic; by default where observations are positive and spread
        over a factor of 200.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each endpoint and stratum. Bands: 95 % intervals of the quantiles of
        replicates, with a hatch and a colour for each; lines: quantiles of the observations.
        Squares are at the bins; between them bands and lines are interpolated. Open triangles:
        censored observations, at their limit. Panel below: share of censored
        observations over time, if there are any.

    Raises
    ------
    CheckError
        If the study of a fit cannot be found, or as in `pkqsp_bayes.vpc`.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> figure = pq.plot_vpc(pq.vpc(fit, study, draws=50))
    >>> figure.axes[0].get_xlabel()
    'time (h)'
    """
    checks = _checks(result, study)
    for check in checks:
        require_labels(check, _DIMS, _ATTRS)
    panels = [(check, check.isel(stratum=k)) for check in checks for k in _range(check)]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    shared = any(_shares(one) for _, one in panels)
    height = (4.4 if len(panels) == 1 else 3.3) + 1.2 * shared
    with new_figure(width=max(7.0, 3.4 * columns), height=height * rows + 0.2) as figure:
        each = 2 if shared else 1
        ratios = [3, 1] * rows if shared else [1] * rows
        axes = figure.subplots(each * rows, columns, squeeze=False, height_ratios=ratios)
        for axis in axes.flat:
            axis.set_visible(False)
        for place, (check, one) in enumerate(panels):
            row, column = divmod(place, columns)
            _draw_panel(axes[each * row, column], check, one, log=log)
            if shared:
                _draw_shares(axes[each * row + 1, column], one)
            axes[each * row + each - 1, column].set_xlabel(_time(check))
        for check in checks:
            _share_limits([axes[each * (k // columns), k % columns]
                           for k, (mine, _) in enumerate(panels) if mine is check])  # fmt: skip
        finish(figure, figure.axes, checks[0].attrs, columns=3)
    return figure


def _checks(
    result: xr.Dataset | Sequence[xr.Dataset] | FitLike, study: StudyLike | None
) -> list[xr.Dataset]:
    if isinstance(result, xr.Dataset):
        return [dataset_of(result, study, vpc, *_NEEDED)]
    if isinstance(result, list | tuple):
        for check in result:
            require_variables(check, _NEEDED, vpc.__name__)
        return list(result)
    fitted = open_fit(cast("FitLike", result))
    whole = fitted.resolve_study(study)
    names = dict.fromkeys(fitted.group("observed_data")["endpoint"].to_numpy().tolist())
    return [vpc(fitted, whole, endpoint=str(name)) for name in names]


def _share_limits(axes: Sequence[Axes]) -> None:
    """Set the same axis limits for the strata of one endpoint."""
    for name in ("x", "y"):
        ends = np.array([getattr(axis, f"get_{name}lim")() for axis in axes])
        for axis in axes:
            axis.set(**{f"{name}lim": (ends[:, 0].min(), ends[:, 1].max())})


def _range(check: xr.Dataset) -> range:
    return range(check.sizes["stratum"])


def _time(check: xr.Dataset) -> str:
    return name_with_unit(_NAMES[check.attrs["time"]], check.attrs["time_unit"])


def _draw_panel(axis: Axes, check: xr.Dataset, one: xr.Dataset, *, log: bool | None) -> None:
    axis.set_visible(True)
    number = check["stratum"].to_numpy().tolist().index(one["stratum"].item())
    mine = check["stratum_of"].to_numpy() == number
    values, time = check["DV"].to_numpy()[mine], check["time_of"].to_numpy()[mine]
    is_log = choose_log(log, values)
    shown = positive(values, log=is_log)
    draw_observed(axis, time, shown, check["censored"].to_numpy()[mine])
    for k, level in enumerate(one["quantile"].to_numpy()):
        name = "median" if level == 0.5 else f"{100 * level:g} %"
        _draw_quantile(axis, one.isel(quantile=k), name, _LOOKS[k % len(_LOOKS)], log=is_log)
    if is_log:
        use_log(axis, "y")
        limit_below(axis, values)
    corrected = ", prediction-corrected" if check.attrs["corrected"] else ""
    axis.set_ylabel(name_with_unit(check.attrs["endpoint"], check.attrs["unit"]) + corrected)
    title = "" if check.sizes["stratum"] == 1 else str(one["stratum"].item())
    axis.set_title(title)


def _draw_quantile(axis: Axes, one: xr.Dataset, name: str, look: _Look, *, log: bool) -> None:
    """Draw the 95 % band of a quantile of replicates, and the quantile of the observations.

    Both are known at the marks, one per bin; they are interpolated between them.
    """
    time, band = one["time"].to_numpy(), one["simulated"].to_numpy()
    colour, style, hatch = look
    axis.fill_between(time, band[:, 0], band[:, -1], facecolor=to_rgba(colour, 0.22), hatch=hatch,
                      edgecolor=to_rgba(colour, 0.6), linewidth=0,
                      label=f"{name}: 95 % of replicates")  # fmt: skip
    axis.plot(time, positive(one["observed"].to_numpy(), log=log), style, color=colour,
              marker="s", markersize=4, linewidth=1.8, label=f"{name}: observed")  # fmt: skip


def _shares(one: xr.Dataset) -> list[str]:
    """Return the sides with censored observations."""
    return [side for side in _SHARES if float(one[f"{side}_observed"].max()) > 0]


def _draw_shares(axis: Axes, one: xr.Dataset) -> None:
    axis.set_visible(True)
    time = one["time"].to_numpy()
    for side in _shares(one):
        name, colour = _SHARES[side]
        band = one[f"{side}_simulated"].to_numpy()
        axis.fill_between(time, 100 * band[:, 0], 100 * band[:, -1], color=colour, alpha=0.25,
                          linewidth=0, label=f"{name}: 95 % of replicates")  # fmt: skip
        axis.plot(time, 100 * one[f"{side}_observed"], color=colour, label=f"{name}: observed")
    axis.set_ylabel("censored (%)")
