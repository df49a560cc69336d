"""Checks of a canonical table: a list of small functions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.study.columns.codes import find_sentinels
from pkqsp_bayes.study.columns.times import Times
from pkqsp_bayes.study.findings import Finding, finding_issues

__all__ = ["check_table"]

_SLACK = 1e-12

BoolArray = NDArray[np.bool_]


_Found = Iterator[Finding]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Columns as arrays, and quantities that several checks use."""

    table: pd.DataFrame
    subject: NDArray[np.int64]
    is_dose: BoolArray
    is_reset: BoolArray
    is_observed: BoolArray
    is_constant_infusion: BoolArray
    time: Times

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = self.table[column].to_numpy()
        return values

    @property
    def is_first(self) -> BoolArray:
        """Whether a record is the first one of its subject."""
        return np.concatenate([[True], self.subject[1:] != self.subject[:-1]])


def check_table(
    table: pd.DataFrame, *, source: str, time: Times, unread: Mapping[str, BoolArray]
) -> list[Issue]:
    """Return all problems of a table that do not depend on a model.

    Parameters
    ----------
    table : DataFrame
        Table in the columns of `pkqsp_bayes.study.study.Study.table`; not empty.
    source : str
        File name, for messages.
    time : Times
        Times, with the type of TIME in the file.
    unread : mapping of str to (n,) array of bool
        Cells that could not be read, which are already reported.
    """
    rows = _prepare(table, time)
    known = {**unread, "TIME": time.unread}
    findings = (_explained(found, known) for check in _CHECKS for found in check(rows))
    issues = finding_issues(table, findings, source=source)
    if not (table["EVID"] == 0).any():
        what = "the table has no observation record (EVID 0)"
        issues.append(Issue(where=source, what=what, remedy="add records with EVID 0"))
    return issues


def _explained(found: Finding, unread: Mapping[str, BoolArray]) -> Finding:
    """Remove the rows whose cells could not be read."""
    for column in found.needs:
        if column in unread:
            found = replace(found, bad=found.bad & ~unread[column])
    return found


def _prepare(table: pd.DataFrame, time: Times) -> _Rows:
    evid, amount = (table[name].to_numpy() for name in ("EVID", "AMT"))
    is_dose = np.isin(evid, (1, 4))
    constant = is_dose & (amount == 0) & (table["SS"].to_numpy() == 1)
    return _Rows(
        table=table,
        time=time,
        subject=table["ID"].factorize()[0].astype(np.int64),
        is_dose=is_dose,
        is_reset=np.isin(evid, (3, 4)),
        is_observed=(evid == 0) & (table["MDV"].to_numpy() == 0),
        is_constant_infusion=constant & (table["II"].to_numpy() == 0),
    )


def _check_subjects(rows: _Rows) -> _Found:
    yield Finding(bad=(rows["ID"] == ""), column="ID", what="ID is missing", remedy="state the ID")
    apart = rows.is_first & pd.Series(rows.subject).duplicated().to_numpy()
    yield Finding(
        bad=apart, column="ID", remedy="sort the table by ID and TIME, or use another ID",
        what="the records of subject {subject} are not consecutive",
    )  # fmt: skip
    observed = pd.Series(rows["EVID"] == 0).groupby(rows.subject).transform("any").to_numpy()
    yield Finding(
        bad=rows.is_first & ~observed, column="EVID",
        what="subject {subject} has no observation record",
        remedy="remove the subject: it does not contribute to the likelihood", severity="warning",
    )  # fmt: skip


_GOES_BACK = {
    "number": "sort by TIME; only a reset (EVID 3 or 4) may restart TIME; if TIME is the hour of "
    "a day, add a column DATE (2024-03-01, or the number of the day)",
    "clock": "clock times beyond midnight need the day: add a column DATE (2024-03-01, or "
    "the number of the day); otherwise sort by TIME",
    "date": "sort by date and time; only a reset (EVID 3 or 4) may restart TIME",
}


def _check_time(rows: _Rows) -> _Found:
    time = rows["TIME"]
    yield Finding(bad=np.isnan(time), column="TIME", what="TIME is missing",
                  remedy="state the time", needs=("TIME",))  # fmt: skip
    back = np.concatenate([[False], time[1:] < time[:-1]]) & ~rows.is_first
    yield Finding(
        bad=back & ~rows.is_reset, column="TIME", what="TIME decreases to {value}",
        values=rows.time.cells, remedy=_GOES_BACK[rows.time.kind],
    )  # fmt: skip


