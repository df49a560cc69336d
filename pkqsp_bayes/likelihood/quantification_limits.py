"""Limits of quantification of endpoints, from any rows of the table."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.study.study import Study

__all__ = ["Limits", "endpoint_limits"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """Limits of quantification of each observation; infinite if there is no limit.

    Parameters
    ----------
    lower, upper : (N,) array of float
        LLOQ and ULOQ.
    """

    lower: FloatArray
    upper: FloatArray

    def clip(self, values: FloatArray) -> FloatArray:
        """Return values (..., N) with the limit instead of values beyond it."""
        return np.clip(values, self.lower, self.upper)

    def side(self, values: FloatArray, censored: IntArray | int = 0) -> IntArray:
        """Return the side of values (..., N): -1 below LLOQ, 1 above ULOQ, 0 between.

        Parameters
        ----------
        values : (..., N) array
            Measured values, or limits where censored.
        censored : (N,) array of int
            Known censoring.
        """
        beyond = np.where(values < self.lower, -1, np.where(values > self.upper, 1, 0))
        return np.where(np.asarray(censored) != 0, censored, beyond).astype(np.int64)

    def take(self, places: IntArray) -> "Limits":
        """Return the limits of a selection of observations."""
        return Limits(lower=self.lower[places], upper=self.upper[places])


def endpoint_limits(
    study: Study,
    rows: IntArray,
    endpoints: NDArray[np.generic],
    *,
    lower: FloatArray,
    upper: FloatArray,
) -> Limits:
    """Return the limits of quantification of observations.

    A limit belongs to an endpoint (and its ASSAY, if the study has one). A limit on some rows of
    the table (``DV = "<0.1"``, or ``BLQ = 1`` with the limit) applies to all observations of that
    endpoint, and to their replicates.

    Parameters
    ----------
    study : Study
        Study of the observations.
    rows : (N,) array of int
        Row of each observation in the study's table.
    endpoints : (N,) array
        Endpoint of each observation: names, or numbers of outputs.
    lower, upper : (N,) array
        LLOQ and ULOQ as stated in the rows; NaN elsewhere.

    Raises
    ------
    CheckError
        If an endpoint has several limits, and also observations without a limit, so that their
        limit is unknown.

    Examples
    --------
    >>> study = Study(table=pd.DataFrame({"ID": ["1", "1", "1"]}))
    >>> stated, none = np.array([np.nan, 0.1, np.nan]), np.full(3, np.nan)
    >>> cp = np.array(["cp", "cp", "cu"])
    >>> endpoint_limits(study, np.arange(3), cp, lower=stated, upper=none).lower
    array([ 0.1,  0.1, -inf])
    """
    group = _groups(study, rows, endpoints)
    low, high = _filled(lower, group), _filled(upper, group)
    issues = [
        *_ambiguities(study, rows, group, "LLOQ", low),
        *_ambiguities(study, rows, group, "ULOQ", high),
    ]
    if issues:
        raise CheckError(issues)
    return Limits(lower=np.nan_to_num(low, nan=-np.inf), upper=np.nan_to_num(high, nan=np.inf))


def _groups(study: Study, rows: IntArray, endpoints: NDArray[np.generic]) -> IntArray:
    """Return a code for each combination of endpoint and assay."""
    codes: IntArray = np.unique(endpoints, return_inverse=True)[1].astype(np.int64)
    if "ASSAY" in study.table:
        assays = study.table["ASSAY"].iloc[rows].astype(str).to_numpy(dtype=str)
        both = [f"{code} {assay}" for code, assay in zip(codes, assays, strict=True)]
        codes = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return codes


def _filled(stated: FloatArray, group: IntArray) -> FloatArray:
    """Return the limits with the only limit of each group for all of its observations."""
    result = np.array(stated, dtype=np.float64)
    for one in np.unique(group):
        limits = _limits_of(result, group, one)
        if limits.size == 1:
            result[group == one] = limits[0]
    return result


def _limits_of(values: FloatArray, group: IntArray, one: int) -> FloatArray:
    return np.unique(values[(group == one) & ~np.isnan(values)])


def _ambiguities(
    study: Study, rows: IntArray, group: IntArray, column: str, filled: FloatArray
) -> Iterator[Issue]:
    for one in np.unique(group):
        missing, limits = (group == one) & np.isnan(filled), _limits_of(filled, group, one)
        if limits.size > 1 and missing.any():
            first = _row(study.table, rows[missing][0])
            yield Issue(
                where=f"{study.source}, column {column}",
                what=f"an endpoint has {limits.size} limits ({_some(limits)}), and "
                f"{int(missing.sum())} observations without a limit (first: row {first}): the "
                "limit for their replicates is unknown",
                remedy=f"state {column} in each row, or name the assays in a column ASSAY",
            )


def _some(limits: FloatArray) -> str:
    shown = ", ".join(f"{limit:g}" for limit in limits[:3])
    return shown + (", ..." if limits.size > 3 else "")


def _row(table: pd.DataFrame, place: int) -> int:
    return int(table["ROW"].iloc[place]) if "ROW" in table else int(place) + 1
