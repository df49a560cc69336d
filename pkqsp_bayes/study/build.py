"""Conversion of the cells of a table to the canonical columns of a `Study`, with all problems."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.study.columns.cells import (
    as_integers,
    as_numbers,
    as_text,
    is_all_numbers,
    split_limits,
    trim_cells,
)
from pkqsp_bayes.study.columns.check_columns import check_table
from pkqsp_bayes.study.columns.codes import code_issues
from pkqsp_bayes.study.columns.column_names import bare_name, resolve_names
from pkqsp_bayes.study.columns.dates import date_column, day_issues
from pkqsp_bayes.study.columns.header_units import align_limits, read_units
from pkqsp_bayes.study.columns.limits_of_quantification import assign_limits, endpoint_groups
from pkqsp_bayes.study.columns.times import Times, read_times
from pkqsp_bayes.study.findings import Finding, finding_issues
from pkqsp_bayes.study.ignore import IgnoreRule, LeftOut, apply_ignore_rules
from pkqsp_bayes.study.study import COLUMNS, Study
from pkqsp_bayes.units import UnitError, conversion_factor

__all__ = ["CANONICAL", "Reading", "build_study"]

CANONICAL = "# Columns as pkqsp_bayes names them."
"""Comment line of files that `pkqsp_bayes.study.write` wrote."""

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_FLOATS = ("AMT", "RATE", "II", "LLOQ", "ULOQ", "LIMIT")
_INTEGERS = ("EVID", "ADDL", "SS", "MDV", "BLQ")
_TEXTS = ("CMT", "DVID", "OCC")
_NAN_STAYS = ("DV", "LLOQ", "ULOQ", "LIMIT")
_KEPT_COUNT = re.compile(r"# left out: (?P<rows>\d+) rows, (?P<reason>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Instructions for reading a table.

    Parameters
    ----------
    source : str
        File or name, for messages.
    columns, units, date_format
        As in `pkqsp_bayes.study.read.read_study`.
    ignore : tuple of IgnoreRule
        Rules for the rows to leave out.
    marked : tuple of int
        Number of lines that each rule has already left out.
    covariates : tuple of str
        Columns that the model reads as covariates.
    comments : tuple of str
        Comment lines of the file.
    """

    source: str
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    ignore: tuple[IgnoreRule, ...] = ()
    marked: tuple[int, ...] = ()
    covariates: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


def build_study(
    cells: pd.DataFrame, lines: NDArray[np.int64], issues: Sequence[Issue], reading: Reading
) -> Study:
    """Return the study of a table; its errors are among the warnings.

    Parameters
    ----------
    cells : DataFrame
        Cells as read, with the names of the file.
    lines : (n,) array of int
        Line number of each row.
    issues : sequence of Issue
        Problems found before.
    reading : Reading
        Instructions for reading.

    Raises
    ------
    CheckError
        If columns are missing or duplicated, or no row remains.
    """
    source = reading.source
    cells, nameless = _with_names(trim_cells(cells), source)
    found = [*issues, *nameless]
    header = [str(name) for name in cells.columns]
    names, header_units, wrong = resolve_names(header, reading.columns, source=source)
    found += wrong + _needed(names, source)
    if wrong or "ID" not in names or "TIME" not in names:
        raise CheckError(found)
    cells = cells.set_axis(pd.Index(names), axis=1)
    units, wrong = read_units({**header_units, **reading.units}, names, source)
    kept, left_out, more = apply_ignore_rules(
        cells, reading.ignore, source=source, marked=reading.marked
    )
    found += wrong + more
    if not kept.any():
        raise CheckError(found)
    cells, lines = cells[kept].reset_index(drop=True), lines[kept]
    rows = pd.DataFrame({"ID": as_text(cells["ID"]), "ROW": lines})
    bare = [bare_name(name) for name in header]
    date = date_column(cells, bare, reading.columns, reading.date_format)
    time = read_times(cells["TIME"], date, rows, source=source)
    found += [*time.issues, *_clock_issues(time, cells, rows, units, reading)]
    table, units, unread, wrong = _canonical(
        cells, rows, time, units, source, dv_is_limit=_is_cens(header, reading)
    )
    found += wrong + check_table(table, source=source, time=time, unread=unread)
    units |= {} if time.kind == "number" else {"TIME": "h"}
    study = Study(
        table=table, source=source, units=units,
        covariates=tuple(name for name in table.columns if name not in (*COLUMNS, "ROW")),
        warnings=tuple(found), left_out=(*_left_out_before(reading), *left_out),
    )  # fmt: skip
    if CANONICAL in reading.comments:
        return study
    more = code_issues(study, used=reading.covariates)
    return replace(study, warnings=(*study.warnings, *more))


