"""Conversion of rows with a problem to issues: a few per problem, with the number of the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue

__all__ = ["MOST_ROWS", "Finding", "finding_issues", "row_issues"]

MOST_ROWS = 5
"""Number of rows that are listed per problem."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """Rows with one problem, before the conversion to issues.

    Parameters
    ----------
    bad : (n,) array of bool
        The rows.
    column, what, remedy, severity, values
        As in `row_issues`.
    needs : tuple of str
        Columns on which the finding depends: unreadable cells of them are reported separately.
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
        Table with ``ROW`` and ``ID``.
    findings : iterable of Finding
        Findings to convert.
    source : str
        File name, for messages.
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
    """Return issues for the marked rows.

    Parameters
    ----------
    table : DataFrame
        Table with ``ROW``, the line of the file, and ``ID``.
    bad : (n,) array of bool
        The rows.
    source, column : str
        File and column, for the location.
    what, remedy : str
        Problem and remedy; ``{value}`` and ``{subject}`` in the problem are replaced.
    values : (n,) sequence, optional
        The invalid values; by default those of ``column``.
    severity : {"error", "warning"}
        Severity of the issues.
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
        text = what.replace("subject {subject}", "a subject").replace("'{value}'", "a value")
        text = text.replace("{value}", "a value")
        others = f"{rows.size - MOST_ROWS} more rows have the same problem: {text}"
        place = f"{source}, column {column}"
        advice = remedy.replace("{value}", "...")
        issues.append(Issue(severity=severity, where=place, what=others, remedy=advice))
    return issues


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:g}"
    return str(value)[:60]
