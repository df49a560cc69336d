"""Data of the study in the program by subject, and their digests.

The digests do not depend on units, spellings and columns that the model does not read, nor on
whether the study was read from its own file or from the copy in the folder of a fit.
"""

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, StanProgram
from pkqsp_bayes.statistics import RESIDUAL_ERRORS
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["COLUMNS", "design_key", "table_arguments", "table_fragment", "values_key"]

COLUMNS = (
    ("time", "real", "time"),
    ("evid", "int", "evid"),
    ("amt", "real", "amount"),
    ("rate", "real", "rate"),
    ("ii", "real", "interval"),
    ("addl", "int", "additional"),
    ("ss", "int", "steady"),
    ("cmt", "int", "dose"),
)
"""Columns of the solver by subject: name, type, field of `Timeline`."""

_SLICES, _LARGEST_SLICE = 64, 64


def table_fragment(bound: BoundData, settings: SolverSettings, slice_size: int | None) -> Fragment:
    """Declare the data that the likelihood reads.

    Parameters
    ----------
    bound : BoundData
        The model and its study.
    settings : SolverSettings
        Tolerances and limits.
    slice_size : int, optional
        Number of subjects per reverse pass; by default it is chosen from the study.
    """
    return Fragment(
        program=StanProgram(data=tuple(_declarations(bound))),
        data={**_data(bound, settings), "slice_size": slice_size or _slice(len(bound.subjects))},
        coords={"observation": bound.observations.row.tolist(), "subject": list(bound.subjects)},
    )


def _slice(subjects: int) -> int:
    """Return a size with which threads are balanced and the memory of a slice is bounded."""
    return min(_LARGEST_SLICE, math.ceil(subjects / _SLICES))


def table_arguments(*, intervals: bool) -> list[tuple[str, str]]:
    """Return type and name of all data of the likelihood in the order of its arguments.

    Parameters
    ----------
    intervals : bool
        Whether a censored value may have a second limit.
    """
    return [
        ("data array[] int", "begin"),
        *((f"data array[] {kind}", name) for name, kind, _ in COLUMNS),
        ("data matrix", "x"),
        ("data array[] int", "piece"),
        ("data array[] real", "breaks"),
        ("data matrix", "segments"),
        ("data matrix", "own"),
        ("data array[] int", "observed"),
        ("data array[] int", "record"),
        ("data array[] int", "output"),
        ("data array[] int", "censored"),
        ("data vector", "y"),
        *([("data vector", "limit")] if intervals else []),
        ("data real", "rtol"),
        ("data real", "atol"),
        ("data int", "max_steps"),
    ]


def _declarations(bound: BoundData) -> Iterator[str]:
    yield "int<lower=1> subjects;"
    yield "// Records of all subjects, one after the other; subject s begins at begin[s]."
    yield "int<lower=1> records;"
    yield "array[subjects + 1] int<lower=1, upper=records + 1> begin;"
    for name, kind, _ in COLUMNS:
        yield f"array[records] {kind} {name};"
    yield "// Covariates: fixed ones; of the others intercept and slope from each break on, and the"
    yield "// values that the records themselves state."
    yield f"matrix[subjects, {len(bound.ode.fixed_covariates)}] x;"
    yield "int<lower=1> pieces;"
    yield "array[subjects + 1] int<lower=1, upper=pieces + 1> piece;"
    yield "array[pieces] real breaks;"
    yield f"matrix[pieces, {2 * len(bound.ode.varying_covariates)}] segments;"
    yield f"matrix[records, {len(bound.ode.varying_covariates)}] own;"
    yield "// Observations by subject: record within the subject, output, value."
    yield "int<lower=0> observations;"
    yield "array[subjects + 1] int<lower=1, upper=observations + 1> observed;"
    yield "array[observations] int<lower=1> record;"
    yield "array[observations] int<lower=1> output;"
    yield "array[observations] int<lower=-1, upper=1> censored;"
    yield "vector[observations] y;"
    if bound.observations.has_intervals:
        yield "// Where censored, the value lies between y and limit; the same: anywhere beyond y."
        yield "vector[observations] limit;"
    yield "real<lower=0> rtol;"
    yield "real<lower=0> atol;"
    yield "int<lower=1> max_steps;"
    yield "int<lower=1> slice_size;"


