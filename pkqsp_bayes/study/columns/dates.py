"""Columns of dates: DATE, NONMEM's DAT1, DAT2 and DAT3, and columns that look like days."""

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.study.findings import row_issues

__all__ = ["DATE_COLUMNS", "DateColumn", "date_column", "day_issues", "iso_day", "read_days"]

FloatArray = NDArray[np.float64]

_ORDER = {"DAT1": "dmy", "DAT2": "ymd", "DAT3": "ydm"}
"""Order of day, month and year in NM-TRAN's columns (Users Guide, part IV)."""

DATE_COLUMNS = ("DATE", *_ORDER)
"""Names of columns of dates."""

_PARTS = re.compile(r"(\d+)[-/](\d+)[-/](\d+)")
_DAY_NUMBER = re.compile(r"\d{1,4}(\.0*)?")
_DAY_LIKE = re.compile(r"[A-Z_.]*(DAYS?|DATES?|DTC|DTM|DY|DT)\d*|DAT\d*|DATUM")
_EPOCH = dt.date(1970, 1, 1).toordinal()
_LATEST_OF_2000 = 50  # NM-TRAN's LAST20: the year 51 is 1951


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DateColumn:
    """A column of dates.

    Parameters
    ----------
    cells : Series
        Cells as read.
    name : str
        Name in the file.
    kind : str
        One of `DATE_COLUMNS`, which determines the order of day, month and year.
    date_format : str or None
        Format for `datetime.datetime.strptime`, ``"%d/%m/%Y"``; it overrides the order.
    """

    cells: pd.Series
    name: str = "DATE"
    kind: str = "DATE"
    date_format: str | None = None


def date_column(
    cells: pd.DataFrame,
    bare: Sequence[str],
    chosen: Mapping[str, str],
    date_format: str | None,
) -> DateColumn | None:
    """Return the column of dates of a table, or None.

    Parameters
    ----------
    cells : DataFrame
        Columns by their names in this package.
    bare : sequence of str
        Names in the file.
    chosen : mapping of str to str
        Names given by the user.
    date_format : str or None
        Stated format of dates.
    """
    if "DATE" not in cells:
        return None
    name = bare[list(cells.columns).index("DATE")]
    stated = [key.upper() for key in chosen if key.upper() in _ORDER]
    own = name.upper() if name.upper() in _ORDER else "DATE"
    return DateColumn(
        cells=cells["DATE"], name=name, kind=(*stated, own)[0], date_format=date_format
    )


def read_days(
    date: DateColumn, rows: pd.DataFrame, *, source: str
) -> tuple[FloatArray, list[Issue]]:
    """Return the day of each record, NaN if unknown, and unreadable cells.

    Parameters
    ----------
    date : DateColumn
        Dates; or numbers of days, if all are small whole numbers and no format is stated.
    rows : DataFrame
        ``ID`` and ``ROW``.
    source : str
        File name, for messages.

    Examples
    --------
    >>> rows = pd.DataFrame({"ID": ["a", "a"], "ROW": [2, 3]})
    >>> dates = DateColumn(cells=pd.Series(["03-01-2024", "1/2/24"]), kind="DAT1")
    >>> float(np.diff(read_days(dates, rows, source="t")[0])[0])
    29.0
    """
    places, labels = date.cells.astype(object).factorize()
    texts = [str(label).strip() for label in labels]
    if date.date_format is None and all(_DAY_NUMBER.fullmatch(text) for text in texts):
        days = [float(text) for text in texts]
    else:
        days = [_day(text, date) for text in texts]
    values = np.array([*days, np.nan])[places]
    issues = row_issues(
        rows, np.isnan(values) & (places >= 0), source=source, column=date.name, values=date.cells,
        what="'{value}' is not a date", remedy=_remedy(date),
    )  # fmt: skip
    return values, issues + row_issues(
        rows,
        places < 0,
        source=source,
        column=date.name,
        values=date.cells,
        what=f"{date.name} is missing",
        remedy="write the date in every row",
    )


def iso_day(text: str) -> float:
    """Return the number of days from 1970 to ``2024-03-01``, or NaN."""
    return _formatted(text, "%Y-%m-%d")


def _day(text: str, date: DateColumn) -> float:
    order = _ORDER.get(date.kind)
    if date.date_format is not None or order is None:
        return _formatted(text, date.date_format or "%Y-%m-%d")
    found = _PARTS.fullmatch(text)
    if found is None:
        return np.nan
    parts = dict(zip(order, found.groups(), strict=True))
    year = int(parts["y"])
    if len(parts["y"]) not in (1, 2, 4):
        return np.nan
    if len(parts["y"]) <= 2:
        year += 2000 if year <= _LATEST_OF_2000 else 1900
    try:
        return float(dt.date(year, int(parts["m"]), int(parts["d"])).toordinal() - _EPOCH)
    except ValueError:
        return np.nan


def _formatted(text: str, form: str) -> float:
    moment = pd.to_datetime(text, format=form, errors="coerce")
    return np.nan if pd.isna(moment) else float((moment - pd.Timestamp(0)).days)


def _remedy(date: DateColumn) -> str:
    example = {"dmy": "1-3-2024", "ymd": "2024-3-1", "ydm": "2024-1-3"}
    own = example.get(_ORDER.get(date.kind, ""), "2024-03-01")
    return (
        f"write the 1st of March as {own}, or number the days (up to 9999), or state "
        "date_format=, such as '%d/%m/%Y'"
    )


def day_issues(
    table: pd.DataFrame, names: Collection[str], *, source: str, used: Collection[str] = ()
) -> list[Issue]:
    """Report columns that look like days if TIME has clock times without a date.

    Parameters
    ----------
    table : DataFrame
        ``ID`` and the columns.
    names : collection of str
        Columns that are not read as dates.
    source : str
        File name, for messages.
    used : collection of str
        Covariates that the model uses; for them the issue is a warning.
    """
    known = {name.lower() for name in used}
    issues = []
    for name in names:
        if not _DAY_LIKE.fullmatch(name.upper()):
            continue
        if (table.groupby("ID", sort=False)[name].nunique() > 1).any():
            issues.append(Issue(
                severity="warning" if name.lower() in known else "error",
                where=f"{source}, column {name}",
                what=f"TIME has clock times without a date, and {name}, which changes within "
                "subjects, is not read as a date: times of different days would count as one day",
                remedy=f'to read it, state columns = {{ DATE = "{name}" }}; or, if TIME stays '
                f'within one day, rename it: columns = {{ {name}_kept = "{name}" }}',
            ))  # fmt: skip
    return issues
