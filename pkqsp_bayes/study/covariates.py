"""Covariate columns of a study: numbers, codes of levels, missing values, and valid ranges."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.study.columns.cells import as_numbers
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.study import Study, stretch_starts, subject_starts
from pkqsp_bayes.study.trajectories import Values
from pkqsp_bayes.units import UnitError, conversion_factor, dimension

__all__ = ["CovariateLike", "Ranged", "fixed_values", "range_issues", "varying_values"]

FloatArray = NDArray[np.float64]

_POSITIVE = ("[mass]", "[length]")


class Ranged(Protocol):
    """Attributes of a covariate that this module uses."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def lower(self) -> float | None: ...  # noqa: D102
    @property
    def upper(self) -> float | None: ...  # noqa: D102


def range_issues(study: Study, covariate: Ranged, values: FloatArray) -> list[Issue]:
    """Return the rows whose value is outside the range of the model.

    Parameters
    ----------
    study : Study
        Study with the covariate.
    covariate : Ranged
        Covariate with inclusive bounds. Without a lower bound, a mass or a length must be
        positive.
    values : (n,) array of float
        Values in the covariate's unit; NaN if missing.
    """
    unit = f" {covariate.unit}" if covariate.unit else ""
    found = []
    if covariate.lower is None and _is_positive(covariate.unit):
        remedy = "correct it, or leave it empty if it is not known"
        found.append((values <= 0, f"it is {{value}}{unit}, which is not possible", remedy))
    for side, bound, sign in (("lower", covariate.lower, -1), ("upper", covariate.upper, 1)):
        if bound is None:
            continue
        limits = f"{_describe_bounds(covariate)}{unit}"
        what = f"it is {{value}}{unit}, outside the range of the model ({limits})"
        remedy = f"correct the value or its unit, or change covariates.{covariate.name}.{side}"
        found.append((sign * (values - bound) > 0, what, remedy))
    column = study.column_of(covariate.name) or covariate.name
    return [
        issue
        for bad, what, remedy in found
        for issue in row_issues(
            study.table, bad, source=study.source, column=column, what=what, remedy=remedy,
            values=values,
        )
    ]  # fmt: skip


def _is_positive(unit: str) -> bool:
    try:
        return dimension(unit) in _POSITIVE
    except UnitError:  # reported elsewhere
        return False


def _describe_bounds(covariate: Ranged) -> str:
    if covariate.lower is None:
        return f"at most {covariate.upper:g}"
    if covariate.upper is None:
        return f"at least {covariate.lower:g}"
    return f"{covariate.lower:g} to {covariate.upper:g}"


