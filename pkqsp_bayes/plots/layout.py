"""Parts that pictures have in common: grids of axes, legends, labels, marks of observations."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from pkqsp_bayes.plots.style import COLOURS, OBSERVED

__all__ = [
    "choose_log", "draw_observed", "finish", "is_spread", "make_axes", "name_with_unit",
]  # fmt: skip

FloatArray = NDArray[np.float64]

_ROW = 4
"""Entries of a legend side by side."""

_MARKS: Mapping[int, tuple[str, str, dict[str, Any]]] = {
    0: ("o", "observed", {"color": OBSERVED, "markersize": 2.5, "alpha": 0.6}),
    -1: ("v", "below LLOQ", {"color": COLOURS[1], "markersize": 4, "fillstyle": "none"}),
    1: ("^", "above ULOQ", {"color": COLOURS[1], "markersize": 4, "fillstyle": "none"}),
}
"""By the side that is censored: mark, name, look."""


def make_axes(figure: Figure | SubFigure, count: int, columns: int, **options: Any) -> list[Axes]:
    """Return ``count`` axes in rows of ``columns``; the places that are left stay empty."""
    rows = max(1, -(-count // columns))
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for axis in axes[count:]:
        axis.set_visible(False)
    return list(axes[:count])


def finish(
    figure: Figure,
    axes: Iterable[Axes],
    attrs: Mapping[Any, Any],
    *,
    title: str = "",
    columns: int = _ROW,
) -> None:
    """Put title and legend above the panels, each name once.

    Parameters
    ----------
    figure : Figure
        The whole.
    axes : iterable of Axes
        Whose marks are named.
    attrs : mapping
        Of the result: its ``label`` says what the draws are, if they are not the posterior's.
    title : str
        Of the figure.
    columns : int
        Names side by side.
    """
    label = f"draws of {attrs['label']}" if attrs.get("label") else ""
    text = "\n".join(part for part in (title, label) if part)
    found: dict[str, Any] = {}
    for axis in axes:
        for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    if found:
        # The title is the legend's: two things above the panels would lie on one another.
        figure.legend(
            list(found.values()), list(found), loc="outside upper center",
            ncols=min(columns, len(found)), title=text or None, title_fontsize=9,
        )  # fmt: skip
    elif text:
        figure.suptitle(text, fontsize=9)


def name_with_unit(name: str, unit: str | None) -> str:
    """Return the label of an axis.

    Examples
    --------
    >>> name_with_unit("CL", "L/h"), name_with_unit("PCA", "")
    ('CL (L/h)', 'PCA')
    """
    return f"{name} ({unit})" if unit else name


def is_spread(values: FloatArray) -> bool:
    """Return whether values are positive and so spread that a logarithmic axis shows more.

    Examples
    --------
    >>> is_spread(np.array([0.1, 50.0])), is_spread(np.array([0.0, 50.0]))
    (True, False)
    """
    if not np.isfinite(values).any():
        return False
    return bool(np.nanmin(values) > 0 and np.nanmax(values) > 200 * np.nanmin(values))


def choose_log(log: bool | None, values: FloatArray) -> bool:
    """Return whether an axis is logarithmic: as asked, else as the values are."""
    return is_spread(values) if log is None else log


def draw_observed(axis: Axes, x: FloatArray, y: FloatArray, censored: NDArray[np.int64]) -> None:
    """Draw observations; a censored one is an open triangle at its limit, never a value.

    Parameters
    ----------
    axis : Axes
        Where.
    x, y : (N,) array
        Places; ``y`` is the limit of what is censored.
    censored : (N,) array of int
        0, or -1 below the limit, 1 above.
    """
    for side, (mark, name, look) in _MARKS.items():
        mine = np.asarray(censored) == side
        if mine.any():
            axis.plot(x[mine], y[mine], mark, label=name, linestyle="none", **look)