def _check_kinds(rows: _Rows) -> _Found:
    for column, valid in (("EVID", (0, 1, 2, 3, 4)), ("SS", (0, 1, 2)), ("MDV", (0, 1)),
                          ("BLQ", (-1, 0, 1))):  # fmt: skip
        yield Finding(
            bad=~np.isin(rows[column], valid), column=column, what=column + " is {value}",
            remedy="use one of " + ", ".join(str(v) for v in valid),
        )  # fmt: skip


def _check_signs(rows: _Rows) -> _Found:
    for column in ("AMT", "II", "ADDL"):
        yield Finding(
            bad=rows[column] < 0, column=column, what=column + " is {value}",
            remedy="it must not be negative",
        )  # fmt: skip
    rate = rows["RATE"]
    yield Finding(
        bad=(rate < 0) & (rate != -1) & (rate != -2), column="RATE", what="RATE is {value}",
        remedy="it must be 0, positive, -1 (modelled rate) or -2 (modelled duration)",
    )  # fmt: skip


def _check_doses(rows: _Rows) -> _Found:
    yield Finding(
        bad=rows.is_dose & (rows["AMT"] == 0) & ~rows.is_constant_infusion, column="AMT",
        what="a dose record has no AMT", needs=("AMT", "RATE", "SS", "II"),
        remedy="state AMT; a constant infusion to steady state has RATE, SS = 1 and no II, and the "
        "steady state without a dose has only SS = 1",
    )  # fmt: skip
    yield Finding(
        bad=rows.is_dose & (rows["AMT"] == 0) & (rows["SS"] == 1) & (rows["RATE"] == -2),
        column="RATE", what="a constant infusion (AMT 0, SS 1) with a modelled duration (RATE -2)",
        remedy="state the rate, or -1 for a modelled rate: a constant infusion has no duration",
    )  # fmt: skip
    yield Finding(
        bad=~rows.is_dose & (rows["AMT"] > 0), column="AMT",
        what="AMT is {value} on a record that is not a dose",
        remedy="set EVID to 1 or 4, or AMT to 0",
    )  # fmt: skip


def _check_other_records(rows: _Rows) -> _Found:
    """Report items of dose records on other records."""
    for column in ("SS", "RATE", "ADDL", "II"):
        yield Finding(
            bad=~rows.is_dose & ~rows.is_reset & (rows[column] != 0), column=column,
            severity="warning",
            what=column + " is {value} on a record that is not a dose: it is ignored",
            remedy=f"set EVID to 1 for a dose (AMT may be 0), or {column} to 0",
        )  # fmt: skip
    labels = rows.table["CMT"].astype(str)
    yield Finding(
        bad=labels.str.match(r"-\d").to_numpy(), column="CMT", what="CMT is {value}",
        remedy="use a reset (EVID 3): compartments cannot be switched off and on",
    )  # fmt: skip


def _check_intervals(rows: _Rows) -> _Found:
    needs = rows.is_dose & (rows["II"] == 0)
    yield Finding(
        bad=needs & (rows["SS"] > 0) & ~rows.is_constant_infusion, column="II",
        what="SS is stated without II", remedy="state the dosing interval",
        needs=("II", "AMT", "RATE"),
    )  # fmt: skip
    yield Finding(
        bad=needs & (rows["ADDL"] > 0), column="II", what="ADDL is stated without II",
        remedy="state the dosing interval", needs=("II",),
    )  # fmt: skip
    constant = rows.is_dose & (rows["AMT"] == 0) & (rows["SS"] == 1)
    yield Finding(
        bad=constant & (rows["II"] > 0), column="II",
        what="a constant infusion or no dose (AMT 0, SS 1) with II = {value}",
        remedy="set II to 0",
    )  # fmt: skip


def _check_close_times(rows: _Rows) -> _Found:
    """Report times that the solver cannot distinguish (`time_slack` in kernel/records.hpp)."""
    time = rows["TIME"]
    step = np.concatenate([[0.0], np.diff(time)])
    close = (step > 0) & (step <= _SLACK * np.maximum(1.0, np.abs(time)))
    yield Finding(
        bad=close & ~rows.is_first & ~rows.is_reset, column="TIME",
        what="TIME {value} is too close to the time of the previous record for the solver",
        remedy="give both records the same time, or round TIME to 11 digits",
    )  # fmt: skip