def _start_indices(sizes: list[int]) -> list[int]:
    """Return the 1-based start index of each part, and the end index."""
    ends: list[int] = np.cumsum(np.array(sizes, dtype=int)).tolist()
    return [1, *(end + 1 for end in ends)]


def _data(bound: BoundData, settings: SolverSettings) -> dict[str, Any]:
    lines, seen = bound.timelines, bound.observations
    begin = _start_indices([line.time.size for line in lines])
    piece = _start_indices([line.breaks.size for line in lines])
    table = {name: _column(lines, field) for name, _, field in COLUMNS}
    table["cmt"] = [number + 1 for number in table["cmt"]]
    counts = np.bincount(seen.subject, minlength=len(lines))
    return {
        "subjects": len(lines),
        "records": begin[-1] - 1,
        "begin": begin,
        **table,
        "x": np.array([line.fixed for line in lines]).reshape(len(lines), -1),
        "pieces": piece[-1] - 1,
        "piece": piece,
        "breaks": _column(lines, "breaks"),
        "segments": np.concatenate([line.segments for line in lines]),
        "own": np.concatenate([line.own for line in lines]),
        "observations": len(seen),
        "observed": _start_indices(counts.tolist()),
        "record": (seen.record + 1).tolist(),
        "output": (seen.output + 1).tolist(),
        "censored": seen.censored.tolist(),
        "y": seen.value.tolist(),
        **({"limit": _far_ends(bound)} if seen.has_intervals else {}),
        "rtol": settings.rtol,
        "atol": settings.atol,
        "max_steps": settings.max_steps,
    }


def _far_ends(bound: BoundData) -> list[float]:
    """Return the other end of each interval, or the value itself without an interval."""
    seen = bound.observations
    positive = [
        bound.ode.output_names.index(name) for name, o in bound.spec.observe.items()
        if o.error is not None and RESIDUAL_ERRORS[o.error.form].is_logarithmic
    ]  # fmt: skip
    # For positive values, a limit of 0 adds no information.
    vain = np.isin(seen.output, positive) & (seen.limit <= 0)
    ends: list[float] = np.where(np.isnan(seen.limit) | vain, seen.value, seen.limit).tolist()
    return ends


def _column(lines: tuple[Timeline, ...], field: str) -> list[Any]:
    joined = np.concatenate([getattr(line, field) for line in lines])
    values: list[Any] = joined.tolist()
    return values


_DIGITS = "%.9e"  # a conversion of units may change the last of sixteen


def design_key(bound: BoundData) -> str:
    """Return a digest of a study without observed values: subjects, events, times, covariates.

    Parameters
    ----------
    bound : BoundData
        The result of `pkqsp_bayes.program.bind_data.bind_data` for model and study.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.program.bind_data import bind_data
    >>> model, study = pq.load_model("one-compartment"), pq.load_dataset("theophylline")
    >>> first, second = study.only(["1"]), study.only(["2"])
    >>> keys = [design_key(bind_data(model, s, blq="M3", centred={})) for s in (first, second)]
    >>> keys[0] == keys[1]
    False
    """
    parts = [part for line in bound.timelines for part in _of_subject(line)]
    moved = [f"{name}: {_text(values)}" for name, values in sorted(bound.covariates.items())]
    return _digest([*parts, *moved, *bound.occasions])


def values_key(bound: BoundData) -> str:
    """Return a digest of the observations: subject, output, value, censoring.

    Parameters
    ----------
    bound : BoundData
        As in `design_key`.
    """
    seen = bound.observations
    names = [bound.ode.output_names[k] for k in seen.output]
    return _digest(
        [*names, *(_text(v) for v in (seen.subject, seen.record, seen.value, seen.censored,
                                      seen.limit))]
    )  # fmt: skip


def _of_subject(line: Timeline) -> Iterator[str]:
    yield f"subject {line.subject}"
    for array in (
        line.time, line.evid, line.amount, line.rate, line.interval, line.additional, line.steady,
        line.dose, line.fixed, line.own, line.breaks, line.segments,
    ):  # fmt: skip
        yield _text(array)


def _text(values: np.ndarray) -> str:
    flat = np.asarray(values, dtype=np.float64).ravel() + 0.0  # no negative zero
    return " ".join(_DIGITS % v for v in flat)


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
