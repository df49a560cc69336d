"""Which records of a study are observations, of which output, and what is known of them."""

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
    """Return the observations of a study, each with the output that it observes.

    Parameters
    ----------
    model : CompiledModel
        Its observed outputs, their units, and what DVID and CMT call them.
    study : Study
        The table.
    blq : {"M1", "M3"}
        What becomes of values below LLOQ (or above ULOQ): left out, or counted with the
        probability of being there (Beal 2001, J Pharmacokinet Pharmacodyn 28:481).

    Raises
    ------
    CheckError
        With the rows whose DVID or CMT names no observed output, and units that do not fit.
    """
    found, issues = examine_observations(model, study, blq=blq)
    if any(issue.severity == "error" for issue in issues):
        raise CheckError(issues)
    return found


def examine_observations(
    model: CompiledModel, study: Study, *, blq: Literal["M1", "M3"] = "M3"
) -> tuple[Observations, list[Issue]]:
    """Return the observations whose output is known, and every problem and oddity.

    Parameters
    ----------
    model, study, blq
        As `collect_observations` takes them.
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
    """Return DV; the limit where DV is censored."""
    value = np.where(below > 0, measured.lower, measured.value)
    return np.where(below < 0, measured.upper, value)
