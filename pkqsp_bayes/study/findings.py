"""Rows with a problem to issues, a few of each kind, with the number of the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue

__all__ = ["MOST_ROWS", "Finding", "finding_issues", "row_issues"]

MOST_ROWS = 5
"""Rows that are listed of one kind of problem."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """Rows with one kind of problem, before it is put into words for each.

    Parameters
    ----------
    bad : (n,) array of bool
        The rows.
    column, what, remedy, severity, values
        As in `row_issues`.
    needs : tuple of str
        Columns without whose values the finding says nothing: a cell of them that cannot be read
        is reported itself.
    """

    bad: NDArray[np.bool_]
    column: str
    what: str
    remedy: str
    severity: Literal["error", "warning"] = "error"
    values: NDArray[Any] | pd.Series | None = None
    needs: tuple[str, ...] = ()


def finding_issues(table: pd.DataFrame, findings: Iterable[Finding], *, source: str) -> list[Issue]:
    """Return the issues of some findings.

    Parameters
    ----------
    table : DataFrame
        Has ``ROW`` and ``ID``.
    findings : iterable of Finding
        What was found.
    source : str
        The file, for messages.
    """
    return [
        issue
        for found in findings
        if found.bad.any()
        for issue in row_issues(
            table, found.bad, source=source, column=found.column, what=found.what,
            remedy=found.remedy, severity=found.severity, values=found.values,
        )
    ]  # fmt: skip


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
        advice = remedy.replace("{value}", value)
        issues.append(Issue(severity=severity, where=place, what=text, remedy=advice))
    if rows.size > MOST_ROWS:
        text = what.replace("{value}", "a value").replace("{subject}", "a subject")
        others = f"the same in {rows.size - MOST_ROWS} more rows: {text}"
        place = f"{source}, column {column}"
        advice = remedy.replace("{value}", "...")
        issues.append(Issue(severity=severity, where=place, what=others, remedy=advice))
    return issues


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:g}"
    return str(value)[:60]