def _with_names(cells: pd.DataFrame, source: str) -> tuple[pd.DataFrame, list[Issue]]:
    """Remove unnamed columns; they are reported unless they are empty."""
    blank = np.array([not str(name).strip() for name in cells.columns], dtype=bool)
    filled = np.flatnonzero(blank & cells.notna().any().to_numpy())
    issues = [
        Issue(where=source, what=f"column {index + 1} has values but no name",
              remedy="name it in the header, or remove it")
        for index in filled
    ]  # fmt: skip
    return (cells.loc[:, ~blank] if blank.any() else cells), issues


def _left_out_before(reading: Reading) -> tuple[LeftOut, ...]:
    """Return the rows that were left out before the file was written, as noted by `write_study`."""
    found = (_KEPT_COUNT.fullmatch(line) for line in reading.comments)
    return tuple(LeftOut(reason=f["reason"], rows=int(f["rows"])) for f in found if f)


def _is_cens(header: Sequence[str], reading: Reading) -> bool:
    """Return whether the flag is Monolix's CENS, for which DV is the limit."""
    named = {name.split("[")[0].split("(")[0].strip().upper() for name in header}
    chosen = {name.upper() for name in reading.columns}
    taken = {name.upper() for name in reading.columns.values()}
    return "CENS" in chosen | taken or ("CENS" in named and "BLQ" not in chosen)


def _needed(names: list[str], source: str) -> list[Issue]:
    return [
        Issue(where=source, what=f"the column {name} is missing",
              remedy=f'add it, or state which column it is: columns={{"{name}": ...}}')
        for name in ("ID", "TIME") if name not in names
    ]  # fmt: skip


def _clock_issues(
    time: Times,
    cells: pd.DataFrame,
    rows: pd.DataFrame,
    units: Mapping[str, str],
    reading: Reading,
) -> list[Issue]:
    """Report problems of clock times: a unit of TIME, columns of days that are not read."""
    if time.kind == "number":
        return []
    source, issues = reading.source, []
    if not _is_hour(units.get("TIME", "h")):
        what = f"TIME has clock times or dates, but its unit is stated as {units['TIME']}"
        remedy = (
            "remove the unit: clock times become hours; state the units of II and RATE separately"
        )
        issues.append(Issue(where=f"{source}, column TIME", what=what, remedy=remedy))
    if time.kind == "clock":
        others = [str(name) for name in cells if name not in COLUMNS]
        table = cells[others].assign(ID=rows["ID"])
        issues += day_issues(table, others, source=source, used=reading.covariates)
    return issues


def _is_hour(unit: str) -> bool:
    try:
        return conversion_factor(unit, "h") == 1.0
    except UnitError:
        return False


def _canonical(
    cells: pd.DataFrame,
    rows: pd.DataFrame,
    time: Times,
    units: Mapping[str, str],
    source: str,
    *,
    dv_is_limit: bool,
) -> tuple[pd.DataFrame, dict[str, str], dict[str, BoolArray], list[Issue]]:
    parts, side, unread, issues = _numbers(cells, rows, source)
    parts["TIME"] = time.values
    odd = _infer_events(parts)
    texts = {name: as_text(cells[name]) if name in cells else "" for name in _TEXTS}
    columns = {name: texts[name] for name in ("DVID", "CMT")}
    columns |= {"ASSAY": as_text(cells["ASSAY"])} if "ASSAY" in cells else {}
    labels = pd.DataFrame(columns, index=rows.index).astype("str")
    own_units, wrong = align_limits(parts, labels["DVID"], units, source)
    _enter_limits(parts, side)
    odd += assign_limits(parts, rows, endpoint_groups(labels), dv_is_limit=dv_is_limit)
    issues += wrong + finding_issues(rows, odd, source=source)
    return _assemble(cells, rows, parts, texts), own_units, unread, issues


