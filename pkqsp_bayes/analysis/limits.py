"""Limits of quantification: of an endpoint, wherever the table writes them."""

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
    """Limits of quantification of each observation: infinite where there is none.

    Parameters
    ----------
    lower, upper : (N,) array of float
        LLOQ and ULOQ.
    """

    lower: FloatArray
    upper: FloatArray

    def clip(self, values: FloatArray) -> FloatArray:
        """Return values (..., N) with the limit where they lie beyond it."""
        return np.clip(values, self.lower, self.upper)

    def side(self, values: FloatArray, censored: IntArray | int = 0) -> IntArray:
        """Return where values (..., N) lie: -1 below LLOQ, 1 above ULOQ, 0 between.

        Parameters
        ----------
        values : (..., N) array
            Measured, or the limit where censored.
        censored : (N,) array of int
            What is known to be censored.
        """
        beyond = np.where(values < self.lower, -1, np.where(values > self.upper, 1, 0))
        return np.where(np.asarray(censored) != 0, censored, beyond).astype(np.int64)

    def take(self, places: IntArray) -> "Limits":
        """Return the limits of some observations."""
        return Limits(lower=self.lower[places], upper=self.upper[places])


def endpoint_limits(study: Study, rows: IntArray, endpoints: NDArray[np.generic]) -> Limits:
    """Return the limits of quantification of observations.

    A limit belongs to an endpoint: one that the table has on some rows only (``DV = "<0.1"``, or
    ``BLQ = 1`` with the limit) holds for all observations of that endpoint, and so for each
    replicate of them.

    Parameters
    ----------
    study : Study
        Has LLOQ and ULOQ.
    rows : (N,) array of int
        Row of each observation in the study's table.
    endpoints : (N,) array
        What each observation is of: names, or numbers of outputs.

    Raises
    ------
    CheckError
        If an endpoint has several limits and observations without one: which of the limits would
        hold for those is not known.

    Examples
    --------
    >>> table = pd.DataFrame({"LLOQ": [np.nan, 0.1, np.nan], "ULOQ": np.nan})
    >>> endpoint_limits(Study(table=table), np.arange(3), np.array(["cp", "cp", "cu"])).lower
    array([ 0.1,  0.1, -inf])
    """
    table = study.table.iloc[rows]
    found, issues = {}, []
    for column in ("LLOQ", "ULOQ"):
        stated = table[column].to_numpy(dtype=np.float64)
        found[column] = _filled(stated, endpoints)
        issues += list(_ambiguities(study, rows, endpoints, column, found[column], stated))
    if issues:
        raise CheckError(issues)
    return Limits(
        lower=np.nan_to_num(found["LLOQ"], nan=-np.inf),
        upper=np.nan_to_num(found["ULOQ"], nan=np.inf),
    )


def _filled(stated: FloatArray, endpoints: NDArray[np.generic]) -> FloatArray:
    """Give each endpoint's only limit to all of its observations."""
    result = stated.copy()
    for endpoint in np.unique(endpoints):
        mine = endpoints == endpoint
        limits = np.unique(stated[mine & ~np.isnan(stated)])
        if limits.size == 1:
            result[mine] = limits[0]
    return result


def _ambiguities(
    study: Study,
    rows: IntArray,
    endpoints: NDArray[np.generic],
    column: str,
    filled: FloatArray,
    stated: FloatArray,
) -> Iterator[Issue]:
    for endpoint in np.unique(endpoints):
        mine = endpoints == endpoint
        missing = mine & np.isnan(filled)
        limits = np.unique(stated[mine & ~np.isnan(stated)])
        if limits.size > 1 and missing.any():
            first = _row(study.table, rows[missing][0])
            yield Issue(
                where=f"{study.source}, column {column}",
                what=f"an endpoint has {limits.size} limits ({_some(limits)}), and "
                f"{int(missing.sum())} observations without one (first: row {first}): at which of "
                "them replicates of those are censored is not known",
                remedy=f"state {column} on each row, as the assay had it",
            )


def _some(limits: FloatArray) -> str:
    shown = ", ".join(f"{limit:g}" for limit in limits[:3])
    return shown + (", ..." if limits.size > 3 else "")


def _row(table: pd.DataFrame, place: int) -> int:
    return int(table["ROW"].iloc[place]) if "ROW" in table else int(place) + 1
