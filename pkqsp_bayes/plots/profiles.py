"""Runs of observations that a line joins."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.study.timeline import rising_runs

__all__ = ["joined_runs"]

IntArray = NDArray[np.int64]


def joined_runs(seen: pd.DataFrame, events: pd.DataFrame | None) -> IntArray:
    """Return a number for each run of observations that a line joins.

    A line joins measured observations of one subject in one occasion. It breaks at a reset, at a
    censored observation, and at a dose, unless there is only one observation in the dose interval
    before and in the one after it. The first dose does not break it.

    Parameters
    ----------
    seen : DataFrame
        Observations of one endpoint, with ``ID``, ``TIME`` and ``censored``; the index is the row
        of each in `events`.
    events : DataFrame or None
        Table of the study; None if it is not known. Then only a restart of time is a reset, and
        doses and occasions do not break a line.

    Returns
    -------
    (n,) array of int
        A censored observation has a run of its own.

    Examples
    --------
    >>> events = pd.DataFrame({"ID": "1", "TIME": [0, 1, 2, 24, 25, 26], "OCC": "", "II": 0.0,
    ...                        "EVID": [1, 0, 0, 1, 0, 0], "ADDL": 0})
    >>> seen = events[events.EVID == 0].assign(censored=[0, 0, 0, -1])
    >>> joined_runs(seen, events).tolist()
    [0, 0, 1, 2]
    """
    cut = np.diff(rising_runs(seen), prepend=0) > 0
    censored = seen["censored"].to_numpy() != 0
    cut |= censored | np.concatenate([[False], censored[:-1]])
    if events is not None:
        cut[1:] |= _new_profile(seen, events)
    return np.cumsum(cut).astype(np.int64) - int(cut[:1].any())


def _new_profile(seen: pd.DataFrame, events: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether a reset, an occasion or a dose is between an observation and the next."""
    reset = events["EVID"].isin((3, 4)).groupby(events["ID"], sort=False).cumsum()
    stretch = reset.loc[seen.index].to_numpy()
    occasion = events["OCC"].loc[seen.index].to_numpy(dtype=str)
    dose = _dose_numbers(seen, events)
    keys = pd.DataFrame({"ID": seen["ID"].to_numpy(), "occasion": occasion, "dose": dose})
    size = keys.groupby(list(keys)).transform("size").to_numpy()
    apart = (dose[1:] != dose[:-1]) & ((size[1:] > 1) | (size[:-1] > 1))
    new: NDArray[np.bool_] = apart | (stretch[1:] != stretch[:-1]) | (occasion[1:] != occasion[:-1])
    return new


def _dose_numbers(seen: pd.DataFrame, events: pd.DataFrame) -> IntArray:
    """Return the number of doses before each observation, with additional doses; at least 1."""
    found = np.ones(len(seen), dtype=np.int64)
    doses = events[events["EVID"].isin((1, 4))]
    subject, time, row = seen["ID"].to_numpy(), seen["TIME"].to_numpy(), seen.index.to_numpy()
    for name in np.unique(subject):
        mine = np.flatnonzero(subject == name)
        given = doses[doses["ID"] == name]
        since = time[mine][:, None] - given["TIME"].to_numpy(dtype=float)
        every = np.where(given["II"] > 0, given["II"], np.inf)
        # An observation at the time of an additional dose precedes it.
        more = np.clip(np.ceil(since / every - 1e-9) - 1, 0, given["ADDL"].to_numpy())
        earlier = given.index.to_numpy() < row[mine][:, None]
        found[mine] = np.maximum(((1 + more) * earlier).sum(axis=1), 1)
    return found
