"""Rows with a problem to issues, a few of each kind, with the number of the others."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue

__all__ = ["MOST_ROWS", "row_issues"]

MOST_ROWS = 5
"""Rows that are listed of one kind of problem."""


def row_issues(
    table: pd.DataFrame,
    bad: NDArray[np.bool_] | pd.Series,
    *,
    source: str,
    column: str,
    what: str,
    remedy: str,
    values: Sequence[Any] | NDArray[Any] | pd.Series | None = None,
    severity: Literal["error", "warning"] = "error",
) -> list[Issue]:
    """Return issues of the marked rows.

    Parameters
    ----------
    table : DataFrame
        Has a column ``ROW`` with the line of the file, and ``ID``.
    bad : (n,) array of bool
        The rows.
    source, column : str
        File and column, for the place.
    what, remedy : str
        What is wrong; ``{value}`` and ``{subject}`` in it are filled in.
    values : (n,) sequence, optional
        The offending values; by default those of ``column``.
    severity : {"error", "warning"}
        How bad it is.
    """
    rows = np.flatnonzero(np.asarray(bad, dtype=bool))
    shown = table[column] if values is None and column in table else values
    issues = []
    for row in rows[:MOST_ROWS]:
        value = "" if shown is None else _text(np.asarray(shown, dtype=object)[row])
        text = what.replace("{value}", value).replace("{subject}", str(table["ID"].iloc[row]))
        place = f"{source}, row {table['ROW'].iloc[row]}, column {column}"
        issues.append(Issue(severity=severity, where=place, what=text, remedy=remedy))
    if rows.size > MOST_ROWS:
        text = what.replace("{value}", "a value").replace("{subject}", "a subject")
        others = f"the same in {rows.size - MOST_ROWS} more rows: {text}"
        place = f"{source}, column {column}"
        issues.append(Issue(severity=severity, where=place, what=others, remedy=remedy))
    return issues


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:g}"
    return str(value)[:60]
