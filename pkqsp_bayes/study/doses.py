"""Assignment of CMT in dose records to dosing compartments of the model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import nearest
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.study import Study

__all__ = ["dose_indices"]


def dose_indices(
    study: Study, targets: Sequence[tuple[str, int]]
) -> tuple[NDArray[np.int64], list[Issue]]:
    """Return the 0-based dosing compartment of each dose record (-1 elsewhere), and all problems.

    Parameters
    ----------
    study : Study
        Study; a missing CMT means the only dosing compartment, if there is only one.
    targets : sequence of (str, int)
        Name and number of each dosing compartment of the model.
    """
    is_dose = study.table["EVID"].isin((1, 4)).to_numpy()
    places, labels = study.table["CMT"].factorize()
    index = np.array([*(_find(label, targets) for label in labels), -1])[places]
    unknown = is_dose & (index < 0)
    missing = unknown & (study.table["CMT"] == "").to_numpy()
    known = ", ".join(f"{name} ({number})" for name, number in targets)
    remedy = f"use one of {known}" if known else "add [dose.*] to the model"
    issues = row_issues(
        study.table, missing, source=study.source, column="CMT", what="CMT is missing",
        remedy=remedy,
    )  # fmt: skip
    guess = nearest(str(study.table["CMT"].iloc[unknown.argmax()]), [name for name, _ in targets])
    issues += row_issues(
        study.table, unknown & ~missing, source=study.source, column="CMT",
        what="'{value}' is not a dosing compartment",
        remedy=f"did you mean {guess}? {remedy}" if guess else remedy,
    )  # fmt: skip
    return np.where(is_dose, index, -1), issues


def _find(label: str, targets: Sequence[tuple[str, int]]) -> int:
    if label == "":
        return 0 if len(targets) == 1 else -1
    for key in (lambda name: name, str.lower):
        for index, (name, _) in enumerate(targets):
            if key(name) == key(label):
                return index
    for index, (_, number) in enumerate(targets):
        if label == str(number):
            return index
    return -1
