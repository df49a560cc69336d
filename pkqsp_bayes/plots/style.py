"""Style of plots, and functions that save them.

The colours are those of Okabe & Ito 2008, Color Universal Design; colour-blind readers can
distinguish them.
"""

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from PIL import Image

from pkqsp_bayes.arguments import PATH, checked, instance
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.outputs import write_output

__all__ = [
    "BAND", "COLOURS", "GREY", "HATCHES", "LINE", "OBSERVED", "PlotFigure", "collect_glyphs",
    "figure_png", "new_figure", "save_figure",
]  # fmt: skip

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Blue, vermilion, green, purple, orange, sky."""

LINE, BAND, OBSERVED, GREY = "#0072B2", "#56B4E9", "#000000", "#999999"
HATCHES = ("", "//", "..", "\\\\", "xx", "--", "oo", "||")
"""Hatches that distinguish areas in print, in this order."""

_DPI = 110
_COLOURS_KEPT = 128
_STYLE: dict[Any, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "axes.titlesize": 9,
    "font.size": 9,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "pkqsp_bayes",
    # Names of subjects, units and categories may have dollar signs; none is a formula.
    "text.parse_math": False,
}
# Without dates and versions, the same figure gives the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_FORMATS = ("png", "svg", "pdf")
_LOGGER = logging.getLogger(__name__)
_GLYPH = re.compile(
    r"Glyph (\d+) .*missing from|Matplotlib currently does not support \w+ natively"
)
_NAMED = 10


@contextmanager
def collect_glyphs() -> Iterator[set[str]]:
    """Collect the characters that a font lacks, in place of one warning of Matplotlib for each.

    Examples
    --------
    >>> with collect_glyphs() as missing:
    ...     warnings.warn("Glyph 21463 (CJK) missing from font(s) DejaVu Sans.", stacklevel=1)
    >>> missing
    {'受'}
    """
    missing: set[str] = set()
    with warnings.catch_warnings():
        show = warnings.showwarning

        def collect(message: Warning | str, *rest: Any, **options: Any) -> None:
            if found := _GLYPH.match(str(message)):
                missing.update(chr(int(code)) for code in found.groups() if code)
            else:
                show(message, *rest, **options)

        warnings.filterwarnings("always", message=_GLYPH.pattern, category=UserWarning)
        warnings.showwarning = collect
        yield missing


class PlotFigure(Figure):
    """A Matplotlib figure that keeps the style of the package and that notebooks show.

    It has no window, and it is not in the state of ``matplotlib.pyplot``.

    Examples
    --------
    >>> PlotFigure(figsize=(1, 1))._repr_png_()[1:4]
    b'PNG'
    """

    _is_warned = False

    def draw(self, renderer: RendererBase) -> None:
        """Draw the figure with the style, which ticks need at this time."""
        with mpl.rc_context(_STYLE), self._warn_of_glyphs():
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save the figure, as `matplotlib.figure.Figure.savefig`."""
        with (
            mpl.rc_context(_STYLE),
            self._warn_of_glyphs(),
            self._laid_out(options.get("dpi")),
        ):
            super().savefig(fname, **options)

    @contextmanager
    def _warn_of_glyphs(self) -> Iterator[None]:
        """Warn once of characters that the font lacks."""
        with collect_glyphs() as missing:
            yield
        if missing and not self._is_warned:
            self._is_warned = True
            named = " ".join(sorted(missing)[:_NAMED]) + (" ..." if len(missing) > _NAMED else "")
            _LOGGER.warning(
                "the font of the figure lacks these characters, which are drawn as boxes: %s "
                "(choose a font that has them: font.family in the file matplotlibrc)", named,
            )  # fmt: skip

    @contextmanager
    def _laid_out(self, dpi: float | None) -> Iterator[None]:
        """Arrange the axes once; otherwise Matplotlib draws the figure twice."""
        engine, before = self.get_layout_engine(), self.dpi
        if engine is None:
            yield
            return
        self.dpi = dpi or before
        engine.execute(self)
        self.set_layout_engine(None)
        try:
            yield
        finally:
            self.set_layout_engine(engine)
            self.dpi = before

    def _repr_png_(self) -> bytes:
        return figure_png(self)


@contextmanager
def new_figure(*, width: float, height: float) -> Iterator[PlotFigure]:
    """Open a figure for drawing in the style of the package.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Examples
    --------
    >>> with new_figure(width=2, height=1) as figure:
    ...     axis = figure.subplots()
    >>> len(figure.axes)
    1
    """
    with mpl.rc_context(_STYLE):
        yield PlotFigure(figsize=(width, height), layout="constrained")


def figure_png(figure: Figure) -> bytes:
    """Return a figure as a PNG file with a palette, which makes it a third as large."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DPI)
    image = Image.open(drawn).convert("RGB").quantize(_COLOURS_KEPT)
    image.save(small, "PNG", optimize=True)
    return small.getvalue()


@checked(figure=instance(Figure, wanted="give the result of a plot function"), path=PATH)
def save_figure(figure: Figure, path: Path | str) -> None:
    """Write a figure to a file atomically.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Result of a plot function.
    path : Path
        File, whose suffix is the format: ``.png``, ``.svg`` or ``.pdf``. The same figure gives the
        same bytes.

    Raises
    ------
    CheckError
        If there is no such format, or if the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> figure = PlotFigure(figsize=(2, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_figure(figure, Path(folder) / "empty.png")
    ...     [file.name for file in Path(folder).iterdir()]
    ['empty.png']
    """
    place = Path(path)
    form = place.suffix.lower().removeprefix(".")
    if form not in _FORMATS:
        what, remedy = f"there is no format {form!r}", "end the name with .png, .svg or .pdf"
        raise CheckError([Issue(where=str(path), what=what, remedy=remedy)])
    with write_output(place) as part:
        part.write_bytes(_bytes(figure, form))


def _bytes(figure: Figure, form: str) -> bytes:
    if form == "png":
        return figure_png(figure)
    drawn = io.BytesIO()
    figure.savefig(drawn, format=form, metadata=_METADATA[form])
    return drawn.getvalue()
