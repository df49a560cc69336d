"""HTML for notebooks: small tables, in which every text is escaped, and their display."""

import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from html import escape

__all__ = ["html_table", "import_progress_bars", "is_in_notebook", "show_html"]


def is_in_notebook() -> bool:
    """Return whether the process is the kernel of a notebook, which displays HTML.

    Examples
    --------
    >>> is_in_notebook()
    False
    """
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def import_progress_bars() -> None:
    """Import the progress bars of cmdstanpy in a notebook, without their warning.

    They warn that a widget is missing, which they do not need here: this package shows the
    progress of a fit itself. Outside of a notebook nothing is imported.
    """
    if is_in_notebook():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import tqdm.auto  # noqa: F401


def show_html(html: str) -> Callable[[str], None]:
    """Display HTML in a notebook, and return a function that replaces it.

    Parameters
    ----------
    html : str
        Trusted HTML, in which texts are escaped.
    """
    from IPython.display import HTML, display

    handle = display(HTML(html), display_id=True)
    return lambda replacement: handle.update(HTML(replacement))


def html_table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *notes: str
) -> str:
    """Return a table with a caption above it and notes below it.

    Parameters
    ----------
    caption : str
        What it is of.
    head : sequence of str
        Names of the columns; without any there is no table.
    rows : iterable of sequence
        Cells, which are printed with `str`.
    *notes : str
        A paragraph each.

    Examples
    --------
    >>> html_table("a < b", ["x"], [[1]], "& more")
    '<p><b>a &lt; b</b></p><table><tr><th>x</th></tr><tr><td>1</td></tr></table><p>&amp; more</p>'
    """
    lines = [_row("th", head), *(_row("td", row) for row in rows)] if head else []
    table = f"<table>{''.join(lines)}</table>" if lines else ""
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<p><b>{escape(caption)}</b></p>{table}{below}"


def _row(tag: str, cells: Sequence[object]) -> str:
    inside = "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells)
    return f"<tr>{inside}</tr>"
