"""Timelines made by hand for tests."""

from collections.abc import Mapping, Sequence

import numpy as np

from pkqsp_bayes.study.timeline import Timeline

__all__ = ["make_timeline"]


def make_timeline(
    records: Sequence[Mapping[str, float]],
    *,
    fixed: Sequence[float] = (),
    breaks: Sequence[float] | None = None,
    segments: Sequence[Sequence[float]] | None = None,
) -> Timeline:
    """Make a timeline of dictionaries with keys time, evid, amount, rate, ...

    ``evid`` is 1 where an amount, rate or steady flag is given and 0 elsewhere; ``dose`` is 0 for
    doses (evid 1 and 4) and -1 elsewhere, unless stated.
    """
    rows = [_completed(r) for r in records]
    floats = {k: np.array([float(r[k]) for r in rows]) for k in ("time", *_FLOATS)}
    ints = {k: np.array([int(r[k]) for r in rows], dtype=np.int64) for k in ("evid", *_INTS)}
    starts = [floats["time"][0]] if breaks is None else breaks
    return Timeline(
        subject="1",
        row=np.arange(len(rows)),
        fixed=np.array(fixed, dtype=float),
        breaks=np.array(starts, dtype=float),
        segments=np.array([[]] * len(starts) if segments is None else segments, dtype=float),
        **floats,
        **ints,
    )


_FLOATS = ("amount", "rate", "interval")
_INTS = ("additional", "steady", "dose")


def _completed(record: Mapping[str, float]) -> dict[str, float]:
    row: dict[str, float] = dict.fromkeys((*_FLOATS, "additional", "steady"), 0)
    row |= record
    row.setdefault("evid", int(any(record.get(k) for k in ("amount", "rate", "steady"))))
    row.setdefault("dose", 0 if row["evid"] in (1, 4) else -1)
    return row
