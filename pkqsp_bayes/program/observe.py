"""Which records of a study are observations, of which output, and what is known of them."""

from typing import Literal

import numpy as np
import pandas as pd

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.lowered import LoweredOde
from pkqsp_bayes.program.frame import Observations
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.names import nearest
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.study import Study, subject_starts

__all__ = ["collect_observations"]


def collect_observations(
    spec: ModelSpec, ode: LoweredOde, study: Study, *, blq: Literal["M1", "M3"] = "M3"
) -> Observations:
    """Return the observations of a study, each with the output that it observes.

    Parameters
    ----------
    spec : ModelSpec
        Its observed outputs, and what DVID calls them.
    ode : LoweredOde
        Gives the order of the outputs.
    study : Study
        The table.
    blq : {"M1", "M3"}
        What becomes of values below LLOQ (or above ULOQ): left out, or counted with the
        probability of being there (Beal 2001, J Pharmacokinet Pharmacodyn 28:481).

    Raises
    ------
    CheckError
        With the rows whose DVID names no observed output.
    """
    table = study.table
    kept = ((table["EVID"] == 0) & (table["MDV"] == 0)).to_numpy()
    below = table["BLQ"].to_numpy(dtype=np.int64)
    if blq == "M1":
        kept &= below == 0
    output = _outputs(spec, ode, study, kept)
    rows = np.flatnonzero(kept)
    starts = subject_starts(study)
    subject = np.searchsorted(starts, rows, side="right") - 1
    return Observations(
        subject=subject.astype(np.int64),
        record=(rows - starts[subject]).astype(np.int64),
        output=output[rows],
        value=_values(table)[rows],
        censored=-below[rows],
        row=rows.astype(np.int64),
    )


def _values(table: pd.DataFrame) -> np.ndarray:
    """Return DV; the limit where DV is censored."""
    value = table["DV"].to_numpy(dtype=np.float64)
    below = table["BLQ"].to_numpy()
    value = np.where(below > 0, table["LLOQ"].to_numpy(dtype=np.float64), value)
    return np.where(below < 0, table["ULOQ"].to_numpy(dtype=np.float64), value)


def _outputs(spec: ModelSpec, ode: LoweredOde, study: Study, kept: np.ndarray) -> np.ndarray:
    observed = {name: o for name, o in spec.observe.items() if o.error is not None}
    if not observed:
        what, remedy = "no output has a residual error", 'state one: error = "proportional"'
        raise CheckError([Issue(where="observe", what=what, remedy=remedy)])
    by_label = {(o.dvid or name).lower(): name for name, o in observed.items()}
    by_label |= {str(i): name for i, name in enumerate(observed, start=1) if str(i) not in by_label}
    if len(observed) == 1:
        by_label[""] = next(iter(observed))
    places, labels = study.table["DVID"].factorize()
    index = {name: i for i, name in enumerate(ode.output_names)}
    names = [by_label.get(str(label).lower()) for label in labels]
    known = [-1 if name is None else index[name] for name in names]
    output: np.ndarray = np.array([*known, -1], dtype=np.int64)[places]
    bad = kept & (output < 0)
    if bad.any():
        first = str(study.table["DVID"].iloc[int(bad.argmax())])
        guess = nearest(first, observed)
        remedy = f"did you mean {guess}?" if guess else "the model observes " + ", ".join(observed)
        what = "DVID '{value}' names no observed output"
        raise CheckError(
            row_issues(
                study.table, bad, source=study.source, column="DVID", what=what, remedy=remedy,
                values=study.table["DVID"],
            )
        )  # fmt: skip
    return output
