"""Dates and clock times to hours since the first record of the subject."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.study.cells import LARGEST, as_numbers, is_all_numbers
from pkqsp_bayes.study.findings import row_issues

__all__ = ["model_time"]

FloatArray = NDArray[np.float64]

_CLOCK = re.compile(r"\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d*)?))?\s*")
_MOMENT = re.compile(r"\s*(\d{4}-\d{2}-\d{2})[T ]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?)\s*")


def model_time(
    time: pd.Series,
    date: pd.Series | None,
    rows: pd.DataFrame,
    *,
    source: str,
    date_format: str | None = None,
) -> tuple[FloatArray, bool, list[Issue]]:
    """Return the time of each record.

    Parameters
    ----------
    time : Series
        Numbers; or clock times ``8:30`` or ``08:30:15``; or ``2024-03-01 08:30``.
    date : Series or None
        Days, ``2024-03-01`` unless ``date_format`` says otherwise; with it TIME is a clock time
        or a decimal hour of the day.
    rows : DataFrame
        ``ID`` and ``ROW``.
    date_format : str, optional
        As `datetime.datetime.strptime` has it, ``"%d/%m/%Y"``.

    Returns
    -------
    (n,) array of float
        Times as they are; or hours since the subject's first record.
    bool
        Whether they were made from dates or clock times, and are hours.
    list of Issue
        What cannot be read.
    """
    if date is None and is_all_numbers(time):
        hours, issues = as_numbers(time, rows, source=source, column="TIME")
        return hours, False, issues
    clock, days, issues = _clock_hours(time, rows, source)
    if date is not None:
        days, found = _days(date, rows, source, date_format)
        issues += found
    hours = 24.0 * days + clock
    starts = ~rows["ID"].duplicated().to_numpy()
    first = pd.Series(np.where(starts, hours, np.nan)).groupby(rows["ID"].to_numpy()).transform(
        "first"
    )  # fmt: skip
    # To the second, so that 9:20 - 8:00 is 4/3 h whatever the day.
    return np.round((hours - first.to_numpy()) * 3600, 3) / 3600, True, issues


def _clock_hours(
    time: pd.Series, rows: pd.DataFrame, source: str
) -> tuple[FloatArray, FloatArray, list[Issue]]:
    """Hours of the day, and days since 1970 where the text has a date."""
    places, labels = time.factorize()
    parsed = np.array([*(_moment(label) for label in labels), (np.nan, np.nan)])
    hours, days = parsed[places, 0], parsed[places, 1]
    issues = row_issues(
        rows, np.isnan(hours) & time.notna().to_numpy(), source=source, column="TIME", values=time,
        what="'{value}' is no time", remedy="write 8:30, 2024-03-01 08:30, or a number",
    )  # fmt: skip
    return hours, days, issues


def _moment(label: object) -> tuple[float, float]:
    text = str(label)
    moment = _MOMENT.fullmatch(text)
    day = _day(moment[1]) if moment else 0.0
    clock = _CLOCK.fullmatch(moment[2] if moment else text)
    if clock is None:
        return _decimal(text), 0.0
    hour, minute, second = int(clock[1]), int(clock[2]), float(clock[3] or 0)
    if hour > 24 or minute > 59 or second >= 60:
        return np.nan, np.nan
    return hour + minute / 60 + second / 3600, day


def _decimal(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        return np.nan
    return hours if abs(hours) < LARGEST else np.nan


def _day(text: str) -> float:
    moment = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return np.nan if pd.isna(moment) else float((moment - pd.Timestamp(0)).days)


def _days(
    date: pd.Series, rows: pd.DataFrame, source: str, date_format: str | None
) -> tuple[FloatArray, list[Issue]]:
    places, labels = date.astype(object).factorize()
    texts = [str(label).strip() for label in labels]
    moments = pd.to_datetime(pd.Series(texts, dtype=str), format=date_format or "%Y-%m-%d",
                             errors="coerce")  # fmt: skip
    days = (moments - pd.Timestamp(0)) / pd.Timedelta(days=1)
    values = np.append(days.to_numpy(dtype=np.float64, na_value=np.nan), np.nan)[places]
    remedy = "write 2024-03-01, or state date_format=, such as '%d/%m/%Y'"
    return values, row_issues(
        rows, np.isnan(values), source=source, column="DATE", values=date,
        what="'{value}' is no date of this form", remedy=remedy,
    )  # fmt: skip
