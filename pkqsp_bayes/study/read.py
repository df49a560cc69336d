"""A NONMEM-style table to a `Study`."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.study import StudySpec
from pkqsp_bayes.study.cells import as_integers, as_numbers, as_text, is_all_numbers, split_limits
from pkqsp_bayes.study.check import check_table
from pkqsp_bayes.study.names import resolve_names
from pkqsp_bayes.study.raw import read_raw
from pkqsp_bayes.study.study import COLUMNS, Study
from pkqsp_bayes.study.times import model_time
from pkqsp_bayes.units import UnitError, parse_unit

__all__ = ["examine_study", "read_study", "study_from_frame"]

FloatArray = NDArray[np.float64]

_FLOATS = ("AMT", "RATE", "II", "LLOQ", "ULOQ")
_INTEGERS = ("EVID", "ADDL", "SS", "MDV", "BLQ")
_TEXTS = ("CMT", "DVID", "OCC")
_NAN_STAYS = ("DV", "LLOQ", "ULOQ")


def read_study(
    path: str | Path,
    *,
    model: ModelSpec | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    date_format: str | None = None,
) -> Study:
    """Read and check a table.

    Parameters
    ----------
    path : str or Path
        CSV (comma, semicolon, tab or blanks), UTF-8; ``#`` begins a comment line, ``.`` is a
        missing value. Columns ID TIME AMT RATE EVID CMT ADDL II SS DV DVID MDV BLQ LLOQ ULOQ OCC
        DATE, in upper or lower case; the others are covariates. ID and TIME are needed.
    model : ModelSpec, optional
        Its ``[study]`` says names, units and the form of dates, where the options below do not.
    columns : mapping of str to str, optional
        Name here to name in the file: ``{"DV": "conc", "WT": "weight"}``.
    units : mapping of str to str, optional
        Unit of a column; a header ``DV [ng/mL]`` says it too.
    date_format : str, optional
        Form of DATE where it is not ``2024-03-01``.

    Returns
    -------
    Study
        With EVID and MDV filled in where the table has none: a record is a dose where AMT or
        RATE is not 0, an observation elsewhere; with MDV but no EVID, a record without either is
        an event of another kind. DV ``<0.1`` is a value below a limit of 0.1.

    Raises
    ------
    CheckError
        All problems, each with its row, a few rows of each kind.
    """
    study = examine_study(path, model=model, columns=columns, units=units, date_format=date_format)
    return _without_errors(study)


def examine_study(
    path: str | Path,
    *,
    model: ModelSpec | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    date_format: str | None = None,
) -> Study:
    """Read a table with all its errors, so that they can be reported with those of a model.

    Parameters
    ----------
    path, model, columns, units, date_format
        As in `read_study`.

    Returns
    -------
    Study
        With its errors among the `Study.warnings`; fit for `pkqsp_bayes.check` alone.

    Raises
    ------
    CheckError
        If it is no table, or has no ID or TIME.
    """
    stated = (model and model.study) or StudySpec()
    chosen = {**stated.columns, **(columns or {})}
    is_text = frozenset(
        chosen[name].lower() for name in ("ID", "CMT", "DVID", "OCC", "DATE") if name in chosen
    )
    raw = read_raw(Path(path), text_columns=is_text)
    return _build(
        raw.cells, raw.lines, list(raw.issues), source=str(path), columns=chosen,
        units={**stated.units, **(units or {})}, date_format=date_format or stated.date_format,
    )  # fmt: skip


def study_from_frame(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    date_format: str | None = None,
    source: str = "table",
) -> Study:
    """Make a study of a data frame, as `read_study` does of a file.

    Parameters
    ----------
    frame : pandas.DataFrame
        The same columns; rows are counted from 1 in messages.
    columns, units, date_format
        As in `read_study`.
    source : str
        Name for messages.

    Raises
    ------
    CheckError
        All problems.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": [1, 1], "time": [0, 1], "amt": [100, 0], "dv": [None, 2.5]})
    >>> study_from_frame(frame).table[["ID", "EVID", "MDV"]].to_numpy().tolist()
    [['1', 1, 1], ['1', 0, 0]]
    """
    cells = frame.reset_index(drop=True)
    cells.columns = pd.Index([str(name) for name in frame.columns])
    lines = np.arange(1, len(cells) + 1, dtype=np.int64)
    if not len(cells):
        raise CheckError([Issue(where=source, what="the table is empty", remedy="check it")])
    study = _build(
        cells, lines, [], source=source, columns=dict(columns or {}), units=dict(units or {}),
        date_format=date_format,
    )  # fmt: skip
    return _without_errors(study)


def _without_errors(study: Study) -> Study:
    if study.errors:
        raise CheckError(study.warnings)
    return study


def _build(
    cells: pd.DataFrame,
    lines: NDArray[np.int64],
    issues: list[Issue],
    *,
    source: str,
    columns: dict[str, str],
    units: dict[str, str],
    date_format: str | None,
) -> Study:
    names, header_units, found = resolve_names(list(cells.columns), columns, source=source)
    issues += found + _needed(names, source)
    if found or "ID" not in names or "TIME" not in names:
        raise CheckError(issues)
    cells.columns = pd.Index(names)
    all_units, found = _units({**header_units, **units}, names, source)
    issues += found
    table, is_clock, found = _canonical(cells, lines, source, date_format)
    issues += found + check_table(table, source=source)
    covariates = tuple(name for name in table.columns if name not in (*COLUMNS, "ROW"))
    if is_clock:
        all_units["TIME"] = "h"
    return Study(
        table=table, source=source, units=all_units, covariates=covariates, warnings=tuple(issues)
    )


def _needed(names: list[str], source: str) -> list[Issue]:
    return [
        Issue(where=source, what=f"there is no column {name}",
              remedy=f'add it, or say which it is: columns={{"{name}": ...}}')
        for name in ("ID", "TIME") if name not in names
    ]  # fmt: skip


def _units(
    stated: dict[str, str], names: list[str], source: str
) -> tuple[dict[str, str], list[Issue]]:
    by_lower = {name.lower(): name for name in names}
    units: dict[str, str] = {}
    issues: list[Issue] = []
    for name, unit in stated.items():
        column = by_lower.get(name.lower())
        place = f"{source}, column {name}"
        if column is None:
            issues.append(Issue(where=place, what="a unit of a column that is not there",
                                remedy="the columns are " + ", ".join(names)))  # fmt: skip
            continue
        try:
            parse_unit(unit)
            units[column] = unit
        except UnitError as error:
            issues.append(Issue(where=place, what=str(error), remedy="write a unit such as mg/L"))
    return units, issues


def _canonical(
    cells: pd.DataFrame, lines: NDArray[np.int64], source: str, date_format: str | None
) -> tuple[pd.DataFrame, bool, list[Issue]]:
    rows = pd.DataFrame({"ID": as_text(cells["ID"]), "ROW": lines})
    date = cells.get("DATE", None)
    time, is_clock, issues = model_time(
        cells["TIME"], date, rows, source=source, date_format=date_format
    )
    parts: dict[str, FloatArray] = {"TIME": time}
    absent = np.full(len(cells), np.nan)
    dv, side, limit = split_limits(cells["DV"]) if "DV" in cells else (None, absent, absent)
    for name in (*_FLOATS, *_INTEGERS):
        convert = as_integers if name in _INTEGERS else as_numbers
        parts[name], found = (
            convert(cells[name], rows, source=source, column=name)
            if name in cells
            else (absent, [])
        )
        issues += found
    parts["DV"], found = (
        (absent, []) if dv is None else as_numbers(dv, rows, source=source, column="DV")
    )
    _censor(parts, side, limit)
    _infer_events(parts)
    texts = {name: as_text(cells[name]) if name in cells else "" for name in _TEXTS}
    table = _assemble(cells, rows, parts, texts)
    return table, is_clock, issues + found


def _censor(parts: dict[str, FloatArray], side: FloatArray, limit: FloatArray) -> None:
    """Enter what ``<`` and ``>`` said; a value marked BLQ without a limit is the limit itself."""
    parts["BLQ"] = np.where(np.isnan(side), parts["BLQ"], side)
    for sign, name in ((1.0, "LLOQ"), (-1.0, "ULOQ")):
        parts[name] = np.where(side == sign, limit, parts[name])
        unstated = (parts["BLQ"] == sign) & np.isnan(parts[name])
        parts[name] = np.where(unstated, parts["DV"], parts[name])


def _infer_events(parts: dict[str, FloatArray]) -> None:
    """Fill EVID and MDV in as NM-TRAN does."""
    has_dose = (np.nan_to_num(parts["AMT"]) != 0) | (np.nan_to_num(parts["RATE"]) != 0)
    is_other = (parts["MDV"] == 1) & ~has_dose
    is_dose = has_dose & (parts["MDV"] != 0)
    inferred = np.where(is_dose, 1.0, np.where(is_other, 2.0, 0.0))
    parts["EVID"] = np.where(np.isnan(parts["EVID"]), inferred, parts["EVID"])
    no_value = np.isnan(parts["DV"]) & (parts["BLQ"] != 1) & (parts["BLQ"] != -1)
    missing = (parts["EVID"] != 0) | no_value
    parts["MDV"] = np.where(np.isnan(parts["MDV"]), missing.astype(float), parts["MDV"])


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
