"""Studies defined in code, for simulations."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.arguments import (
    TEXT,
    Rule,
    checked,
    count,
    either,
    mapping,
    number,
    numbers,
    record,
    sequence,
)
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.study.read import study_from_frame
from pkqsp_bayes.study.study import Study

__all__ = ["DOSES", "Dose", "regimen"]

FloatArray = NDArray[np.float64]

_RECORD = ("TIME", "EVID", "DVID", "CMT", "II", "ADDL", "SS", "order", "which", "duration")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dose:
    """One dose, or several doses at equal intervals.

    Parameters
    ----------
    amount : float or (S,) array of float
        AMT, for all subjects or for each subject.
    time : float
        Time of the first dose.
    n : int
        Number of doses.
    interval : float
        Dosing interval.
    duration : float
        Duration of the infusion; 0 for a bolus.
    steady : {0, 1, 2}
        Whether the first dose is at steady state (SS).
    to : str
        Dosing compartment; ``""`` if there is only one.
    """

    amount: ArrayLike
    time: float = 0.0
    n: int = 1
    interval: float = 0.0
    duration: float = 0.0
    steady: int = 0
    to: str = ""


_ZERO = number(least=0.0)
_DOSE = record(
    Dose, amount=numbers(), time=number(), n=count(), interval=_ZERO, duration=_ZERO,
    steady=count(0, 2), to=TEXT,
)  # fmt: skip
DOSES: Rule = either(_DOSE, sequence(_DOSE, wanted="give a Dose, or a list of them"))
"""One dose, or several."""

_UNITS = mapping(TEXT, wanted='give a mapping of text to text, such as {"DV": "mg/L"}')
_NAMES = sequence(TEXT, least=1, wanted="give a list of text, one or more")
_COVARIATES = mapping(
    either(TEXT, sequence(TEXT, wanted=""), numbers(missing=True)),
    wanted="give a mapping of names to a value, or to one value per subject",
)


# NaN among the times and tables without rows are refused by the checks of the table.
@checked(
    doses=DOSES, times=numbers(least=0, missing=True), subjects=either(_NAMES, count(0)),
    outputs=_NAMES,
    covariates=_COVARIATES, units=_UNITS,
)  # fmt: skip
def regimen(
    doses: Dose | Sequence[Dose],
    times: ArrayLike,
    *,
    subjects: int | Sequence[str] = 1,
    outputs: Sequence[str] = ("",),
    covariates: Mapping[str, ArrayLike] | None = None,
    units: Mapping[str, str] | None = None,
) -> Study:
    """Return a study in which all subjects have the same doses and samples.

    Parameters
    ----------
    doses : Dose or sequence of Dose
        Doses.
    times : (n,) array of float
        Observation times of all outputs; an observation precedes a dose at the same time.
    subjects : int or sequence of str
        Number of subjects (IDs 1, 2, ...), or their IDs.
    outputs : sequence of str
        DVID of each output.
    covariates : mapping of str to scalar or (S,) array
        Values for all subjects, or for each subject; numbers or labels.
    units : mapping of str to str
        As in `pkqsp_bayes.study.read_study`.

    Returns
    -------
    Study
        Study without DV values.

    Raises
    ------
    CheckError
        As for `pkqsp_bayes.study.read_study`; also if the length of an array is not the number of
        subjects.

    Examples
    --------
    >>> study = regimen(Dose(amount=100, n=3, interval=24), [0, 1, 72], subjects=2)
    >>> study.table.loc[study.table.ID == "2", ["TIME", "EVID", "ADDL", "II"]].values.tolist()
    [[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 24.0], [1.0, 0.0, 0.0, 0.0], [72.0, 0.0, 0.0, 0.0]]
    """
    given = [doses] if isinstance(doses, Dose) else list(doses)
    names = [str(i + 1) for i in range(subjects)] if isinstance(subjects, int) else list(subjects)
    twice = sorted(name for name, times_named in Counter(names).items() if times_named > 1)
    if twice:
        what, remedy = f"duplicated: {', '.join(twice)}", "give each subject its own ID"
        raise CheckError([Issue(where="subjects", what=what, remedy=remedy)])
    one = _schedule(given, np.atleast_1d(np.asarray(times, dtype=np.float64)), outputs)
    subject = np.repeat(np.arange(len(names)), len(one))
    table = one.iloc[np.tile(np.arange(len(one)), len(names))].reset_index(drop=True)
    amount = _amounts(given, table["which"].to_numpy(dtype=np.int64), subject, len(names))
    duration = table["duration"].to_numpy(dtype=np.float64)
    rate = np.divide(amount, duration, out=np.zeros(amount.size), where=duration > 0)
    columns = {
        name: _each(values, len(names), name)[subject]
        for name, values in (covariates or {}).items()
    }
    table = table.drop(columns=["order", "which", "duration"]).assign(
        ID=np.array(names, dtype=object)[subject], AMT=amount, RATE=rate, **columns
    )
    # The columns of a source study are covariates, regardless of their names.
    return study_from_frame(table, units=units, source="regimen", covariates=tuple(columns))


def _schedule(doses: Sequence[Dose], times: FloatArray, outputs: Sequence[str]) -> pd.DataFrame:
    """Return the records of one subject; ``which`` is the index of the dose, -1 for a sample."""
    plain = {"CMT": "", "II": 0.0, "ADDL": 0, "SS": 0, "duration": 0.0}
    samples = [
        {"TIME": time, "EVID": 0, "DVID": output, "order": 0, "which": -1, **plain}
        for time in times for output in outputs
    ]  # fmt: skip
    events = [
        {"TIME": dose.time, "EVID": 1, "DVID": "", "order": 1, "which": index, "CMT": dose.to,
         "II": dose.interval, "ADDL": dose.n - 1, "SS": dose.steady, "duration": dose.duration}
        for index, dose in enumerate(doses)
    ]  # fmt: skip
    records = pd.DataFrame([*samples, *events], columns=list(_RECORD))
    return records.sort_values(["TIME", "order"], kind="stable")


def _amounts(
    doses: Sequence[Dose], which: NDArray[np.int64], subject: NDArray[np.int64], size: int
) -> FloatArray:
    """Return AMT of each record: that of the dose for its subject; 0 for samples."""
    columns = [_each(dose.amount, size, "amount").astype(np.float64) for dose in doses]
    by_dose = np.stack([*columns, np.zeros(size)], axis=1)
    amounts: FloatArray = by_dose[subject, which]
    return amounts


def _each(values: ArrayLike, size: int, name: str) -> NDArray[np.generic]:
    array = np.asarray(values)
    if array.ndim == 0:
        return np.repeat(array, size)
    if array.shape != (size,):
        what = f"{name} has the shape {array.shape}, but there are {size} subjects"
        raise CheckError(
            [Issue(where="regimen", what=what, remedy="give one value, or one per subject")]
        )
    return array
