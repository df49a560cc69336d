"""How pictures look: colours that colour-blind readers can tell apart, and how they are saved.

Colours: Okabe & Ito 2008, Color Universal Design.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from pkqsp_bayes.outputs import write_output

__all__ = ["BAND", "COLOURS", "LINE", "OBSERVED", "saved"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Blue, vermilion, green, purple, orange, sky."""

_COLOURS_KEPT = 128

LINE, BAND, OBSERVED = "#0072B2", "#56B4E9", "#000000"

_STYLE: dict[Any, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


@contextmanager
def saved(path: Path, *, width: float, height: float) -> Iterator[Figure]:
    """Open a figure in the house's style, and save it as PNG when the block ends.

    Parameters
    ----------
    path : Path
        File; it appears whole or not at all.
    width, height : float
        In inches.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with saved(Path(folder) / "empty.png", width=2, height=1) as figure:
    ...         axis = figure.subplots()
    ...     [file.name for file in Path(folder).iterdir()]
    ['empty.png']
    """
    with mpl.rc_context(_STYLE):
        # No window and no state of pyplot's: pictures are made in the background too.
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=110)
    # A palette is enough for diagrams, and makes a page a third as large.
    with write_output(path) as part:
        Image.open(drawn).convert("RGB").quantize(_COLOURS_KEPT).save(part, "PNG", optimize=True)
