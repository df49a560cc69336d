"""Picture of positivity: covariates of those studied, and of those to whom a claim is applied."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pkqsp_bayes.reporting.style import COLOURS, saved

__all__ = ["draw_overlap"]

_POPULATIONS = ("study", "target")
_BINS = 15


def draw_overlap(
    covariates: pd.DataFrame, path: Path, *, units: Mapping[str, str] | None = None
) -> None:
    """Draw each covariate of study and target, one panel each.

    Parameters
    ----------
    covariates : DataFrame
        ``covariates`` of a `pkqsp_bayes.causal_record`: one row a subject, ``population`` (study,
        target) beside the covariates.
    path : Path
        PNG file to write.
    units : mapping of str to str, optional
        Of the covariates, for the axes.
    """
    names = [name for name in covariates.columns if name != "population"]
    columns = min(3, max(1, len(names)))
    rows = -(-len(names) // columns) or 1
    with saved(path, width=2.8 * columns, height=2.3 * rows) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, name in zip(panels, names, strict=False):
            _panel(axis, [covariates.loc[covariates["population"] == p, name].dropna()
                          for p in _POPULATIONS])  # fmt: skip
            unit = (units or {}).get(name, "")
            axis.set_xlabel(f"{name} ({unit})" if unit else name)
        for axis in panels[len(names) :]:
            axis.set_visible(False)
        panels[0].set_ylabel("share of subjects")
        panels[0].legend()


def _panel(axis: Axes, values: list[pd.Series]) -> None:
    """Draw shares of both populations: bins of numbers, or levels."""
    if all(pd.api.types.is_numeric_dtype(v) for v in values):
        edges = np.histogram_bin_edges(pd.concat(values), bins=_BINS)
        shares = [np.histogram(v, bins=edges)[0] / max(1, len(v)) for v in values]
        for k, (name, share) in enumerate(zip(_POPULATIONS, shares, strict=True)):
            axis.stairs(share, edges, color=COLOURS[k], fill=k == 0, alpha=0.45 if k == 0 else 1.0,
                        linewidth=1.6, label=name)  # fmt: skip
        return
    levels = sorted({str(level) for v in values for level in v})
    for k, (name, v) in enumerate(zip(_POPULATIONS, values, strict=True)):
        share = v.astype(str).value_counts(normalize=True).reindex(levels, fill_value=0.0)
        axis.bar(np.arange(len(levels)) + 0.4 * k - 0.2, share, 0.4, color=COLOURS[k], label=name)
    axis.set_xticks(range(len(levels)), levels)
