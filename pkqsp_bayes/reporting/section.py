"""Components of a report page: sections, tables, pictures, formatted numbers."""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.figure import Figure

from pkqsp_bayes.plots.style import figure_png

__all__ = ["Cell", "Picture", "Section", "Table", "number", "picture", "plural", "span"]


@dataclass(frozen=True, slots=True)
class Cell:
    """The first cell of a row, with a short explanation.

    Parameters
    ----------
    text, note : str
        Name of the row, and its meaning.
    """

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of texts.

    Parameters
    ----------
    caption : str
        What the table shows.
    head : sequence of str
        Names of the columns.
    rows : sequence of sequences of (str or Cell)
        Cells.
    groups : sequence of (str, rows)
        Rows under headings.
    note : str
        A note below the table.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | Cell]] = ()
    groups: Sequence[tuple[str, Sequence[Sequence[str | Cell]]]] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture within the page.

    Parameters
    ----------
    source : str
        The picture as a ``data:`` URI.
    alt : str
        Text that describes the picture to screen readers.
    caption : str
        Explanation below the picture.
    """

    source: str
    alt: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the page.

    Parameters
    ----------
    anchor : str
        The anchor of its link, and the name of its template.
    title : str
        Its heading.
    content : mapping
        The values for the template.
    missing : str
        The reason why there is no content; then the template is not used.
    """

    anchor: str
    title: str
    content: Mapping[str, Any] = field(default_factory=dict)
    missing: str = ""


def picture(figure: Figure, *, alt: str, caption: str = "") -> Picture:
    """Return a figure as a picture of the page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure that a plot function returns.
    alt, caption : str
        As in `Picture`.
    """
    text = base64.b64encode(figure_png(figure)).decode()
    return Picture(source=f"data:image/png;base64,{text}", alt=alt, caption=caption)


def number(value: float, digits: int = 3) -> str:
    """Return a number as text with a few significant digits.

    Examples
    --------
    >>> [number(v) for v in (0.0397, 12345.6, 4.0, 1.2e-7, 3.2e9, float("nan"))]
    ['0.0397', '12,300', '4.00', '1.20e-07', '3.20e+09', '']
    """
    if not math.isfinite(value):
        return ""
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size < 7:
        return f"{value:.{digits - 1}e}"
    places = max(0, digits - 1 - size)
    shown = round(value, digits - 1 - size) if places == 0 else value
    return f"{shown:,.{places}f}"


def span(low: float, high: float) -> str:
    r"""Return an interval as text that is not broken across lines; one value if its ends are equal.

    Examples
    --------
    >>> span(1.0, 2.0).replace("\N{NO-BREAK SPACE}", " ")
    '1.00 to 2.00'
    >>> span(300.0, 300.0)
    '300'
    """
    if number(low) == number(high):
        return number(low)
    return f"{number(low)}\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}{number(high)}"


def plural(count: int, word: str) -> str:
    """Return a count with its noun, in the singular or the plural.

    Examples
    --------
    >>> plural(1, "dose"), plural(12, "dose")
    ('1 dose', '12 doses')
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
