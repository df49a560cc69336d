"""Console output that all commands share, and the translation of errors to exit codes."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import psutil
import typer
from rich.console import Console

from pkqsp_bayes.errors import CheckError, Issue, PkqspError, ToolchainError
from pkqsp_bayes.signals import Ended, raise_on_signals

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ERR", "OUT", "STYLE", "Ignore", "print_issue", "print_table", "reported"]

OUT = Console()
ERR = Console(stderr=True)
STYLE = {"ok": "green", "warning": "yellow", "error": "bold red"}

Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore", metavar="RULE", help="Rows of the table to leave out: 'C == C', 'DV < 0', '@'."
    ),
]
"""Option of every command that reads a study; in place of the model's ``[study] ignore``."""


def print_issue(issue: Issue) -> None:
    """Print an issue in the colour of its severity."""
    style = STYLE[issue.severity]
    ERR.print(str(issue), style=style, markup=False, highlight=False, soft_wrap=True)


def print_table(table: "pd.DataFrame | pd.Series[float]", *, digits: int = 4) -> None:
    """Print a table verbatim: labels such as ``sigma[cp]`` are not markup, lines are not wrapped.

    If the draws are not from the posterior, their label is printed above the table.
    """
    label = table.attrs.get("label")
    if label:
        OUT.print(f"Draws of {label}", style=STYLE["warning"], highlight=False, soft_wrap=True)
    text = table.to_string(float_format=f"%.{digits}g", na_rep="")
    OUT.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def reported() -> Iterator[None]:
    """Print the package's exceptions as a report and exit with an error code."""
    try:
        with raise_on_signals():
            yield
    except CheckError as error:
        for issue in error.issues:
            print_issue(issue)
        raise typer.Exit(2) from None
    except ToolchainError as error:
        ERR.print(error.what, style=STYLE["error"], markup=False, highlight=False)
        if error.remedy:
            ERR.print(error.remedy, markup=False, highlight=False)
        raise typer.Exit(3) from None
    except PkqspError as error:
        ERR.print(str(error), style=STYLE["error"], markup=False, highlight=False)
        raise typer.Exit(1) from None
    except OSError as error:  # usually a file that cannot be written
        place = error.filename or "a file"
        told = f"cannot use {place}: {error.strerror or error}"
        ERR.print(told, style=STYLE["error"], markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except Ended as ended:
        _end_children()
        ERR.print(str(ended), style=STYLE["error"])
        raise typer.Exit(128 + ended.number) from None
    except KeyboardInterrupt:
        _end_children()
        ERR.print("interrupted", style=STYLE["error"])
        raise typer.Exit(130) from None


def _end_children() -> None:
    """Stop the child processes that are still running: samplers and compilers."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended
            child.terminate()
