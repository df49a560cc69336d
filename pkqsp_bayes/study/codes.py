"""Columns whose names mean something in other programs: used here, or warned of."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.study import Study

__all__ = ["code_issues"]

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """What a column of some names probably is, and when that matters.

    Parameters
    ----------
    what, remedy : str
        ``{column}`` is the column.
    rows : callable
        Study and its column to the rows that it matters in.
    severity : {"error", "warning"}
        Whether reading can go on.
    """

    what: str
    remedy: str
    rows: Callable[[Study, str], BoolArray]
    severity: Literal["error", "warning"] = "warning"


def code_issues(study: Study, *, used: Collection[str] = ()) -> list[Issue]:
    """Return a word on each column that looks like a code, and that nothing reads.

    Parameters
    ----------
    study : Study
        The table.
    used : collection of str
        Covariates of the model.
    """
    names = {name.lower() for name in used}
    issues: list[Issue] = []
    for column in study.covariates:
        code = _code_of(column)
        if code is None or column.lower() in names:
            continue
        rows = code.rows(study, column)
        what, remedy = (text.replace("{column}", column) for text in (code.what, code.remedy))
        if code.severity == "error":
            issues += row_issues(
                study.table, rows, source=study.source, column=column, what=what, remedy=remedy
            )
        elif rows.any():
            where = f"{study.source}, column {column}"
            told = f"{what} ({int(rows.sum())} rows)"
            issues.append(Issue(severity="warning", where=where, what=told, remedy=remedy))
    return issues


def _code_of(column: str) -> _Code | None:
    name = column.upper()
    known = _CODES.get(name)
    shaped = (code for pattern, code in _SHAPES if pattern.fullmatch(name))
    return next(shaped, None) if known is None else known


def _observed(study: Study) -> BoolArray:
    found: BoolArray = (study.table["EVID"] == 0).to_numpy()
    return found


def _dosed(study: Study) -> BoolArray:
    found: BoolArray = study.table["EVID"].isin((1, 4)).to_numpy()
    return found


def _present(study: Study, column: str) -> BoolArray:
    cells = study.table[column]
    found: BoolArray = (cells.notna() & ~cells.astype(str).isin(("", "0", "0.0"))).to_numpy()
    return found


def _marked(study: Study, column: str) -> BoolArray:
    """Rows with a mark: text, or 1 in a column of 0 and 1; other numbers are no marks."""
    cells, marked = study.table[column], _present(study, column)
    if pd.api.types.is_numeric_dtype(cells) and not set(cells.dropna()) <= {0.0, 1.0}:
        return np.zeros(marked.size, dtype=bool)
    return marked


def _varies(study: Study, column: str, rows: BoolArray) -> BoolArray:
    several = study.table[column][rows].nunique() > 1
    return rows if several else np.zeros(rows.size, dtype=bool)


def _endpoints(study: Study, column: str) -> BoolArray:
    if (study.table["DVID"] != "").any():
        return np.zeros(len(study.table), dtype=bool)
    return _varies(study, column, _observed(study))


def _routes(study: Study, column: str) -> BoolArray:
    if (study.table["CMT"][_dosed(study)] != "").any():
        return np.zeros(len(study.table), dtype=bool)
    return _varies(study, column, _dosed(study))


def _occasions(study: Study, column: str) -> BoolArray:
    if (study.table["OCC"] != "").any():
        return np.zeros(len(study.table), dtype=bool)
    return _varies(study, column, np.ones(len(study.table), dtype=bool))


def _infusions(study: Study, column: str) -> BoolArray:
    bolus = _dosed(study) & (study.table["RATE"] == 0).to_numpy()
    return bolus & _present(study, column)


def _flags(study: Study, column: str) -> BoolArray:
    if (study.table["BLQ"] != 0).any():
        return np.zeros(len(study.table), dtype=bool)
    return _observed(study) & _marked(study, column)


def _values(study: Study, column: str) -> BoolArray:
    """Rows of numbers where no DV is read at all."""
    if study.table["DV"].notna().any() or not pd.api.types.is_numeric_dtype(study.table[column]):
        return np.zeros(len(study.table), dtype=bool)
    return _observed(study) & _present(study, column)


def _limits(study: Study, column: str) -> BoolArray:
    if study.table[["LLOQ", "ULOQ"]].notna().any(axis=None):
        return np.zeros(len(study.table), dtype=bool)
    return _observed(study) & _present(study, column)


_EXCLUSION = _Code(
    severity="error", rows=_marked,
    what="'{value}' in column {column} marks the row as one to leave out, and nothing reads it",
    remedy='leave such rows out: [study] ignore = ["{column} == {value}"] in the model, or '
    + setting("ignore", "{column} == {value}")
    + '; where it is no mark, name it otherwise: columns = { {column}_kept = "{column}" }',
)  # fmt: skip
_COMMENT = _Code(
    rows=lambda study, column: _present(study, column),
    what="{column} has comments, which nothing reads",
    remedy="where they exclude rows, say so with ignore",
)
_ENDPOINT = _Code(
    rows=_endpoints, what="{column} looks like DVID: observations have several values of it",
    remedy='columns = { DVID = "{column}" } reads it',
)  # fmt: skip
_OCCASION = _Code(
    rows=_occasions, what="{column} looks like OCC, and is not read as such",
    remedy='columns = { OCC = "{column}" } reads it',
)  # fmt: skip
_ROUTE = _Code(
    rows=_routes, what="{column} looks like CMT: doses have several values of it",
    remedy='columns = { CMT = "{column}" } reads it, for doses and observations',
)  # fmt: skip
_LENGTH = "{column} looks like the duration of infusions, and these doses have no RATE"
_LOGGED = _Code(
    rows=lambda study, column: _present(study, column) & _observed(study),
    what="{column} looks like log-transformed DV, and is not read",
    remedy='columns = { DV = "{column}" } reads it, for an output value = "log(...)"',
)
_FLAG = _Code(
    rows=_flags, what="{column} looks like BLQ, and is not read as such",
    remedy='columns = { BLQ = "{column}" } reads it (1: below LLOQ, -1: above ULOQ)',
)  # fmt: skip
_VALUE = _Code(
    rows=_values, what="{column} looks like DV, and nothing is read as DV: nothing is observed",
    remedy='columns = { DV = "{column}" } reads it',
)  # fmt: skip
_LIMIT = _Code(
    rows=_limits, what="{column} looks like a limit of quantification, and is not read",
    remedy='columns = { LLOQ = "{column}" } (or ULOQ) reads it',
)  # fmt: skip
_UNITS = _Code(
    rows=_present, what="{column} looks like units of rows, which are not read",
    remedy='state the unit of a column: DV [ng/mL], or [study] units = { "DV.cp" = "ng/mL" }',
)  # fmt: skip
_RESIDUALS = _Code(
    rows=_present, what="{column} groups correlated residual errors in NONMEM, and is not read",
    remedy="residual errors are independent here; drop the column if that is meant",
)  # fmt: skip
_NM = _Code(
    rows=_present, what="{column} means something to NONMEM, and is not read",
    remedy="see docs/data.md for what is read",
)  # fmt: skip


def _all(code: _Code, names: str) -> dict[str, _Code]:
    return dict.fromkeys(names.split(), code)


_CODES: Mapping[str, _Code] = {
    **_all(_EXCLUSION, "C IGNORE IGN IGNR EXCL EXCLUDE EXCLUDED EXCLUSION EXCLF EXCLFL EXCLFN "
                       "DROP OMIT REMOVE DELETE"),
    **_all(_COMMENT, "COMMENT COMMENTS COM REMARK REMARKS NOTE NOTES FLAG FLAGS FLG OUTLIER"),
    **_all(_ENDPOINT, "YTYPE DVTYPE YNAME ENDPOINT ANALYTE PARAM PARAMCD OUTPUT MATRIX SPECIMEN "
                      "XVID DVNAME OBS_ID OBSID"),
    **_all(_OCCASION, "PERIOD VISIT OCCASION VISITNUM APERIOD IOV CYCLE EPOCH"),
    **_all(_ROUTE, "ADM ADMID ROUTE"),
    "TINF": _Code(severity="error", rows=_infusions, what=_LENGTH,
                  remedy="add RATE, which is AMT divided by {column}"),
    **_all(_Code(rows=_infusions, what=_LENGTH, remedy="add RATE, which is AMT / {column}"),
           "DUR DURATION INFDUR"),
    **_all(_LOGGED, "LDV LNDV LOGDV DVLN DVLOG LNCONC LOGCONC"),
    **_all(_FLAG, "CENSORED CENSORING ALQ ALOQ AQL"),
    **_all(_UNITS, "UNIT UNITS DVU DVUNIT AMTU DOSEU AVALU"),
    **_all(_RESIDUALS, "L1 L2"),
    **_all(_NM, "CALL PCMT CONT MRG_ RAW_ RPT_ XSSS EVENT MIXNUM"),
}  # fmt: skip

_SHAPES = (
    (re.compile(r"(IS[_.]?)?(BLQ|BLOQ|BQL|ALQ|AQL|ALOQ|AQL|CENS|LLOQ|ULOQ|LOQ|LLQ|ULQ|LOD|BLD|BDL)"
                r"[_. -]?(F|FL|FLG|FLAG|FN|N|YN|IND|INDICATOR|CODE|CENS)"), _FLAG),
    (re.compile(r"(BLQ|BLOQ|BQL|IS_BLQ|ISBLQ|BLOD|BDL|BLD)\d*"), _FLAG),
    (re.compile(r"(LLQ|ULQ|LQ|QL|LOD|LLOD|LOWLIM|UPLIM|(LLOQ|ULOQ|LOQ|BLQ|LLQ|LOD)[_. -]?"
                r"(V|C|VAL|VALUE|LIM|LIMIT|CONC))"), _LIMIT),
    (re.compile(r"(PLASMA|SERUM|OBS)?[_. -]?CONC(ENTRATION|N|S)?([_. -].*)?|CP|CPLASMA|AVAL|Y|"
                r"YOBS|OBS|OBSERVED|OBSERVATION|RESP|RESPONSE|VALUE|MEASUREMENT|RESULT|DVOBS|"
                r"DV[_. -].*"), _VALUE),
)  # fmt: skip
"""Names by their shape, where the list has none."""
