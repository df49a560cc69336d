"""Stretches of time between resets, and time after dose, in a timeline."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.study.timeline import Timeline

__all__ = ["rising_runs", "stretch_numbers", "time_after_dose"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def stretch_numbers(line: Timeline) -> IntArray:
    """Return the number of the stretch of time of each record, from 1.

    Parameters
    ----------
    line : Timeline
        Timeline; each reset (EVID 3 or 4) except on the first record begins a stretch.
    """
    reset = np.isin(line.evid, (3, 4))
    reset[:1] = False
    return 1 + np.cumsum(reset)


def time_after_dose(line: Timeline) -> FloatArray:
    """Return the time since the last dose, including additional doses (ADDL).

    Parameters
    ----------
    line : Timeline
        Timeline of a subject.

    Returns
    -------
    (n,) array of float
        In the model's unit of time; NaN if there is no earlier dose in the stretch. For a record
        that precedes a dose at the same time, the earlier dose counts. Lag times are ignored.
    """
    stretch, passed = stretch_numbers(line), np.full(line.time.size, np.nan)
    for i in np.flatnonzero(line.dose >= 0):
        later = (np.arange(line.time.size) >= i) & (stretch == stretch[i])
        since = line.time[later] - line.time[i]
        every = line.interval[i]
        past = np.floor(since / every + 1e-9) if every > 0 else np.zeros(since.size)
        left = since - np.minimum(past, line.additional[i]) * every
        # SS = 1 cancels earlier doses
        before = np.inf if line.steady[i] == 1 else passed[later]
        passed[later] = np.maximum(np.fmin(left, before), 0.0)
    return passed


def rising_runs(table: pd.DataFrame) -> IntArray:
    """Return a number for each run of rows of one subject with non-decreasing time.

    Parameters
    ----------
    table : DataFrame
        Table with ``ID`` and ``TIME``, in the order of the records.

    Examples
    --------
    >>> rising_runs(pd.DataFrame({"ID": list("aaab"), "TIME": [0, 1, 0, 0]})).tolist()
    [0, 0, 1, 2]
    """
    subject, time = table["ID"].to_numpy(dtype=str), table["TIME"].to_numpy(dtype=float)
    new = (subject[1:] != subject[:-1]) | (time[1:] < time[:-1])
    return np.concatenate([[0], np.cumsum(new)])[: len(table)].astype(np.int64)
