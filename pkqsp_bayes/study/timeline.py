"""Timelines of subjects: events as arrays, covariates as segments, stretches between resets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.study.covariates import fixed_values, varying_values
from pkqsp_bayes.study.doses import dose_indices
from pkqsp_bayes.study.study import Study, stretch_starts, subject_starts
from pkqsp_bayes.study.trajectories import Trajectories, join_trajectories

__all__ = [
    "SINCE_EVER",
    "CovariateColumn",
    "DoseColumn",
    "Timeline",
    "covariate_columns",
    "rising_runs",
    "stretch_numbers",
    "time_after_dose",
    "timelines",
]

SINCE_EVER = -1e300
"""Start of the first covariate segment after a reset: before all times, and finite for JSON."""

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """The events of one subject, in the order of its records.

    Parameters
    ----------
    subject : str
        ID of the subject.
    time : (n,) array of float
        Model time; does not decrease within a reset block.
    evid : (n,) array of int
        0 observation, 1 dose, 2 other, 3 reset, 4 reset and dose.
    amount, rate, interval : (n,) array of float
        AMT; RATE (0 bolus, > 0 infusion, -1 modelled rate, -2 modelled duration); II.
    additional, steady : (n,) array of int
        ADDL; SS (0, 1, 2).
    dose : (n,) array of int
        0-based dosing compartment, -1 if there is no dose.
    row : (n,) array of int
        0-based row of the study's table.
    fixed : (X,) array of float
        Fixed covariates, in the model's order.
    Value of each varying covariate at each record. F, ALAG, R, D, the outputs, initial
        values and a steady state at a record use it.
    breaks : (B,) array of float
        Starts of the covariate segments. They increase within a stretch of time; each reset except
        on the first record begins a stretch, whose first break is `SINCE_EVER`.
    segments : (B, 2 C) array of float
        Intercept and slope of each varying covariate between records: intercept + slope * time.
    """

    subject: str
    time: FloatArray
    evid: IntArray
    amount: FloatArray
    rate: FloatArray
    interval: FloatArray
    additional: IntArray
    steady: IntArray
    dose: IntArray
    row: IntArray
    fixed: FloatArray
    own: FloatArray
    breaks: FloatArray
    segments: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateColumn:
    """A covariate of the model, for reading its column.

    Parameters
    ----------
    name : str
        Name of the column; case is ignored.
    interpolation : {"fixed", "locf", "nocb", "linear"}
        As in `pkqsp_bayes.spec.CovariateSpec`.
    levels : mapping of str to float
        Code of each level of a category.
    unit : str
        Unit in the model.
    lower, upper : float or None
        Least and greatest valid value.
    """

    name: str
    interpolation: Literal["fixed", "locf", "nocb", "linear"] = "fixed"
    levels: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseColumn:
    """A dosing compartment, with the names that CMT can use.

    Parameters
    ----------
    name : str
        Name of the dosing compartment.
    number : int
        Number of the dosing compartment, from 1.
    """

    name: str
    number: int


def covariate_columns(
    names: Iterable[str], stated: Mapping[str, CovariateSpec]
) -> tuple[CovariateColumn, ...]:
    """Return the covariate columns for some covariates of a model.

    Parameters
    ----------
    names : iterable of str
        Names of the covariates, in the required order.
    stated : mapping of str to CovariateSpec
        `pkqsp_bayes.spec.ModelSpec.covariates`.
    """
    chosen = [(name, stated[name]) for name in names]
    return tuple(
        CovariateColumn(
            name=name,
            interpolation=spec.interpolation,
            levels=spec.levels,
            unit=spec.unit,
            lower=spec.lower,
            upper=spec.upper,
        )
        for name, spec in chosen
    )


def timelines(
    study: Study, covariates: Sequence[CovariateColumn], doses: Sequence[DoseColumn]
) -> list[Timeline]:
    """Return the timeline of each subject, in the order of the table.

    Parameters
    ----------
    study : Study
        Study whose TIME, II, AMT and RATE are in the model's units (`Study.in_units`).
    covariates : sequence of CovariateColumn
        Covariates in the model's order, fixed and varying ones.
    doses : sequence of DoseColumn
        Dosing compartments in the model's order.

    Raises
    ------
    CheckError
        If a covariate or a CMT is missing or unknown, with the rows; with the errors of a study
        from `examine_study`.

    Notes
    -----
    At a record its own values hold. Between records: ``locf``: the value of the earlier record.
    ``nocb``: the value of the later record. ``linear``: linear interpolation; the last value is
    carried forward. If records at one time have several values, the interval before ends with the
    first of them, and the interval after begins with the last.
    """
    starts = subject_starts(study)
    target, issues = dose_indices(study, [(d.name, d.number) for d in doses])
    fixed, more = fixed_values(study, [c for c in covariates if c.interpolation == "fixed"])
    varying, own, most = varying_values(
        study, [c for c in covariates if c.interpolation != "fixed"]
    )
    issues = [*study.errors, *issues, *more, *most]
    if any(issue.severity == "error" for issue in issues):
        raise CheckError(issues)
    begins = stretch_starts(study)
    time = study.table["TIME"].to_numpy(dtype=np.float64)
    joined = _by_subject(join_trajectories(varying, first=time[begins[:-1]]), begins, starts)
    return _cut(study, starts, target, fixed, own, joined)


def _by_subject(joined: Trajectories, begins: IntArray, starts: IntArray) -> Trajectories:
    """Concatenate the stretches of each subject; later stretches begin before all times."""
    first = np.searchsorted(begins[:-1], starts[:-1])
    breaks = joined.breaks.copy()
    later = np.setdiff1d(np.arange(begins.size - 1), first)
    breaks[joined.bounds[later]] = SINCE_EVER
    bounds = joined.bounds[np.append(first, begins.size - 1)]
    return Trajectories(breaks=breaks, segments=joined.segments, bounds=bounds)


def _cut(
    study: Study,
    starts: IntArray,
    target: IntArray,
    fixed: FloatArray,
    own: FloatArray,
    joined: Trajectories,
) -> list[Timeline]:
    table = study.table
    is_dose = target >= 0

    def floats(column: str) -> FloatArray:
        return np.where(is_dose, table[column].to_numpy(dtype=np.float64), 0.0)

    def integers(column: str) -> IntArray:
        return np.where(is_dose, table[column].to_numpy(dtype=np.int64), 0)

    time = table["TIME"].to_numpy(dtype=np.float64)
    evid = table["EVID"].to_numpy(dtype=np.int64)
    amount, rate, interval = floats("AMT"), floats("RATE"), floats("II")
    additional, steady = integers("ADDL"), integers("SS")
    row = np.arange(len(table), dtype=np.int64)
    result = []
    for index, subject in enumerate(table["ID"].iloc[starts[:-1]]):
        rows = slice(starts[index], starts[index + 1])
        pieces = slice(joined.bounds[index], joined.bounds[index + 1])
        result.append(
            Timeline(
                subject=subject, time=time[rows], evid=evid[rows], amount=amount[rows],
                rate=rate[rows], interval=interval[rows], additional=additional[rows],
                steady=steady[rows], dose=target[rows], row=row[rows], fixed=fixed[index],
                own=own[rows], breaks=joined.breaks[pieces], segments=joined.segments[pieces],
            )
        )  # fmt: skip
    return result


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
