"""A figure with the ranks of draws by chain."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from pkqsp_bayes.plots.style import COLOURS, GREY, new_figure
from pkqsp_bayes.reporting.fixed_layout import fix_layout

__all__ = ["rank_figure"]

_BINS = 20
_STYLES = ("-", "--", "-.", ":")


def rank_figure(draws: Mapping[str, NDArray[np.float64]]) -> Figure:
    """Return one panel per parameter with the shares of each chain by rank.

    After Vehtari, Gelman, Simpson, Carpenter & Buerkner, Bayesian Analysis 2021;16:667-718.

    Parameters
    ----------
    draws : mapping of str to (C, D) array
        Draws by chain.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> len(rank_figure({"CL": rng.normal(size=(2, 100))}).axes)
    1
    """
    with new_figure(width=2.1 * max(2, len(draws)), height=2.2) as figure:
        axes = figure.subplots(1, len(draws), squeeze=False, sharey=True)[0]
        for axis, (name, values) in zip(axes, draws.items(), strict=True):
            ranks = stats.rankdata(values).reshape(values.shape) / values.size
            for k, chain in enumerate(ranks):
                counts, edges = np.histogram(chain, bins=_BINS, range=(0, 1))
                axis.stairs(
                    counts / chain.size * _BINS, edges, color=COLOURS[k % len(COLOURS)],
                    linestyle=_STYLES[k % len(_STYLES)], linewidth=1,
                )  # fmt: skip
            axis.axhline(1.0, color=GREY, linestyle="--", linewidth=1)
            axis.set(title=name, xlim=(0, 1), xticks=[0.25, 0.5, 0.75])
            axis.set_xlabel("rank / number of draws")
        highest = max(axis.dataLim.ymax for axis in axes)
        axes[0].set(ylim=(0, 1.05 * highest), ylabel="density")
    return fix_layout(figure, top=0.3, left=0.5, across=0.15)
