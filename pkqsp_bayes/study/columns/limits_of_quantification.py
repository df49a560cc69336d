"""Limits of quantification by endpoint (or assay), assigned to all of its rows."""

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.study.columns.codes import is_code
from pkqsp_bayes.study.findings import Finding

__all__ = ["SIDES", "assign_limits", "endpoint_groups", "fill_limits", "find_common_limits"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

SIDES = ((1.0, "LLOQ", "below"), (-1.0, "ULOQ", "above"))
"""For each value of BLQ: the column of the limit, and the side of the value."""


def endpoint_groups(table: pd.DataFrame) -> IntArray:
    """Return a code of the endpoint of each row: its DVID, or else its CMT, with its ASSAY.

    Parameters
    ----------
    table : DataFrame
        Table with text columns ``DVID`` and ``CMT``, and optionally ``ASSAY``.

    Examples
    --------
    >>> table = pd.DataFrame({"DVID": ["cp", "CP", "", ""], "CMT": ["", "2", "2", "3"]})
    >>> endpoint_groups(table).tolist()
    [0, 0, 1, 2]
    """
    dvid = table["DVID"].str.lower()
    label = dvid.where(dvid != "", "CMT " + table["CMT"].str.lower())
    if "ASSAY" in table:
        label = label + "\0" + table["ASSAY"].astype(str)
    codes: IntArray = label.factorize()[0].astype(np.int64)
    return codes


def find_common_limits(limit: FloatArray, group: IntArray) -> FloatArray:
    """Return the unique limit of each row's group; NaN if there is none, or more than one.

    Parameters
    ----------
    limit : (n,) array of float
        NaN if a row states no limit.
    group : (n,) array of int
        Endpoint of each row; not negative.

    Examples
    --------
    >>> one = np.array([0.1, np.nan, 0.2, 0.3, np.nan])
    >>> find_common_limits(one, np.array([0, 0, 1, 1, 1])).tolist()
    [0.1, 0.1, nan, nan, nan]
    """
    known = ~np.isnan(limit)
    size = int(group.max(initial=-1)) + 1
    least, most = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(least, group[known], limit[known])
    np.maximum.at(most, group[known], limit[known])
    common: FloatArray = np.where(least == most, least, np.nan)[group]
    return common


def fill_limits(limit: FloatArray, group: IntArray, subject: IntArray) -> FloatArray:
    """Assign the limit of their endpoint, or of the endpoint in their subject, to rows without one.

    Parameters
    ----------
    limit : (n,) array of float
        NaN if a row states no limit.
    group, subject : (n,) array of int
        Endpoint and subject of each row; not negative.

    Examples
    --------
    >>> one, group = np.array([0.1, np.nan, 0.2, np.nan]), np.zeros(4, dtype=np.int64)
    >>> fill_limits(one, group, np.array([0, 0, 1, 2])).tolist()
    [0.1, 0.1, 0.2, nan]
    """
    own = group * (int(subject.max(initial=0)) + 1) + subject
    within = np.unique(own, return_inverse=True)[1].astype(np.int64)
    for common in (find_common_limits(limit, group), find_common_limits(limit, within)):
        limit = np.where(np.isnan(limit), common, limit)
    return limit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Side:
    """One side of a table: flagged rows, their limits, and the limits of their group."""

    flag: float
    column: str
    word: str
    parts: MutableMapping[str, FloatArray]
    observed: BoolArray
    group: IntArray
    subject: IntArray
    dv_is_limit: bool

    @property
    def flagged(self) -> BoolArray:
        found: BoolArray = self.observed & (self.parts["BLQ"] == self.flag)
        return found

    @property
    def says(self) -> BoolArray:
        """Whether DV is a value: not missing, not 0, not a code of a missing value."""
        dv = self.parts["DV"]
        found: BoolArray = ~np.isnan(dv) & (dv != 0) & ~is_code(dv)
        return found

    def beyond(self, limit: FloatArray) -> BoolArray:
        """Return whether DV is beyond a limit."""
        with np.errstate(invalid="ignore"):
            found: BoolArray = self.flag * (limit - self.parts["DV"]) > 0
        return found

    def inside(self, limit: FloatArray) -> BoolArray:
        """Return whether DV is in the quantifiable range."""
        with np.errstate(invalid="ignore"):
            found: BoolArray = self.flag * (limit - self.parts["DV"]) < 0
        return found


def assign_limits(
    parts: MutableMapping[str, FloatArray],
    rows: pd.DataFrame,
    group: IntArray,
    *,
    dv_is_limit: bool,
) -> list[Finding]:
    """Assign a limit to every observation, censor values beyond it, and report inconsistencies.

    Parameters
    ----------
    parts : mapping of str to (n,) array of float
        ``EVID``, ``MDV``, ``DV``, ``BLQ`` (NaN if not stated), ``LLOQ``, ``ULOQ``, ``LIMIT``;
        the last four are changed.
    rows : DataFrame
        ``ID`` of each row.
    group : (n,) array of int
        Endpoint of each row (`endpoint_groups`).
    dv_is_limit : bool
        Whether DV is the limit if BLQ is not 0, as for Monolix's CENS.
    """
    observed = parts["EVID"] == 0
    subject = rows["ID"].factorize()[0].astype(np.int64)
    found: list[Finding] = []
    for flag, column, word in SIDES:
        side = _Side(
            flag=flag, column=column, word=word, parts=parts, observed=observed, group=group,
            subject=subject, dv_is_limit=dv_is_limit,
        )  # fmt: skip
        for step in (_censor_beyond, _take_limits, _fill):
            found += step(side)
    return [*found, *_check_intervals(parts, observed)]


def _censor_beyond(side: _Side) -> Iterator[Finding]:
    """Censor values beyond the limit of their own row, unless a flag states otherwise."""
    parts, limit = side.parts, side.parts[side.column]
    measured = side.observed & (parts["MDV"] == 0) & side.beyond(limit)
    silent, stated = measured & np.isnan(parts["BLQ"]), measured & (parts["BLQ"] == 0)
    wrong = side.flagged & side.inside(limit) & side.says
    parts["BLQ"] = np.where(silent, side.flag, parts["BLQ"])
    named = f"BLQ = {side.flag:g}"
    yield Finding(
        bad=silent, column="DV", values=parts["DV"], severity="warning",
        what=f"DV {{value}} is {side.word} its {side.column} without a flag: it is censored",
        remedy=f"state {named} to confirm; state BLQ = 0 to keep it as measured",
    )  # fmt: skip
    yield Finding(
        bad=stated, column="DV", values=parts["DV"], severity="warning",
        what=f"DV {{value}} is {side.word} its {side.column}, but BLQ is 0: it is kept as measured",
        remedy=f"state {named} to censor it",
    )  # fmt: skip
    yield Finding(
        bad=wrong, column="DV", values=parts["DV"],
        what=f"{named}, but DV {{value}} is not {side.word} its {side.column}",
        remedy="correct the flag or the limit",
    )  # fmt: skip


def _take_limits(side: _Side) -> Iterator[Finding]:
    """Find the limit of flagged rows without one: that of their endpoint, or their DV."""
    parts, column = side.parts, side.column
    dv, limit = parts["DV"], parts[column]
    common = find_common_limits(np.where(side.observed, limit, np.nan), side.group)
    needs = side.flagged & np.isnan(limit)
    says = needs & side.says
    yield Finding(
        bad=says & np.isnan(common) & (dv < 0), column="DV", values=dv, severity="warning",
        what=f"DV {{value}} is used as {column}, but is negative",
        remedy=f"ignore this if DV is a logarithm; otherwise state {column} in a separate column",
    )  # fmt: skip
    known, named = ~np.isnan(common), f"BLQ is {side.flag:g}"
    empty = needs & ~says & ~np.isnan(dv) & ~known  # 0, or a code of a missing value
    if side.dv_is_limit:
        parts[column] = np.where(says, dv, np.where(needs, common, limit))
        yield from _refuse_empty(side, empty)
        return
    over = says & known & side.inside(common)
    open_ = np.where((says | empty) & ~known, dv, np.nan)
    alone = ~np.isnan(find_common_limits(open_, side.group))
    parts[column] = np.where(needs & known, common, np.where(says & alone, dv, limit))
    yield Finding(
        bad=over, column="DV", values=dv,
        what=f"{named}, but DV {{value}} is not {side.word} the {column} of its endpoint",
        remedy=f"state {column} in this row, too, or correct the flag",
    )  # fmt: skip
    unsure = says & ~known & ~alone
    parts[column] = np.where(unsure, dv, parts[column])  # an error follows: no second one
    yield Finding(
        bad=unsure, column=column, values=dv,
        what=f"{named}, {column} is missing, and DV differs between rows ({{value}} here): "
        "it may be the limit or a value",
        remedy=f"state {column} in a separate column; name the flag CENS if DV is the limit",
    )  # fmt: skip
    yield from _refuse_empty(side, empty)


def _refuse_empty(side: _Side, empty: BoolArray) -> Iterator[Finding]:
    """Refuse censored rows without a usable DV if the limit is the DV of other rows."""
    parts, column = side.parts, side.column
    others = ~np.isnan(find_any(np.where(side.observed, parts[column], np.nan), side.group))
    bad = empty & others  # a missing limit is reported elsewhere
    parts[column] = np.where(bad, parts["DV"], parts[column])
    yield Finding(
        bad=bad, column=column, values=parts["DV"],
        what=f"BLQ is {side.flag:g}, {column} is missing, and DV {{value}} is not a limit, but "
        "DV is the limit in other rows of its endpoint",
        remedy=f"state {column} in a separate column, in every censored row",
    )  # fmt: skip


def _fill(side: _Side) -> Iterator[Finding]:
    """Assign the limit of its endpoint to every observation."""
    parts, column = side.parts, side.column
    stated = np.where(side.observed, parts[column], np.nan)
    filled = fill_limits(stated, side.group, side.subject)
    open_ = side.observed & np.isnan(parts[column])
    is_measured = (parts["MDV"] == 0) & (np.nan_to_num(parts["BLQ"]) == 0)
    outside = open_ & is_measured & side.beyond(filled)
    parts[column] = np.where(open_ & ~outside, filled, parts[column])
    yield Finding(
        bad=outside, column="DV", values=parts["DV"], severity="warning",
        what=f"DV {{value}} is {side.word} the {column} of other rows of its endpoint, "
        "but is kept as measured",
        remedy=f"state BLQ = {side.flag:g} to censor it, or state the {column} of this row",
    )  # fmt: skip
    has_any = ~np.isnan(find_any(stated, side.group))
    several = open_ & np.isnan(filled) & has_any & (parts["MDV"] == 0)
    yield Finding(
        bad=several, column=column, severity="warning",
        what=f"its endpoint has several {column}, but this row states none",
        remedy=f"state {column} in every row, or the assay in a column ASSAY; "
        "simulated values of this row cannot be censored",
    )  # fmt: skip


def find_any(limit: FloatArray, group: IntArray) -> FloatArray:
    """Return the smallest limit of each row's group; NaN if there is none.

    Examples
    --------
    >>> find_any(np.array([0.2, 0.1, np.nan]), np.array([0, 0, 1])).tolist()
    [0.1, 0.1, nan]
    """
    known = ~np.isnan(limit)
    least = np.full(int(group.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, group[known], limit[known])
    found: FloatArray = np.where(np.isinf(least), np.nan, least)[group]
    return found


def _check_intervals(
    parts: MutableMapping[str, FloatArray], observed: BoolArray
) -> Iterator[Finding]:
    """Report an invalid interval (LIMIT); in a row with flag 0, LIMIT is ignored."""
    other = parts["LIMIT"]
    yield Finding(
        bad=observed & (parts["MDV"] == 0) & np.isnan(parts["BLQ"]) & ~np.isnan(other),
        column="LIMIT", values=other, severity="warning",
        what="LIMIT is {value}, but no flag marks the row as censored: DV is kept as measured",
        remedy="CENS = 1: between LIMIT and DV; -1: between DV and LIMIT; 0: measured",
    )  # fmt: skip
    parts["LIMIT"] = np.where(observed & np.isin(parts["BLQ"], (-1, 1)), other, np.nan)
    for flag, column, _ in SIDES:
        with np.errstate(invalid="ignore"):
            crossed = flag * (parts[column] - parts["LIMIT"]) <= 0
        side = "below" if flag > 0 else "above"
        yield Finding(
            bad=observed & (parts["BLQ"] == flag) & crossed, column="LIMIT", values=other,
            what=f"LIMIT {{value}} is not {side} the {column}",
            remedy="correct LIMIT: it is the other end of the interval that contains the value",
        )  # fmt: skip
