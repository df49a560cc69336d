"""`plot_identifiability`: expected precision, contraction and prior sensitivity."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pkqsp_bayes.analysis.identifiability.fisher_information import HOPELESS, POOR
from pkqsp_bayes.analysis.identifiability.levels import Identifiability
from pkqsp_bayes.arguments import checked, instance
from pkqsp_bayes.plots.layout import finish, use_log
from pkqsp_bayes.plots.style import COLOURS, GREY, HATCHES, new_figure

__all__ = ["plot_identifiability"]

_SENSITIVE = 0.05
_FOUND = instance(Identifiability, wanted="give the result of pkqsp_bayes.identifiability")
_LOOKS = {True: ("identified", COLOURS[0], HATCHES[0]), False: ("not identified", COLOURS[1],
          HATCHES[1])}  # fmt: skip
_NAMES = {
    "rse": "expected RSE (%)",
    "contraction": "prior-to-posterior contraction",
    "prior_sensitivity": "prior sensitivity",
}


@checked(found=_FOUND)
def plot_identifiability(found: Identifiability) -> Figure:
    """Plot the expected RSE of each parameter, and contraction and prior sensitivity of a fit.

    Parameters
    ----------
    found : Identifiability
        Result of `pkqsp_bayes.identifiability`.

    Returns
    -------
    matplotlib.figure.Figure
        One row for each parameter, with its verdict on the right. Hatched: the verdict is not
        ``identified``. A bar of infinite RSE extends to the edge of the panel. Dotted lines: limits
        of the RSE for imprecise and for unidentifiable parameters; limit of a high prior
        sensitivity.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> design = pq.regimen(
    ...     pq.Dose(amount=100, to="iv"), [0.25, 1, 2, 4, 8, 24],
    ...     subjects=20, covariates={"WT": 70.0},
    ... )
    >>> found = pq.identifiability("one-compartment", design, starts=0)
    >>> figure = pq.plot_identifiability(found)
    >>> [axis.get_xlabel() for axis in figure.axes]
    ['expected RSE (%)']
    """
    table = found.table
    columns = [name for name in _NAMES if table[name].notna().any()]
    height = 0.9 + 0.24 * len(table)
    with new_figure(width=3.4 + 2.3 * len(columns), height=max(2.0, height)) as figure:
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
        for axis, column in zip(axes, columns, strict=True):
            _draw_bars(axis, table, column)
            axis.set_xlabel(_NAMES[column])
        axes[0].set_yticks(range(len(table)), [str(label) for label in table.index])
        axes[0].invert_yaxis()
        for place, verdict in enumerate(table["verdict"]):
            axes[-1].text(1.03, place, str(verdict), va="center", fontsize=8,
                          transform=axes[-1].get_yaxis_transform())  # fmt: skip
        finish(figure, axes, {"label": found.label})
    return figure


def _draw_bars(axis: Axes, table: pd.DataFrame, column: str) -> None:
    values = table[column].to_numpy(dtype=float)
    known = values[np.isfinite(values)]
    edge = max(2 * HOPELESS, 1.5 * known.max(initial=0.0)) if column == "rse" else np.inf
    identified = (table["verdict"] == "identified").to_numpy()
    for verdict, (name, colour, hatch) in _LOOKS.items():
        mine = np.flatnonzero((identified == verdict) & ~np.isnan(values))
        if mine.size:
            axis.barh(mine, np.minimum(values[mine], edge), color=colour, hatch=hatch, height=0.65,
                      edgecolor="white", linewidth=0, label=name)  # fmt: skip
    axis.grid(visible=False, axis="y")
    if column == "rse":
        use_log(axis, "x")
        axis.set_xlim(min(1.0, 0.5 * known.min(initial=2.0)), edge)
        _mark(axis, f"RSE {POOR:g} %, {HOPELESS:g} %", POOR, HOPELESS)
    elif column == "prior_sensitivity":
        _mark(axis, f"sensitivity {_SENSITIVE:g}", _SENSITIVE)
    else:
        axis.set_xlim(min(0.0, 1.05 * known.min(initial=0.0)), 1)


def _mark(axis: Axes, name: str, *levels: float) -> None:
    for level in levels:
        axis.axvline(level, color=GREY, linestyle=":", linewidth=1, label=name)
