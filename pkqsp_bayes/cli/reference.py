"""The reference of the files: ``pkqsp keys``."""

from enum import StrEnum
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.output import TableFile, answer
from pkqsp_bayes.console import print_columns, print_text

__all__ = ["keys"]


class File(StrEnum):
    """Kinds of files of `pkqsp keys`."""

    MODEL = "model"
    PRIORS = "priors"
    STATEMENTS = "statements"
    CAUSAL = "causal"


def keys(
    table: Annotated[
        str, typer.Argument(help="A table, such as organs or population.omega; none: list them.")
    ] = "",
    *,
    file: Annotated[File, typer.Option("--file", help="Kind of the file.")] = File.MODEL,
    output: TableFile = None,
) -> None:
    """Explain the tables and keys of the files that you write; -o: all keys."""
    from pkqsp_bayes.file_reference.files import FILES
    from pkqsp_bayes.file_reference.tables import find_tables, list_tables
    from pkqsp_bayes.file_reference.text import plain_reference

    if output is not None:
        answer(pq.file_keys(file.value), output)
    elif table:
        found = find_tables(FILES[file].record, table)
        print_text("\n\n\n".join(plain_reference(file.value, one) for one in found))
    else:
        rows = [(one.header or "top level", one.summary) for one in list_tables(FILES[file].record)]
        print_columns(("table", "meaning"), rows)