def _numbers(
    cells: pd.DataFrame, rows: pd.DataFrame, source: str
) -> tuple[dict[str, FloatArray], FloatArray, dict[str, BoolArray], list[Issue]]:
    """Return the numeric columns, the side of DV for ``<`` and ``>``, and unreadable cells.

    A missing or unreadable cell is NaN.
    """
    parts: dict[str, FloatArray] = {}
    unread: dict[str, BoolArray] = {}
    issues: list[Issue] = []
    absent = np.full(len(cells), np.nan)
    dv, side, _ = split_limits(cells["DV"]) if "DV" in cells else (None, absent, absent)
    for name in (*_FLOATS, *_INTEGERS, "DV"):
        convert = as_integers if name in _INTEGERS else as_numbers
        column = dv if name == "DV" else cells.get(name, None)
        if column is None:
            parts[name] = absent
            continue
        parts[name], found = convert(column, rows, source=source, column=name)
        unread[name] = np.isnan(parts[name]) & column.notna().to_numpy()
        issues += found
    parts["BLQ"] = np.where(np.isnan(side), parts["BLQ"], side)
    return parts, side, unread, issues


def _enter_limits(parts: dict[str, FloatArray], side: FloatArray) -> None:
    """Set the limits that ``<0.1`` and ``>100`` state; they have the unit of DV."""
    for sign, name in ((1.0, "LLOQ"), (-1.0, "ULOQ")):
        parts[name] = np.where(side == sign, parts["DV"], parts[name])


def _infer_events(parts: dict[str, FloatArray]) -> list[Finding]:
    """Set EVID and MDV as NM-TRAN does; report DV values that are ignored as a consequence."""
    has_dose = (np.nan_to_num(parts["AMT"]) != 0) | (np.nan_to_num(parts["RATE"]) != 0)
    is_other = (parts["MDV"] == 1) & ~has_dose
    is_dose = has_dose & (parts["MDV"] != 0)
    inferred = np.where(is_dose, 1.0, np.where(is_other, 2.0, 0.0))
    parts["EVID"] = np.where(np.isnan(parts["EVID"]), inferred, parts["EVID"])
    no_value = np.isnan(parts["DV"]) & (parts["BLQ"] != 1) & (parts["BLQ"] != -1)
    missing = (parts["EVID"] != 0) | no_value
    is_silent = np.isin(parts["EVID"], (2, 3)) & np.isnan(parts["MDV"])
    parts["MDV"] = np.where(np.isnan(parts["MDV"]), missing.astype(float), parts["MDV"])
    return [Finding(
        bad=is_silent & (np.nan_to_num(parts["DV"]) != 0), column="DV", values=parts["DV"],
        severity="warning",
        what="DV is {value} on a record with EVID 2 or 3, which is not an observation",
        remedy="set EVID to 0 for a sample, or MDV to 1 to ignore DV",
    )]  # fmt: skip


def _assemble(
    cells: pd.DataFrame,
    rows: pd.DataFrame,
    parts: Mapping[str, FloatArray],
    texts: Mapping[str, pd.Series | str],
) -> pd.DataFrame:
    columns: dict[str, object] = {}
    for name in COLUMNS:
        if name in texts:
            columns[name] = texts[name]
        elif name in _INTEGERS:
            columns[name] = np.nan_to_num(parts[name], nan=0.0).astype(np.int64)
        elif name != "ID":
            keep = name in _NAN_STAYS or name == "TIME"
            columns[name] = parts[name] if keep else np.nan_to_num(parts[name], nan=0.0)
    for covariate in cells.columns.difference([*COLUMNS, "DATE"], sort=False):
        columns[str(covariate)] = _covariate(cells[covariate])
    table = pd.DataFrame({"ID": rows["ID"], **columns, "ROW": rows["ROW"]})
    return table.astype(dict.fromkeys(("ID", *_TEXTS), "str"))


def _covariate(cells: pd.Series) -> pd.Series:
    if is_all_numbers(cells):
        return pd.to_numeric(cells).astype(np.float64)
    places, labels = cells.factorize()
    names = [*(str(label).strip() for label in labels), None]
    return pd.Series(np.array(names, dtype=object)[places], dtype="str")
