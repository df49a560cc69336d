"""Observations of a study, with their outputs, values and limits."""

from typing import Literal

import numpy as np

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.program.bound_data import Observations
from pkqsp_bayes.program.measured import Measured, measured_values
from pkqsp_bayes.program.observed_outputs import match_endpoints
from pkqsp_bayes.study.study import Study, subject_starts

__all__ = ["collect_observations", "examine_observations"]


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
