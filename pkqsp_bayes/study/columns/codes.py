"""Numbers that code a missing value, and columns with a meaning in other programs."""

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

__all__ = ["CODES", "code_issues", "find_sentinels", "is_code"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CODES = (-9.0, -88.0, -99.0, -888.0, -999.0, -9999.0, -99999.0, 99.0, 888.0, 999.0, 9999.0,
         99999.0)  # fmt: skip
"""Numbers that files use for missing values."""

_NEAR = 2.0


def is_code(values: FloatArray) -> BoolArray:
    """Return whether values are negative codes of missing values.

    Examples
    --------
    >>> is_code(np.array([-99.0, 0.1])).tolist()
    [True, False]
    """
    found: BoolArray = np.isin(values, [code for code in CODES if code < 0])
    return found


def find_sentinels(values: FloatArray, *, least: float = 99.0) -> BoolArray:
    """Return which values are such a code and are separated from all other values.

    Parameters
    ----------
    values : (n,) array of float
        Values of a column; NaN if missing.
    least : float
        Smallest positive code.

    Returns
    -------
    (n,) array of bool
        True if a value is a code and no other value is within a factor of 2 of it. A positive
        code also needs other values for the comparison.

    Examples
    --------
    >>> find_sentinels(np.array([70.0, 80.0, 999.0, -99.0])).tolist()
    [False, False, True, True]
    >>> find_sentinels(np.array([70.0, 85.0, 99.0, 120.0])).tolist()
    [False, False, False, False]
    """
    distinct = np.unique(values[~np.isnan(values)])
    others = distinct[~np.isin(distinct, CODES)]
    codes = [code for code in CODES if code < 0 or code >= least]
    marked = [code for code in codes if code in distinct and _stands_apart(code, others)]
    found: BoolArray = np.isin(values, marked)
    return found


def _stands_apart(code: float, others: FloatArray) -> bool:
    if code > 0 and not others.size:
        return False
    if code == CODES[0] and (others < 0).any():
        return False
    ratio = others / code
    return not ((ratio >= 1 / _NEAR) & (ratio <= _NEAR)).any()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """The probable meaning of columns with some names, and the rows for which it matters.

    Parameters
    ----------
    what, remedy : str
        Texts; ``{column}`` is the name of the column.
    rows : callable
        Returns the rows for which the meaning matters, from a study and its column.
    severity : {"error", "warning"}
        An error if the study must not be used, otherwise a warning.
    """

    what: str
    remedy: str
    rows: Callable[[Study, str], BoolArray]
    severity: Literal["error", "warning"] = "warning"


def code_issues(study: Study, *, used: Collection[str] = ()) -> list[Issue]:
    """Return an issue for each column that is probably a code and is not read.

    Parameters
    ----------
    study : Study
        Study to check.
    used : collection of str
        Covariates that the model uses.
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
            text = f"{what} ({int(rows.sum())} rows)"
            issues.append(Issue(severity="warning", where=where, what=text, remedy=remedy))
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
    """Return rows with a mark: text, or 1 in a column of 0 and 1; other numbers are not marks."""
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
    """Return rows with numbers if no DV is read at all."""
    if study.table["DV"].notna().any() or not pd.api.types.is_numeric_dtype(study.table[column]):
        return np.zeros(len(study.table), dtype=bool)
    return _observed(study) & _present(study, column)


def _limits(study: Study, column: str) -> BoolArray:
    if study.table[["LLOQ", "ULOQ"]].notna().any(axis=None):
        return np.zeros(len(study.table), dtype=bool)
    return _observed(study) & _present(study, column)


_EXCLUSION = _Code(
    severity="error", rows=_marked,
    what="'{value}' in column {column} marks a row to leave out, but it is not read",
    remedy='leave these rows out: [study] ignore = ["{column} == {value}"] in the model, or '
    + setting("ignore", "{column} == {value}")
    + '; or, if it is not a mark, rename it: columns = { {column}_kept = "{column}" }',
)  # fmt: skip
_COMMENT = _Code(
    rows=lambda study, column: _present(study, column),
    what="{column} has comments, which are not read",
    remedy="if they exclude rows, state a rule with ignore",
)
_ENDPOINT = _Code(
    rows=_endpoints, what="{column} looks like DVID: it has several values for observations",
    remedy='to read it, state columns = { DVID = "{column}" }',
)  # fmt: skip
_OCCASION = _Code(
    rows=_occasions, what="{column} looks like OCC, but is not read as OCC",
    remedy='to read it, state columns = { OCC = "{column}" }',
)  # fmt: skip
_ROUTE = _Code(
    rows=_routes, what="{column} looks like CMT: it has several values for doses",
    remedy='to read it for doses and observations, state columns = { CMT = "{column}" }',
)  # fmt: skip
_LENGTH = "{column} looks like the duration of infusions, but these doses have no RATE"
_LOGGED = _Code(
    rows=lambda study, column: _present(study, column) & _observed(study),
    what="{column} looks like log-transformed DV, but is not read",
    remedy='to read it for an output value = "log(...)", state columns = { DV = "{column}" }',
)
_FLAG = _Code(
    rows=_flags, what="{column} looks like BLQ, but is not read as BLQ",
    remedy='to read it (1: below LLOQ, -1: above ULOQ), state columns = { BLQ = "{column}" }',
)  # fmt: skip
_VALUE = _Code(
    rows=_values,
    what="{column} looks like DV, but no column is read as DV: there is no observation",
    remedy='to read it, state columns = { DV = "{column}" }',
)  # fmt: skip
_LIMIT = _Code(
    rows=_limits, what="{column} looks like a limit of quantification, but is not read",
    remedy='to read it, state columns = { LLOQ = "{column}" } (or ULOQ)',
)  # fmt: skip
_UNITS = _Code(
    rows=_present, what="{column} looks like units by row, which are not read",
    remedy='state the unit of a column: DV [ng/mL], or [study] units = { "DV.cp" = "ng/mL" }',
)  # fmt: skip
_RESIDUALS = _Code(
    rows=_present, what="{column} groups correlated residual errors in NONMEM, but is not read",
    remedy="remove the column if residual errors are independent, which this package assumes",
)  # fmt: skip
_NM = _Code(
    rows=_present, what="{column} is a data item of NONMEM, but is not read",
    remedy="see docs/data.md for the columns that are read",
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
                  remedy="add RATE = AMT / {column}"),
    **_all(_Code(rows=_infusions, what=_LENGTH, remedy="add RATE = AMT / {column}"),
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
"""Patterns of names that are not in the list."""
