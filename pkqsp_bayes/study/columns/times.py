"""Conversion of dates and clock times to hours since the first record of the subject."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.study.columns.cells import LARGEST, as_numbers, is_all_numbers
from pkqsp_bayes.study.columns.dates import DateColumn, iso_day, read_days
from pkqsp_bayes.study.findings import row_issues

__all__ = ["Times", "read_times"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d*)?))?\s*")
_MOMENT = re.compile(r"\s*(\d{4}-\d{2}-\d{2})[T ]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?)\s*")
_HOURS_A_DAY = 24.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Times:
    """Time of each record.

    Parameters
    ----------
    values : (n,) array of float
        Numbers unchanged; otherwise hours since the subject's first record. NaN if unknown.
    cells : Series
        Cells of the file, for messages.
    kind : {"number", "clock", "date"}
        Numbers; clock times without a day; times with a day.
    unread : (n,) array of bool
        Cells that cannot be read, which `issues` report.
    issues : tuple of Issue
        Problems of unreadable cells.
    """

    values: FloatArray
    cells: pd.Series
    kind: Literal["number", "clock", "date"]
    unread: BoolArray
    issues: tuple[Issue, ...] = ()


def read_times(
    time: pd.Series, date: DateColumn | None, rows: pd.DataFrame, *, source: str
) -> Times:
    """Return the time of each record.

    Parameters
    ----------
    time : Series
        Numbers; or clock times ``8:30`` or ``08:30:15``; or ``2024-03-01 08:30``.
    date : DateColumn or None
        Days; with them TIME is a clock time or a decimal hour.
    rows : DataFrame
        ``ID`` and ``ROW``.
    source : str
        File name, for messages.
    """
    if date is None and is_all_numbers(time):
        values, issues = as_numbers(time, rows, source=source, column="TIME")
        unread = np.isnan(values) & time.notna().to_numpy()
        return Times(values=values, cells=time, kind="number", unread=unread, issues=tuple(issues))
    clock, days, issues = _clock_hours(time, rows, source)
    if date is None:
        issues += _without_day(time, clock, days, rows, source)
        cells, kind = time, "clock" if np.isnan(days).all() else "date"
        days = np.where(np.isnan(days), 0.0, days) if kind == "clock" else days
    else:
        own, found = read_days(date, rows, source=source)
        issues += [*found, *_beside_date(time, clock, days, own, date, rows, source)]
        cells, kind, days = date.cells.astype(str) + " " + time.astype(str), "date", own
    values = _since_first(_HOURS_A_DAY * days + clock, rows)
    return Times(
        values=values, cells=cells, kind="clock" if kind == "clock" else "date",
        unread=np.isnan(values) & time.notna().to_numpy(), issues=tuple(issues),
    )  # fmt: skip


def _since_first(hours: FloatArray, rows: pd.DataFrame) -> FloatArray:
    starts = ~rows["ID"].duplicated().to_numpy()
    begin = pd.Series(np.where(starts, hours, np.nan)).groupby(rows["ID"].to_numpy())
    # Rounded to seconds, so that 9:20 - 8:00 is 4/3 h on every day.
    found: FloatArray = np.round((hours - begin.transform("first").to_numpy()) * 3600, 3) / 3600
    return found


def _clock_hours(
    time: pd.Series, rows: pd.DataFrame, source: str
) -> tuple[FloatArray, FloatArray, list[Issue]]:
    """Return hours of the day, and days since 1970 if the text has a date."""
    places, labels = time.factorize()
    parsed = np.array([*(_moment(label) for label in labels), (np.nan, np.nan)])
    hours, days = parsed[places, 0], parsed[places, 1]
    issues = row_issues(
        rows, np.isnan(hours) & time.notna().to_numpy(), source=source, column="TIME", values=time,
        what="'{value}' is not a time",
        remedy="write 8:30, 2024-03-01 08:30 (without a time zone), or a number",
    )  # fmt: skip
    return hours, days, issues


def _moment(label: object) -> tuple[float, float]:
    text = str(label)
    moment = _MOMENT.fullmatch(text)
    day = iso_day(moment[1]) if moment else np.nan
    clock = _CLOCK.fullmatch(moment[2] if moment else text)
    if clock is None:
        return _decimal(text), np.nan
    hour, minute, second = int(clock[1]), int(clock[2]), float(clock[3] or 0)
    if hour > 24 or minute > 59 or second >= 60 or (moment and np.isnan(day)):
        return np.nan, np.nan
    return hour + minute / 60 + second / 3600, day


def _decimal(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        return np.nan
    return hours if abs(hours) < LARGEST else np.nan


def _without_day(
    time: pd.Series, clock: FloatArray, days: FloatArray, rows: pd.DataFrame, source: str
) -> list[Issue]:
    """Report times without a date if other times have one."""
    bad = np.isnan(days) & ~np.isnan(clock) & bool((~np.isnan(days)).any())
    return row_issues(
        rows, bad, source=source, column="TIME", values=time,
        what="'{value}' has no date, but other times have one",
        remedy="write the date in every row: 2024-03-01 08:30",
    )  # fmt: skip


def _beside_date(
    time: pd.Series,
    clock: FloatArray,
    days: FloatArray,
    own: FloatArray,
    date: DateColumn,
    rows: pd.DataFrame,
    source: str,
) -> list[Issue]:
    """Report times that are not hours of a day if another column states the day."""
    apart = f'columns = {{ {date.name}_kept = "{date.name}" }}'
    no_hour = (clock < 0) | (clock > _HOURS_A_DAY)
    with_day = ~np.isnan(days) & ~np.isnan(own) & (days != own)
    return [
        *row_issues(
            rows, no_hour, source=source, column="TIME", values=time,
            what=f"with a column {date.name} TIME must be the hour of a day, but it is {{value}}",
            remedy=f"write 8:30 or 8.5; or, if TIME is the total time, do not read {date.name}: "
            + apart,
        ),
        *row_issues(
            rows, with_day, source=source, column="TIME", values=time,
            what=f"'{{value}}' and {date.name} state different days",
            remedy=f"correct one of them; or read only TIME: {apart}",
        ),
    ]  # fmt: skip