def _check_resets(rows: _Rows) -> _Found:
    given = np.zeros(rows.subject.size, dtype=bool)
    for column in ("AMT", "RATE", "SS", "ADDL"):
        given |= rows[column] != 0
    yield Finding(
        bad=(rows["EVID"] == 3) & given, column="EVID", what="a reset record (EVID 3) has a dose",
        remedy="use EVID 4 for a reset with a dose",
    )  # fmt: skip
    yield Finding(
        bad=_cut_off(rows), column="ADDL", severity="warning",
        what="additional doses extend beyond the next reset, which cancels them",
        remedy="reduce ADDL if this is not intended",
    )  # fmt: skip


def _cut_off(rows: _Rows) -> BoolArray:
    """Return the doses with additional doses after the next reset of the subject."""
    block = np.cumsum(rows.is_reset | rows.is_first)
    begins = np.flatnonzero(np.concatenate([[True], block[1:] != block[:-1]]))
    following = np.append(begins[1:], -1)[block - 1]
    is_reset_next = (following >= 0) & (rows.subject[following] == rows.subject)
    last = rows["TIME"] + rows["ADDL"] * rows["II"]
    cut: BoolArray = (
        rows.is_dose & (rows["ADDL"] > 0) & is_reset_next & (last > rows["TIME"][following])
    )
    return cut


def _check_values(rows: _Rows) -> _Found:
    is_censored = np.isin(rows["BLQ"], (-1, 1))
    missing = rows.is_observed & np.isnan(rows["DV"]) & ~is_censored
    yield Finding(bad=missing, column="DV", what="DV is missing, but MDV is 0",
                   remedy="state DV, or set MDV to 1", needs=("DV", "BLQ"))  # fmt: skip
    for flag, column in ((1, "LLOQ"), (-1, "ULOQ")):
        no_limit = rows.is_observed & (rows["BLQ"] == flag) & np.isnan(rows[column])
        yield Finding(
            bad=no_limit, column=column, what=f"BLQ is {flag}, but {column} is missing",
            remedy=f"state {column}, or the limit as DV (0 and codes such as -99 are not limits)",
            needs=("DV", column),
        )  # fmt: skip
    crossed = rows["LLOQ"] >= rows["ULOQ"]
    yield Finding(bad=crossed, column="LLOQ", what="LLOQ is not below ULOQ",
                   remedy="correct the limits")  # fmt: skip


def _check_unread(rows: _Rows) -> _Found:
    dv = rows["DV"]
    yield Finding(
        bad=rows.is_dose & ~np.isnan(dv) & (dv != 0), column="DV", severity="warning",
        what="DV is {value} on a dose record, which is not an observation",
        remedy="write the sample as a separate record with EVID 0",
    )  # fmt: skip
    yield Finding(
        bad=np.isin(rows["EVID"], (2, 3)) & (rows["MDV"] == 0) & ~np.isnan(dv), column="MDV",
        severity="warning", what="MDV is 0 on a record that is not an observation",
        remedy="set MDV to 1; write a sample as a separate record with EVID 0",
    )  # fmt: skip
    silent = (rows["EVID"] == 0) & (rows["MDV"] == 1) & np.isin(rows["BLQ"], (-1, 1))
    yield Finding(
        bad=silent, column="MDV", severity="warning",
        what="BLQ is {value}, but MDV is 1: the record is ignored, not censored",
        remedy="set MDV to 0 to include it", values=rows["BLQ"],
    )  # fmt: skip
    yield Finding(
        bad=rows.is_observed & find_sentinels(np.where(rows.is_observed, dv, np.nan), least=888),
        column="DV", severity="warning", what="DV is {value}, which looks like a missing value",
        remedy="leave it empty, or leave the row out: ignore = [\"DV == {value}\"]",
    )  # fmt: skip


def _check_duplicates(rows: _Rows) -> _Found:
    if not rows.is_observed.any():
        return
    block = np.cumsum(rows.is_reset | rows.is_first)
    keys = rows.table[["TIME", "DV", "DVID", "CMT", "BLQ"]].assign(block=block)
    twice = np.zeros(block.size, dtype=bool)
    twice[rows.is_observed] = keys[rows.is_observed].duplicated().to_numpy()
    yield Finding(
        bad=twice, column="DV", severity="warning", what="this observation is a duplicate",
        remedy="remove it unless it is a second measurement",
    )  # fmt: skip


_CHECKS: tuple[Callable[[_Rows], _Found], ...] = (
    _check_subjects,
    _check_time,
    _check_close_times,
    _check_kinds,
    _check_signs,
    _check_doses,
    _check_other_records,
    _check_intervals,
    _check_resets,
    _check_values,
    _check_unread,
    _check_duplicates,
)
