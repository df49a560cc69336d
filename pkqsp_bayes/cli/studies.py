"""Commands about studies: ``pkqsp data``."""

from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.console import print_columns, print_text

__all__ = ["data"]


def data(
    name: Annotated[str | None, typer.Argument(help="Study of which to print the table.")] = None,
) -> None:
    """List the studies that are known by name; get one, and print where its table is."""
    if name is not None:
        print_text(pq.datasets.path(name))
        return
    rows = []
    for known in pq.datasets.names():
        about, place = pq.datasets.describe(known), pq.datasets.local_path(known)
        where = place or f"pkqsp data {known} downloads it"
        rows.append((known, f"{about.title}\n{about.source}\n{where}"))
    print_columns(("name", "study"), rows)