class CovariateLike(Protocol):
    """Attributes of a covariate; see `pkqsp_bayes.study.timeline.CovariateColumn`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def interpolation(self) -> str: ...  # noqa: D102
    @property
    def levels(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def lower(self) -> float | None: ...  # noqa: D102
    @property
    def upper(self) -> float | None: ...  # noqa: D102


def fixed_values(
    study: Study, covariates: Sequence[CovariateLike]
) -> tuple[FloatArray, list[Issue]]:
    """Return the value of each fixed covariate in each subject, and all problems.

    Parameters
    ----------
    study : Study
        Study with the covariates.
    covariates : sequence of CovariateLike
        Fixed covariates. Some records of a subject may lack the value, but not all of them.

    Returns
    -------
    (S, X) array of float
        Invalid if there are issues.
    list of Issue
        Problems.
    """
    starts = subject_starts(study)
    result = np.zeros((starts.size - 1, len(covariates)))
    issues: list[Issue] = []
    for index, covariate in enumerate(covariates):
        values, found = _numbers(study, covariate)
        issues += found
        if not found:
            result[:, index] = np.fmin.reduceat(values, starts[:-1])
            issues += _not_fixed(study, covariate.name, values, result[:, index])
    return result, issues


def _not_fixed(study: Study, name: str, values: FloatArray, least: FloatArray) -> list[Issue]:
    starts = subject_starts(study)
    sizes = np.diff(starts)
    absent = np.zeros(values.size, dtype=bool)
    absent[starts[:-1]] = np.isnan(least)
    issues = row_issues(
        study.table, absent, source=study.source, column=name, remedy="state its value",
        what="subject {subject} has no value of this covariate",
    )  # fmt: skip
    first = _first_present(values, starts)
    changed = ~np.isnan(values) & (values != np.repeat(first, sizes))
    return issues + row_issues(
        study.table, changed, source=study.source, column=name,
        what="it changes to {value} within subject {subject}, but the model declares it as fixed",
        values=values,
        remedy=f'declare {name} = {{ interpolation = "locf" }} in the model, or correct the table',
    )  # fmt: skip


def _first_present(values: FloatArray, starts: NDArray[np.int64]) -> FloatArray:
    places = np.where(np.isnan(values), values.size, np.arange(values.size))
    first = np.minimum.reduceat(places, starts[:-1])
    found: FloatArray = np.append(values, np.nan)[first]
    return found


def varying_values(
    study: Study, covariates: Sequence[CovariateLike]
) -> tuple[list[Values], FloatArray, list[Issue]]:
    """Return the values of covariates that change over time, and all problems.

    Parameters
    ----------
    study : Study
        Study with the covariates.
    covariates : sequence of CovariateLike
        Covariates that change within a subject.

    Returns
    -------
    list of Values
        Values between the records; fewer than ``covariates`` if there are issues.
    (n, C) array of float
        Value of each record: its own, or interpolated if it has none. Invalid if there are issues.
    list of Issue
        Problems.
    """
    result: list[Values] = []
    own = np.zeros((len(study.table), len(covariates)))
    issues: list[Issue] = []
    for index, covariate in enumerate(covariates):
        values, found = _numbers(study, covariate)
        found = found or _undefined(study, covariate, values)
        issues += found
        if not found:
            own[:, index] = _filled(study, covariate, values)
            result.append(_entries(study, covariate, values, own[:, index]))
    return result, own, issues


def _undefined(study: Study, covariate: CovariateLike, values: FloatArray) -> list[Issue]:
    """Report missing values at the first record of a subject or of a stretch of time."""
    first = subject_starts(study)[:-1]
    missing = np.zeros(values.size, dtype=bool)
    missing[first] = np.isnan(values[first])
    if covariate.interpolation == "nocb":
        missing[first] = ~np.logical_or.reduceat(~np.isnan(values), first)
    if covariate.interpolation == "linear":
        begins = stretch_starts(study)[:-1]
        missing[begins] = np.isnan(values[begins])
    return row_issues(
        study.table, missing, source=study.source, column=covariate.name,
        what="there is no value at the first record of subject {subject}, or where its time "
        "restarts, but the covariate changes over time",
        remedy="state its value there",
    )  # fmt: skip


def _filled(study: Study, covariate: CovariateLike, values: FloatArray) -> FloatArray:
    """Return the value of each record, interpolated if it has none."""
    if not np.isnan(values).any():
        return values
    if covariate.interpolation == "linear":
        return _on_lines(study, values)
    series, subject = pd.Series(values), study.table["ID"].factorize()[0]
    if covariate.interpolation == "nocb":
        series = series.groupby(subject).bfill()
    return np.asarray(series.groupby(subject).ffill(), dtype=np.float64)


def _on_lines(study: Study, values: FloatArray) -> FloatArray:
    """Return missing values by linear interpolation; the last value is carried forward."""
    stretch, time = _stretches(study), study.table["TIME"].to_numpy(dtype=np.float64)
    known = ~np.isnan(values)
    places = np.flatnonzero(known)
    before = places[np.cumsum(known) - 1]
    after = np.append(places, -1)[np.cumsum(known)]
    inside = (after >= 0) & (stretch[after] == stretch)
    after = np.where(inside, after, before)
    span = time[after] - time[before]
    part = np.where(span > 0, (time - time[before]) / np.where(span > 0, span, 1.0), 0.0)
    lines: FloatArray = values[before] + part * (values[after] - values[before])
    return np.where(known, values, lines)


def _stretches(study: Study) -> NDArray[np.int64]:
    starts = stretch_starts(study)
    return np.repeat(np.arange(starts.size - 1), np.diff(starts)).astype(np.int64)


def _entries(study: Study, covariate: CovariateLike, values: FloatArray, own: FloatArray) -> Values:
    stretch, time = _stretches(study), study.table["TIME"].to_numpy(dtype=np.float64)
    known = ~np.isnan(values) if covariate.interpolation == "linear" else np.full(own.size, True)
    stretch, time, values = stretch[known], time[known], own[known]
    new = np.concatenate([[True], (stretch[1:] != stretch[:-1]) | (time[1:] != time[:-1])])
    last = np.concatenate([new[1:], [True]])
    return Values(
        stretch=stretch[new], time=time[new], before=values[new], after=values[last],
        interpolation=covariate.interpolation,
    )  # fmt: skip


def _numbers(study: Study, covariate: CovariateLike) -> tuple[FloatArray, list[Issue]]:
    """Return the column as numbers, NaN if missing."""
    column = study.column_of(covariate.name)
    if column is None:
        remedy = suggest(
            covariate.name, study.covariates, "add it, or state its column with columns="
        )
        what = f"the study does not have the column {covariate.name!r}, which the model needs"
        return np.empty(0), [Issue(where=study.source, what=what, remedy=remedy)]
    values = study.table[column]
    if not pd.api.types.is_numeric_dtype(values) and covariate.levels:
        return _codes(study, covariate, column)
    rows = study.table[["ID", "ROW"]]
    numbers, issues = as_numbers(values, rows, source=study.source, column=column)
    if issues:
        return numbers, issues
    if covariate.levels:
        return _known_codes(study, covariate, column, numbers)
    return _in_unit(study, covariate, column, numbers)


def _in_unit(
    study: Study, covariate: CovariateLike, column: str, values: FloatArray
) -> tuple[FloatArray, list[Issue]]:
    unit = study.units.get(column)
    try:
        factor = 1.0 if unit is None else conversion_factor(unit, covariate.unit)
    except UnitError as error:
        place = f"{study.source}, column {column}"
        return values, [Issue(where=place, what=str(error), remedy="correct one of the units")]
    values = values * factor
    return values, range_issues(study, covariate, values)


def _codes(study: Study, covariate: CovariateLike, column: str) -> tuple[FloatArray, list[Issue]]:
    """Convert labels of levels, or codes written as text, to codes."""
    places, labels = study.table[column].factorize()
    codes = np.array([*(_code(str(label), covariate.levels) for label in labels), np.nan])
    values: FloatArray = codes[places]
    return values, row_issues(
        study.table, np.isnan(values) & (places >= 0), source=study.source, column=column,
        what="'{value}' is not a level of this covariate",
        remedy=f"use one of the levels {', '.join(covariate.levels)}", values=study.table[column],
    )  # fmt: skip


def _code(label: str, levels: Mapping[str, float]) -> float:
    """Return the code of a level given by its name or its code; NaN otherwise."""
    if label in levels:
        return float(levels[label])
    try:
        code = float(label)
    except ValueError:
        return np.nan
    return code if code in levels.values() else np.nan


def _known_codes(
    study: Study, covariate: CovariateLike, column: str, values: FloatArray
) -> tuple[FloatArray, list[Issue]]:
    bad = ~np.isnan(values) & ~np.isin(values, list(covariate.levels.values()))
    known = ", ".join(f"{label} = {code:g}" for label, code in covariate.levels.items())
    return values, row_issues(
        study.table, bad, source=study.source, column=column,
        remedy=f"use one of the levels {known}", what="{value} is not the code of a level",
    )  # fmt: skip
