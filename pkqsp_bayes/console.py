"""Console output that all commands share, and the translation of errors to exit codes."""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

import typer

from pkqsp_bayes.errors import CheckError, Issue, PkqspError, ToolchainError
from pkqsp_bayes.signals import Ended, raise_on_signals

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "log_to_console",
    "print_columns",
    "print_error",
    "print_issue",
    "print_table",
    "print_text",
    "reported",
    "without_log",
]

Kind = Literal["", "ok", "warning", "error"]

_COLOURS = {"": None, "ok": typer.colors.GREEN, "warning": typer.colors.YELLOW,
            "error": typer.colors.RED}  # fmt: skip


def print_text(text: object, *, kind: Kind = "") -> None:
    """Print a text as it is, in the colour of its kind where the terminal has colours."""
    typer.secho(str(text), fg=_COLOURS[kind])


def print_error(text: object, *, kind: Kind = "error") -> None:
    """Print a text to standard error."""
    typer.secho(str(text), fg=_COLOURS[kind], bold=kind == "error", err=True)


def print_issue(issue: Issue) -> None:
    """Print an issue in the colour of its severity."""
    print_error(issue.on_command_line(), kind="" if issue.severity == "note" else issue.severity)


def print_table(table: "pd.DataFrame | pd.Series[float]", *, digits: int = 4) -> None:
    """Print a table verbatim; lines are not wrapped.

    If the draws are not from the posterior, their label is printed above the table.
    """
    label = table.attrs.get("label")
    if label:
        print_text(f"Draws of {label}", kind="warning")
    print_text(table.to_string(float_format=f"%.{digits}g", na_rep=""))


def print_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    r"""Print texts in columns; a cell of several lines is a cell of several rows.

    Examples
    --------
    >>> print_columns(("name", "MB"), [("kernel\nprogram", "1.5")])
    name     MB
    kernel   1.5
    program
    """
    lines = [header]
    for row in rows:
        cells = [cell.split("\n") for cell in row]
        depth = max(map(len, cells))
        lines += list(zip(*([*c, *[""] * (depth - len(c))] for c in cells), strict=True))
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print_text("  ".join(padded).rstrip())


class _ConsoleHandler(logging.Handler):
    """Log records on standard error; issues as commands report them."""

    def emit(self, record: logging.LogRecord) -> None:
        error, warning = record.levelno >= logging.ERROR, record.levelno >= logging.WARNING
        kind: Kind = "error" if error else "warning" if warning else ""
        text = str(record.msg)
        if isinstance(record.args, tuple) and record.args:
            text %= tuple(map(_on_command_line, record.args))
        is_issue = text.startswith(("warning: ", "error: ", "note: "))
        print_error(text if is_issue else f"{record.levelname.lower()}: {text}", kind=kind)


def _on_command_line(thing: object) -> object:
    return thing.on_command_line() if isinstance(thing, Issue | PkqspError) else thing


def log_to_console(*, verbose: bool) -> None:
    """Log to standard error: warnings, and what is done if that is asked for."""
    handler = _ConsoleHandler()
    # With a handler of ours cmdstanpy leaves its logger as it is.
    for name, quiet in (("pkqsp_bayes", logging.WARNING), ("cmdstanpy", logging.ERROR)):
        logging.getLogger(name).handlers = [handler]
        logging.getLogger(name).setLevel(logging.INFO if verbose else quiet)


@contextmanager
def without_log(name: str) -> Iterator[None]:
    """Turn a logger off, because the command prints the same in its report."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


@contextmanager
def reported(place: Callable[[str], str] = str) -> Iterator[None]:
    """Print the package's exceptions as a report and exit with an error code.

    Parameters
    ----------
    place : callable
        Returns the place of an issue as it is named on the command line.
    """
    try:
        with raise_on_signals():
            yield
    except CheckError as error:
        for issue in error.issues:
            print_issue(dataclasses.replace(issue, where=place(issue.where)))
        raise typer.Exit(2) from None
    except ToolchainError as error:
        print_error(error.what)
        if error.remedy:
            print_error(error.remedy, kind="")
        raise typer.Exit(3) from None
    except PkqspError as error:
        print_error(error.on_command_line())
        raise typer.Exit(1) from None
    except OSError as error:  # usually a file that cannot be written
        file = error.filename or "a file"
        print_error(f"cannot use {file}: {error.strerror or error}")
        raise typer.Exit(1) from None
    except Ended as ended:
        _end_children()
        print_error(ended)
        raise typer.Exit(128 + ended.number) from None
    except KeyboardInterrupt:
        _end_children()
        print_error("interrupted")
        raise typer.Exit(130) from None


def _end_children() -> None:
    """Stop the child processes that are still running: samplers and compilers."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            child.terminate()
