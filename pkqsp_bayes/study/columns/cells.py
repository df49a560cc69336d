"""Conversion of the cells of a column to floats, integers or text, with their problems."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.study.findings import row_issues

__all__ = [
    "LARGEST",
    "MISSING",
    "as_integers",
    "as_numbers",
    "as_text",
    "is_all_numbers",
    "split_limits",
    "trim_cells",
]

FloatArray = NDArray[np.float64]

LARGEST = 1e100
"""Bound on numbers: all quantities of a study are smaller, and arithmetic on it is finite."""

MISSING = (".", "", "NA", "NaN", "nan")
"""Texts of missing cells."""

_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_WHOLE = re.compile(r"([+-]?\d+)\.0*")
_CENSORED = re.compile(r"\s*([<>])\s*([0-9.eE+-]+)\s*")


def trim_cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Return a table with blanks around texts and marks of missing cells removed.

    Examples
    --------
    >>> trim_cells(pd.DataFrame({"DV": [" 5", ". ", "<0.1 "]}))["DV"].tolist()
    ['5', nan, '<0.1']
    """
    columns = [_trimmed(cells.iloc[:, index]) for index in range(cells.shape[1])]
    result = pd.DataFrame(dict(enumerate(columns)), index=cells.index)
    return result.set_axis(cells.columns, axis=1)


def _trimmed(cells: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(cells):
        return cells
    places, labels = cells.factorize()
    old = list(labels)
    new = [label.strip() if isinstance(label, str) else label for label in old]
    new = [None if isinstance(label, str) and label in MISSING else label for label in new]
    if new == old:
        return cells
    kind = "str" if all(isinstance(label, str) for label in old) else object
    values = np.array([*new, None], dtype=object)[places]
    return pd.Series(values, index=cells.index, dtype=kind)


def as_numbers(
    cells: pd.Series, rows: pd.DataFrame, *, source: str, column: str
) -> tuple[FloatArray, list[Issue]]:
    """Return floats, NaN if missing; text and infinities are reported.

    Parameters
    ----------
    cells : Series
        Cells as read.
    rows : DataFrame
        ``ID`` and ``ROW``, for messages.
    source, column : str
        For messages.
    """
    if pd.api.types.is_numeric_dtype(cells):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.abs(values) >= LARGEST
    else:
        values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        bad = (np.isnan(values) & cells.notna().to_numpy()) | (np.abs(values) >= LARGEST)
    remedy = "write a number, or . if it is missing"
    if bad.any() and any(_DECIMAL_COMMA.fullmatch(str(cell)) for cell in cells[bad].unique()):
        remedy = "write a decimal point, 79.6, or . if it is missing"
    issues = row_issues(
        rows, bad, source=source, column=column, values=cells, remedy=remedy,
        what="'{value}' is not a finite number",
    )  # fmt: skip
    return np.where(bad, np.nan, values), issues


def as_integers(
    cells: pd.Series, rows: pd.DataFrame, *, source: str, column: str
) -> tuple[FloatArray, list[Issue]]:
    """Return whole numbers as floats, NaN if missing; other cells are reported."""
    values, issues = as_numbers(cells, rows, source=source, column=column)
    bad = ~np.isnan(values) & (values != np.round(values))
    issues += row_issues(
        rows, bad, source=source, column=column, values=values,
        what="{value} is not a whole number", remedy="write a whole number",
    )  # fmt: skip
    return np.where(bad, np.nan, values), issues


def as_text(cells: pd.Series) -> pd.Series:
    """Return text, ``""`` if missing; ``7``, ``7.0`` and ``" 7 "`` give the same text."""
    places, labels = cells.factorize()
    names = [*(_name(label) for label in labels), ""]
    return pd.Series(np.array(names, dtype=object)[places], dtype=str)


def _name(label: object) -> str:
    text = str(label).strip()
    whole = _WHOLE.fullmatch(text)
    return whole.group(1) if whole else text


def is_all_numbers(cells: pd.Series) -> bool:
    """Return whether each cell is a number, a boolean or missing."""
    if pd.api.types.is_numeric_dtype(cells):
        return True
    labels = cells.factorize()[1]
    return bool(pd.to_numeric(pd.Series(labels), errors="coerce").notna().all())


def split_limits(cells: pd.Series) -> tuple[pd.Series, FloatArray, FloatArray]:
    """Split ``<0.1`` and ``>100`` into sign and limit.

    Returns
    -------
    Series
        The cells, with the limit in place of a text such as ``<0.1``.
    (n,) array of float
        1 for values below, -1 for values above the limit, NaN elsewhere.
    (n,) array of float
        The limit, NaN elsewhere.
    """
    side, limit = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    if pd.api.types.is_numeric_dtype(cells):
        return cells, side, limit
    numbers = pd.to_numeric(cells, errors="coerce")
    plain = cells.to_numpy(dtype=object, copy=True)
    for index in np.flatnonzero(numbers.isna() & cells.notna()):
        found = _CENSORED.fullmatch(str(plain[index]))
        value = pd.to_numeric(found[2], errors="coerce") if found else np.nan
        if found and np.isfinite(value):
            side[index], limit[index] = (1.0 if found[1] == "<" else -1.0), float(value)
            plain[index] = float(value)
    return pd.Series(plain), side, limit
