"""Timelines made by hand for tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pkqsp_bayes.study.timeline import SINCE_EVER, Timeline

__all__ = ["make_timeline"]


def make_timeline(
    records: Sequence[Mapping[str, Any]],
    *,
    fixed: Sequence[float] = (),
    breaks: Sequence[float] | None = None,
    segments: Sequence[Sequence[float]] | None = None,
) -> Timeline:
    """Make a timeline of dictionaries with keys time, evid, amount, rate, ...

    ``evid`` is 1 where an amount, rate or steady flag is given and 0 elsewhere; ``dose`` is 0 for
    doses (evid 1 and 4) and -1 elsewhere, unless stated. ``own`` has a record's own covariates;
    without it they are what the segments say at its time. Each stretch of time after a reset has
    the same segments.
    """
    rows = [_completed(r) for r in records]
    floats = {k: np.array([float(r[k]) for r in rows]) for k in ("time", *_FLOATS)}
    ints = {k: np.array([int(r[k]) for r in rows], dtype=np.int64) for k in ("evid", *_INTS)}
    starts = np.array([floats["time"][0]] if breaks is None else breaks, dtype=float)
    lines = np.array([[]] * len(starts) if segments is None else segments, dtype=float)
    said = _from_segments(floats["time"], starts, lines)
    resets = sum(r["evid"] in (3, 4) for r in rows[1:])
    stated = [np.array(r.get("own", s), dtype=float) for r, s in zip(rows, said, strict=True)]
    return Timeline(
        subject="1",
        row=np.arange(len(rows)),
        fixed=np.array(fixed, dtype=float),
        own=np.array(stated).reshape(len(rows), lines.shape[1] // 2),
        breaks=np.concatenate([starts, *[[SINCE_EVER, *starts[1:]]] * resets]),
        segments=np.concatenate([lines] * (1 + resets)),
        **floats,
        **ints,
    )


def _from_segments(time: np.ndarray, breaks: np.ndarray, segments: np.ndarray) -> np.ndarray:
    late = time + 1e-12 * np.maximum(1.0, np.abs(time))
    piece = np.maximum(np.searchsorted(breaks, late, side="right") - 1, 0)
    return segments[piece, 0::2] + segments[piece, 1::2] * time[:, None]


_FLOATS = ("amount", "rate", "interval")
_INTS = ("additional", "steady", "dose")


def _completed(record: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys((*_FLOATS, "additional", "steady"), 0)
    row |= record
    row.setdefault("evid", int(any(record.get(k) for k in ("amount", "rate", "steady"))))
    row.setdefault("dose", 0 if row["evid"] in (1, 4) else -1)
    return row
