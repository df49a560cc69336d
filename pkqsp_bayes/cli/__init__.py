"""The ``pkqsp`` command: options in, calls of the package, text out. No computation is done here.

A module holds the commands of a group; none imports anything heavy before its command runs, so that
``--help`` is quick.
"""

from typing import Annotated

import typer

from pkqsp_bayes._version import __version__
from pkqsp_bayes.cli.group import CommandGroup
from pkqsp_bayes.console import log_to_console

__all__ = ["app"]

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def begin(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is done.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """PBPK, QSP and population models compiled to fast Stan programs."""
    del version
    log_to_console(verbose=verbose)
