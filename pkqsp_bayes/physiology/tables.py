"""The tables of physiology, read once: numbers in CSV files, units and sources in one TOML file."""

import csv
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["number", "numbers_of", "read_table", "table_sources"]

_FOLDER = Path(__file__).parent / "tables"

type Row = Mapping[str, str]


@functools.cache
def read_table(name: str) -> tuple[Row, ...]:
    """Return the rows of a table as text by column.

    Parameters
    ----------
    name : str
        Name of the table, such as ``"human_organs"``.

    Examples
    --------
    >>> read_table("human_organs")[0]["organ"]
    'adipose'
    """
    with (_FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


@functools.cache
def table_sources() -> Mapping[str, Any]:
    """Return citation, location in the source, status and units of every table.

    Examples
    --------
    >>> table_sources()["human_organs"]["units"]["density"]
    'kg/L'
    """
    return tomllib.loads((_FOLDER / "sources.toml").read_text(encoding="utf-8"))


def number(row: Row, column: str) -> float | None:
    """Return the number in a cell of a row, or None if the cell is empty.

    Examples
    --------
    >>> number({"flow": "", "mass": "1.5"}, "mass")
    1.5
    """
    return float(row[column]) if row[column] else None


def numbers_of(row: Row, *columns: str) -> tuple[float, ...]:
    """Return numbers of columns that have no empty cells."""
    return tuple(float(row[column]) for column in columns)
