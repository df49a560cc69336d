"""Conversion of covariate values at records to linear segments between exact breaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Trajectories", "Values", "join_trajectories"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """Values of one covariate: one entry for each time with a value.

    Parameters
    ----------
    stretch : (k,) array of int
        0-based stretch of time (`pkqsp_bayes.study.study.stretch_starts`), not decreasing.
    time : (k,) array of float
        Increasing within a stretch.
    before, after : (k,) array of float
        Value at the end of the interval before, and at the start of the interval after; they differ
        if records at one time disagree.
    interpolation : {"locf", "nocb", "linear"}
        Interpolation between the entries.
    """

    stretch: IntArray
    time: FloatArray
    before: FloatArray
    after: FloatArray
    interpolation: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectories:
    """Segments of all covariates in all stretches of time.

    Parameters
    ----------
    breaks : (K,) array of float
        Start of each segment.
    segments : (K, 2 C) array of float
        Intercept and slope of each covariate.
    bounds : (G + 1,) array of int
        First segment of each stretch, and K.
    """

    breaks: FloatArray
    segments: FloatArray
    bounds: IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pieces:
    stretch: IntArray
    start: FloatArray
    intercept: FloatArray
    slope: FloatArray


def join_trajectories(covariates: Sequence[Values], *, first: FloatArray) -> Trajectories:
    """Return the segments in which every covariate is linear in time.

    Parameters
    ----------
    covariates : sequence of Values
        Each has an entry at the first time of each stretch.
    first : (G,) array of float
        First time of each stretch.

    Examples
    --------
    >>> values = Values(stretch=np.array([0, 0]), time=np.array([0.0, 2.0]),
    ...     before=np.array([1.0, 5.0]), after=np.array([1.0, 5.0]), interpolation="linear")
    >>> joined = join_trajectories([values], first=np.array([0.0]))
    >>> joined.breaks.tolist(), joined.segments.tolist()
    ([0.0, 2.0], [[1.0, 2.0], [5.0, 0.0]])
    """
    pieces = [_PIECES[values.interpolation](values) for values in covariates]
    stretch, start = _all_starts(pieces, first)
    segments = np.zeros((start.size, 2 * len(pieces)))
    for index, own in enumerate(pieces):
        held = _held(own, stretch, start)
        segments[:, 2 * index] = own.intercept[held]
        segments[:, 2 * index + 1] = own.slope[held]
    new = np.ones(start.size, dtype=bool)
    # A break without a change would restart the solver without need.
    new[1:] = (stretch[1:] != stretch[:-1]) | (segments[1:] != segments[:-1]).any(axis=1)
    bounds = np.searchsorted(stretch[new], np.arange(first.size + 1)).astype(np.int64)
    return Trajectories(breaks=start[new], segments=segments[new], bounds=bounds)


def _all_starts(pieces: Sequence[_Pieces], first: FloatArray) -> tuple[IntArray, FloatArray]:
    stretch = np.concatenate([np.arange(first.size), *(p.stretch for p in pieces)])
    start = np.concatenate([first, *(p.start for p in pieces)])
    order = np.lexsort((start, stretch))
    stretch, start = stretch[order].astype(np.int64), start[order]
    new = np.ones(start.size, dtype=bool)
    new[1:] = (stretch[1:] != stretch[:-1]) | (start[1:] != start[:-1])
    return stretch[new], start[new]


def _held(own: _Pieces, stretch: IntArray, start: FloatArray) -> IntArray:
    """Return the index of a covariate's own segment in each of the common segments."""
    both_stretch = np.concatenate([stretch, own.stretch])
    both_start = np.concatenate([start, own.start])
    is_own = np.concatenate([np.zeros(stretch.size, bool), np.ones(own.stretch.size, bool)])
    # If times are equal the own segment comes first, so that the common segment finds it.
    order = np.lexsort((~is_own, both_start, both_stretch))
    seen = np.cumsum(is_own[order]) - 1
    held: IntArray = seen[~is_own[order]].astype(np.int64)
    return held


def _locf(values: Values) -> _Pieces:
    flat = np.zeros(values.time.size)
    return _Pieces(stretch=values.stretch, start=values.time, intercept=values.after, slope=flat)


def _nocb(values: Values) -> _Pieces:
    upcoming = np.where(_is_last(values.stretch), values.after, np.roll(values.before, -1))
    flat = np.zeros(values.time.size)
    return _Pieces(stretch=values.stretch, start=values.time, intercept=upcoming, slope=flat)


def _linear(values: Values) -> _Pieces:
    is_last = _is_last(values.stretch)
    rise = np.roll(values.before, -1) - values.after
    run = np.where(is_last, 1.0, np.roll(values.time, -1) - values.time)
    slope = np.where(is_last, 0.0, rise / run)
    intercept = values.after - slope * values.time
    return _Pieces(stretch=values.stretch, start=values.time, intercept=intercept, slope=slope)


def _is_last(stretch: IntArray) -> NDArray[np.bool_]:
    return np.concatenate([stretch[1:] != stretch[:-1], [True]])


_PIECES: dict[str, Callable[[Values], _Pieces]] = {
    "locf": _locf,
    "nocb": _nocb,
    "linear": _linear,
}
