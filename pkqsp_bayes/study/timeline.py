"""From the table to one timeline a subject: events as arrays, covariates as segments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
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
    "timelines",
]

SINCE_EVER = -1e300
"""Start of the first covariate segment after a reset: before every time, and finite for JSON."""

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """What happens to one subject, in the order of its records.

    Parameters
    ----------
    subject : str
        The ID.
    time : (n,) array of float
        Model time; does not decrease within a reset block.
    evid : (n,) array of int
        0 observation, 1 dose, 2 other, 3 reset, 4 reset and dose.
    amount, rate, interval : (n,) array of float
        AMT; RATE (0 bolus, > 0 infusion, -1 modelled rate, -2 modelled duration); II.
    additional, steady : (n,) array of int
        ADDL; SS (0, 1, 2).
    dose : (n,) array of int
        0-based dose target, -1 where there is no dose.
    row : (n,) array of int
        0-based row of the study's table.
    fixed : (X,) array of float
        Fixed covariates, in the model's order.
    own : (n, C) array of float
        Each record's own value of each varying covariate. F, ALAG, R, D, the outputs, initial
        values and a steady state at a record are made with it.
    breaks : (B,) array of float
        Starts of the covariate segments. They increase within a stretch of time; each reset but
        the first record's begins a stretch, whose first break is `SINCE_EVER`.
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
    """A covariate as the model uses it.

    Parameters
    ----------
    name : str
        Its column; upper and lower case are the same.
    interpolation : {"fixed", "locf", "nocb", "linear"}
        As in `pkqsp_bayes.spec.CovariateSpec`.
    levels : mapping of str to float
        Code of each level of a category.
    unit : str
        Unit that the model wants.
    lower, upper : float or None
        Least and greatest value that the model holds for.
    """

    name: str
    interpolation: Literal["fixed", "locf", "nocb", "linear"] = "fixed"
    levels: Mapping[str, float] = field(default_factory=dict)
    unit: str = ""
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseColumn:
    """A dose target: what CMT may call it.

    Parameters
    ----------
    name : str
        Its name.
    number : int
        Its number, counted from 1.
    """

    name: str
    number: int


def covariate_columns(
    names: Iterable[str], stated: Mapping[str, CovariateSpec]
) -> tuple[CovariateColumn, ...]:
    """Return the columns of some covariates of a model.

    Parameters
    ----------
    names : iterable of str
        Which covariates, in the order wanted.
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
        Its TIME, II, AMT and RATE are taken to be in the model's units (`Study.in_units`).
    covariates : sequence of CovariateColumn
        In the model's order; the fixed and the varying ones are told apart here.
    doses : sequence of DoseColumn
        In the model's order.

    Raises
    ------
    CheckError
        A covariate or a CMT that is missing or unknown, with the rows; with the errors of a
        study that was only examined.

    Notes
    -----
    A record sees its own values. Between records: ``locf``: a value holds from its record on.
    ``nocb``: a value holds from the record before it up to its own. ``linear``: straight lines
    between values; the last one holds. Where records of one time give several values, the time
    before runs into the first of them, and the time after begins with the last.
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
    """Put the stretches of a subject one after the other; later ones begin before every time."""
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
