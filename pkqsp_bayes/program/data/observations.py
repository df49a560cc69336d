"""Observations of a study: their outputs, and DV and its limits in the units of these."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.program.bound_data import Observations
from pkqsp_bayes.program.data.observed_outputs import endpoint_labels, match_endpoints
from pkqsp_bayes.statistics.residual_errors import LOGARITHMIC_ERROR, ONE_SD_ERROR
from pkqsp_bayes.study.columns.header_units import MEASURED, unit_of
from pkqsp_bayes.study.columns.limits_of_quantification import SIDES, endpoint_groups, fill_limits
from pkqsp_bayes.study.study import Study, subject_starts
from pkqsp_bayes.units import UnitError, convert_values, same_dimension, split_log

__all__ = ["Measured", "collect_observations", "examine_observations", "measured_values"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """The DV and limits of all records of a study, in the unit of the output of each record.

    Parameters
    ----------
    value, lower, upper, limit : (n,) array of float
        DV, LLOQ, ULOQ and LIMIT of each record.
    """

    value: FloatArray
    lower: FloatArray
    upper: FloatArray
    limit: FloatArray


def measured_values(
    model: CompiledModel, study: Study, endpoint: IntArray
) -> tuple[Measured, list[Issue]]:
    """Return DV and its limits in the units of the outputs, and the problems of units.

    Parameters
    ----------
    model : CompiledModel
        The model with its outputs and their units.
    study : Study
        The study; a column without a unit is in the unit of the output.
    endpoint : (n,) array of int
        Index of the output of each record among the observed ones; -1 without an output.
    """
    labels = endpoint_labels(model.spec)
    units = model.output_units
    columns = {name: _column(study, name) for name in MEASURED}
    issues = _unknown_labels(study, labels)
    for place, name in enumerate(labels):
        source, mine = unit_of(study.units, "DV", labels[name]), endpoint == place
        if source is None or not mine.any():
            continue
        wrong = _convert(columns, mine, source, units[name])
        if wrong is not None:
            issues.append(_issue(study, name, source, units[name], wrong))
    lower, upper = (_filled(study, columns, side, endpoint) for side in SIDES)
    measured = Measured(value=columns["DV"], lower=lower, upper=upper, limit=columns["LIMIT"])
    return measured, issues


def _column(study: Study, name: str) -> FloatArray:
    if name not in study.table:
        return np.full(len(study.table), np.nan)
    return study.table[name].to_numpy(dtype=np.float64, copy=True)


def _convert(
    columns: Mapping[str, FloatArray], mine: NDArray[np.bool_], source: str, target: str | None
) -> str | None:
    """Convert in place; return the problem, empty if the output has no unit."""
    if target is None:
        return ""
    is_log = [bool(split_log(unit)[0]) for unit in (source, target)]
    if is_log == [False, True] and same_dimension(source, ""):
        return None  # the logarithm is a pure number
    if is_log[0] != is_log[1]:
        return f"DV is in {source}, and the output in {target}"
    try:
        for values in columns.values():
            values[mine] = convert_values(values[mine], source, target)
    except UnitError as error:
        return str(error)
    return None


def _issue(study: Study, name: str, source: str, target: str | None, wrong: str) -> Issue:
    where = f"{study.source}, column DV, output {name}"
    if target is None:
        what = f"DV is in {source}, and {name} states no unit: its numbers are not converted"
        remedy = f'state unit = "{source}" in [observe.{name}], so that it is checked'
        return Issue(severity="warning", where=where, what=what, remedy=remedy)
    return Issue(where=where, what=wrong, remedy=_remedy(name, source, target))


def _remedy(name: str, source: str, target: str) -> str:
    if split_log(target)[0] and not split_log(source)[0]:
        return (
            f"if DV is log-transformed, write its unit as DV [log({source})]; if not, observe "
            f'the quantity itself with error = "{LOGARITHMIC_ERROR}"'
        )
    if split_log(source)[0] and not split_log(target)[0]:
        return (
            f'observe the logarithm: [observe.{name}] value = "log(...)", error = "{ONE_SD_ERROR}"'
        )
    return (
        f"correct one of the units; with several outputs state a unit for each ([study] units = "
        f'{{ "DV.{name}" = ... }}); to convert mass to moles, divide by MW in [observe.{name}]'
    )


def _unknown_labels(study: Study, labels: Mapping[str, tuple[str, ...]]) -> list[Issue]:
    known = {label for own in labels.values() for label in own}
    return [
        Issue(where=f"{study.source}, unit of {key}", what=f"there is no output {label!r}",
              remedy="use one of the observed outputs: " + ", ".join(labels))
        for key in study.units
        for column, dot, label in (key.partition("."),)
        if dot and column in MEASURED and label.lower() not in known
    ]  # fmt: skip


def _filled(
    study: Study,
    columns: Mapping[str, FloatArray],
    side: tuple[float, str, str],
    endpoint: IntArray,
) -> FloatArray:
    """Copy limits among records of the same output with different labels."""
    flag, name, _ = side
    limit, seen = columns[name], endpoint >= 0
    if not seen.any() or np.isnan(limit[seen]).all():
        return limit
    table = study.table[seen].assign(DVID=endpoint[seen].astype(str))
    subject = table["ID"].factorize()[0].astype(np.int64)
    filled = fill_limits(limit[seen], endpoint_groups(table), subject)
    with np.errstate(invalid="ignore"):
        beyond = flag * (filled - columns["DV"][seen]) > 0
    # A measured value beyond the limit of other records has another limit.
    own = np.isnan(limit[seen]) & beyond & (table["BLQ"] == 0).to_numpy()
    result = limit.copy()
    result[seen] = np.where(own, np.nan, filled)
    return result


def collect_observations(
    model: CompiledModel, study: Study, *, blq: Literal["M1", "M3"] = "M3"
) -> Observations:
    """Return the observations of a study with their outputs.

    Parameters
    ----------
    model : CompiledModel
        The model with its observed outputs, their units, and their labels in DVID and CMT.
    study : Study
        The study.
    blq : {"M1", "M3"}
        Method for values below LLOQ (or above ULOQ): excluded, or included with the probability of
        censoring (Beal 2001, J Pharmacokinet Pharmacodyn 28:481).

    Raises
    ------
    CheckError
        With the rows whose DVID or CMT does not name an observed output, and incompatible units.
    """
    found, issues = examine_observations(model, study, blq=blq)
    if any(issue.severity == "error" for issue in issues):
        raise CheckError(issues)
    return found


def examine_observations(
    model: CompiledModel, study: Study, *, blq: Literal["M1", "M3"] = "M3"
) -> tuple[Observations, list[Issue]]:
    """Return the observations with a known output, and all errors and warnings.

    Parameters
    ----------
    model, study, blq
        As in `collect_observations`.
    """
    table = study.table
    kept = ((table["EVID"] == 0) & (table["MDV"] == 0)).to_numpy()
    below = table["BLQ"].to_numpy(dtype=np.int64)
    if blq == "M1":
        kept = kept & (below == 0)
    endpoint, issues = match_endpoints(model.spec, study, kept)
    measured, more = measured_values(model, study, endpoint)
    names = [name for name, o in model.spec.observe.items() if o.error is not None]
    output = np.array([*(model.ode.output_names.index(n) for n in names), -1])[endpoint]
    rows = np.flatnonzero(kept & (endpoint >= 0))
    starts = subject_starts(study)
    subject = np.searchsorted(starts, rows, side="right") - 1
    return Observations(
        subject=subject.astype(np.int64),
        record=(rows - starts[subject]).astype(np.int64),
        output=output[rows].astype(np.int64),
        value=_values(measured, below)[rows],
        censored=-below[rows],
        row=rows.astype(np.int64),
        lower=measured.lower[rows],
        upper=measured.upper[rows],
        limit=np.where(below == 0, np.nan, measured.limit)[rows],
    ), [*issues, *more]


def _values(measured: Measured, below: np.ndarray) -> np.ndarray:
    """Return DV, or the limit if DV is censored."""
    value = np.where(below > 0, measured.lower, measured.value)
    return np.where(below < 0, measured.upper, value)
