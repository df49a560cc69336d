"""Common parts of plots: grids of axes, legends, labels, marks of observations."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import LogFormatter, StrMethodFormatter
from numpy.typing import NDArray

from pkqsp_bayes.plots.style import COLOURS, OBSERVED, collect_glyphs

__all__ = [
    "choose_log", "draw_observed", "finish", "is_spread", "limit_below", "make_axes",
    "name_with_unit", "positive", "shorten", "text_width", "use_log",
]  # fmt: skip

FloatArray = NDArray[np.float64]

_Way = Callable[[int], tuple[int, int]]
"""How many characters of both ends of a name are kept, of a number of them."""
_WAYS: Sequence[_Way] = (lambda k: (k - k // 2, k // 2), lambda k: (0, k), lambda k: (k, 0))

_ROW = 4
"""Number of columns of a legend."""

_OPEN: Mapping[str, Any] = {
    "color": COLOURS[1], "markersize": 6, "markeredgewidth": 1.2, "fillstyle": "none", "zorder": 4,
}  # fmt: skip
_MARKS: Mapping[int, tuple[str, str, Mapping[str, Any]]] = {
    0: ("o", "observed", {"color": OBSERVED, "markersize": 2.5, "alpha": 0.6}),
    -1: ("v", "below LLOQ", _OPEN),
    1: ("^", "above ULOQ", _OPEN),
}
"""Mark, name and style by the side of censoring."""


def make_axes(figure: Figure | SubFigure, count: int, columns: int, **options: Any) -> list[Axes]:
    """Return ``count`` axes in rows of ``columns``; remaining positions are empty."""
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
    """Add the title and a legend above the panels, with each name once.

    Parameters
    ----------
    figure : Figure
        The figure.
    axes : iterable of Axes
        Axes whose marks are in the legend.
    attrs : mapping
        Attributes of the result; ``label`` describes draws that are not from the posterior.
    title : str
        Title of the figure.
    columns : int
        Number of columns of the legend.
    """
    label = f"draws of {attrs['label']}" if attrs.get("label") else ""
    text = "\n".join(part for part in (title, label) if part)
    found: dict[str, Any] = {}
    for axis in axes:
        for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    if found:
        # The title is that of the legend, because a separate title would overlap it.
        figure.legend(
            list(found.values()), list(found), loc="outside upper center",
            ncols=min(columns, len(found)), title=text or None, title_fontsize=9,
        )  # fmt: skip
    elif text:
        figure.suptitle(text, fontsize=9)


def name_with_unit(name: str, unit: str | None) -> str:
    """Return the label of an axis; a dimensionless one has no unit.

    Examples
    --------
    >>> name_with_unit("CL", "L/h"), name_with_unit("PCA", ""), name_with_unit("SEX", "1")
    ('CL (L/h)', 'PCA', 'SEX')
    """
    return name if unit in (None, "", "1", "dimensionless") else f"{name} ({unit})"


def text_width(text: str, size: float) -> float:
    """Return the width of a text in inches, at a font size in points."""
    with collect_glyphs():
        width, _, _ = text_to_path.get_text_width_height_descent(
            text, FontProperties(size=size), ismath=False
        )
    return float(width) / 72


def shorten(names: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
    """Return names that fit: a long one has an ellipsis, and different names remain different.

    Parameters
    ----------
    names : sequence of str
        Different names.
    fits : callable
        Whether a text is short enough.

    Examples
    --------
    >>> shorten(["1", "STUDY-101-SITE-7-0001", "STUDY-101-SITE-7-0002"], lambda x: len(x) < 10)
    ['1', 'STUD…0001', 'STUD…0002']
    >>> shorten(["aaaaaaaa1aaaaaaaa", "aaaaaaaa2aaaaaaaa"], lambda x: len(x) < 8)
    ['aa… (1)', 'aa… (2)']
    """
    for way in _WAYS:
        made = [name if fits(name) else _cut(name, way, fits) for name in names]
        if len(set(made)) == len(made):
            return made
    return [
        name if fits(name) else _cut(name, _WAYS[-1], fits, f" ({number})")
        for number, name in enumerate(names, start=1)
    ]


def _cut(name: str, way: _Way, fits: Callable[[str], bool], end: str = "") -> str:
    """Return the longest abbreviation that fits, with some characters of the name and an end."""
    made = f"…{end}"
    for kept in range(1, len(name)):
        head, tail = way(kept)
        longer = f"{name[:head]}…{name[len(name) - tail :]}{end}"
        if not fits(longer):
            break
        made = longer
    return made


def is_spread(values: FloatArray) -> bool:
    """Return whether values are positive and span more than a factor of 200.

    Examples
    --------
    >>> is_spread(np.array([0.1, 50.0])), is_spread(np.array([0.0, 50.0]))
    (True, False)
    """
    if not np.isfinite(values).any():
        return False
    return bool(np.nanmin(values) > 0 and np.nanmax(values) > 200 * np.nanmin(values))


def choose_log(log: bool | None, values: FloatArray) -> bool:
    """Return whether an axis is logarithmic: the given choice, otherwise that of the values."""
    return is_spread(values) if log is None else log


def use_log(axis: Axes, *names: str) -> None:
    """Make the axes ``"x"`` or ``"y"`` logarithmic, with ticks as plain numbers.

    A band that reaches 0 continues to the edge; mask lines and points with `positive`.
    """
    for name in names:
        axis.set(**{f"{name}scale": "log"})
        one = axis.xaxis if name == "x" else axis.yaxis
        one.set_major_formatter(StrMethodFormatter("{x:g}"))
        one.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))


def positive(values: FloatArray, *, log: bool) -> FloatArray:
    """Return values for a line; on a logarithmic axis those that are not positive are NaN.

    Examples
    --------
    >>> positive(np.array([0.0, 2.0]), log=True).tolist()
    [nan, 2.0]
    """
    return np.where(values > 0, values, np.nan) if log else values


def limit_below(axis: Axes, values: FloatArray) -> None:
    """Limit a logarithmic ordinate to the values, so that small ones of bands do not dominate."""
    if (values > 0).any():
        axis.set_ylim(bottom=0.5 * np.nanmin(values[values > 0]), top=2 * np.nanmax(values))


def draw_observed(axis: Axes, x: FloatArray, y: FloatArray, censored: NDArray[np.int64]) -> None:
    """Draw observations; a censored one is an open triangle at its limit.

    Parameters
    ----------
    axis : Axes
        Axes of the panel.
    x, y : (N,) array
        Coordinates; ``y`` is the limit for censored observations.
    censored : (N,) array of int
        0, -1 (below the limit) or 1 (above the limit).
    """
    for side, (mark, name, look) in _MARKS.items():
        mine = np.asarray(censored) == side
        if mine.any():
            axis.plot(x[mine], y[mine], mark, label=name, linestyle="none", **look)
