"""Occasions of a study: the labels in OCC, and an indicator column for each of them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec.labels import occasion_label
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.study import Study, subject_starts

__all__ = ["occasion_labels", "with_occasions"]


def occasion_labels(study: Study) -> tuple[str, ...]:
    """Return the labels of all occasions: numbers in order, other labels in order of appearance.

    Examples
    --------
    >>> import pandas as pd
    >>> occasion_labels(Study(table=pd.DataFrame({"OCC": ["2", "10", "", "1"]})))
    ('1', '2', '10')
    """
    labels = [label for label in dict.fromkeys(study.table["OCC"]) if label]
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(labels)


def with_occasions(study: Study, labels: Sequence[str]) -> Study:
    """Return a study with an indicator column (0 or 1) for each occasion.

    Parameters
    ----------
    study : Study
        Study; a record without OCC belongs to the occasion of the previous record.
    labels : sequence of str
        Labels of the occasions.

    Raises
    ------
    CheckError
        With the subjects whose first record has no OCC.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"ID": ["a", "a"], "OCC": ["1", "2"], "ROW": [2, 3]})
    >>> with_occasions(Study(table=table), ["1", "2"]).table["occasion[2]"].tolist()
    [0.0, 1.0]
    """
    if not labels:
        return study
    occasion = study.table["OCC"].to_numpy(dtype=object)
    first = np.zeros(occasion.size, dtype=bool)
    starts = subject_starts(study)[:-1]
    first[starts] = occasion[starts] == ""
    issues = row_issues(
        study.table, first, source=study.source, column="OCC",
        what="the first record of subject {subject} has no occasion", remedy="state its OCC",
    )  # fmt: skip
    if issues:
        raise CheckError(issues)
    columns = {
        occasion_label(label): np.where(occasion == "", np.nan, (occasion == label).astype(float))
        for label in labels
    }
    return dataclasses.replace(
        study,
        table=study.table.assign(**columns),
        covariates=(*study.covariates, *columns),
    )
