"""Check of covariates against the range that the model states, or that is physically possible."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.units import UnitError, dimension

__all__ = ["Ranged", "range_issues"]

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
