"""Commands about studies: ``pkqsp data``."""

from pathlib import Path
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.output import file_option
from pkqsp_bayes.console import print_columns, print_text

__all__ = ["data"]

CsvFile = Annotated[
    Path | None, file_option("--output", "-o", endings=(".csv",), what="Copy the table")
]


def data(
    name: Annotated[str | None, typer.Argument(help="Study to get.")] = None,
    *,
    output: CsvFile = None,
) -> None:
    """List the studies that are known by name; get one, and print where its table is."""
    if name is not None:
        print_text(_copied(pq.datasets.path(name), output))
        return
    if output is not None:
        raise typer.BadParameter("name the study that is copied")
    rows = []
    for known in pq.datasets.names():
        about, place = pq.datasets.describe(known), pq.datasets.local_path(known)
        where = place or f"pkqsp data {known} downloads it"
        rows.append((known, f"{about.title}\n{about.source}\n{where}"))
    print_columns(("name", "study"), rows)


def _copied(table: Path, output: Path | None) -> Path:
    """Copy a table if there is a name for the copy; return the file to use."""
    if output is None:
        return table
    from pkqsp_bayes.outputs import stage_output

    with stage_output(output) as part:
        part.write_bytes(table.read_bytes())
    return output
