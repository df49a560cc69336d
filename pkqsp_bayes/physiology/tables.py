"""The tables of this room, read once: numbers in CSV, their units and sources in one TOML file."""

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
        Such as ``"human_organs"``.

    Examples
    --------
    >>> read_table("human_organs")[0]["organ"]
    'adipose'
    """
    with (_FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


@functools.cache
def table_sources() -> Mapping[str, Any]:
    """Return citation, place of reading, status and units of every table.

    Examples
    --------
    >>> table_sources()["human_organs"]["units"]["density"]
    'kg/L'
    """
    return tomllib.loads((_FOLDER / "sources.toml").read_text(encoding="utf-8"))


def number(row: Row, column: str) -> float | None:
    """Return a number of a row, or None where the cell is empty.

    Examples
    --------
    >>> number({"flow": "", "mass": "1.5"}, "mass")
    1.5
    """
    return float(row[column]) if row[column] else None


def numbers_of(row: Row, *columns: str) -> tuple[float, ...]:
    """Return numbers that every row of the table has."""
    return tuple(float(row[column]) for column in columns)
