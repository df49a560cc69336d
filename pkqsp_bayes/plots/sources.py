"""Inputs of plots: the result of an analysis, or a fit and its study."""

from collections.abc import Callable, Iterable
from pathlib import Path

import xarray as xr

from pkqsp_bayes.arguments import Rule, either, instance
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.study.study_argument import StudyLike

__all__ = [
    "DATASET", "DATASET_OR_FIT", "dataset_of", "dataset_with_endpoints", "require_labels",
    "require_variables",
]  # fmt: skip

DATASET = instance(xr.Dataset, wanted="give the result of the analysis")
_EITHER = either(FIT, DATASET)


def _issues(where: str, value: object) -> Iterable[Issue]:
    """Report the problem of a path as that of a fit."""
    return (FIT if isinstance(value, str | Path) else _EITHER).issues(where, value)


DATASET_OR_FIT = Rule(issues=_issues, kinds=_EITHER.kinds)
"""The result of an analysis, or a fit."""


def dataset_of(
    result: xr.Dataset | FitLike,
    study: StudyLike | None,
    analyse: Callable[[FitLike, StudyLike | None], xr.Dataset],
    *needed: str,
) -> xr.Dataset:
    """Return the result of an analysis; a fit and its study are analysed first.

    Parameters
    ----------
    result : Dataset, FittedModel, DataTree, str or Path
        Result of the analysis, or a fit.
    study : Study, str, Path or DataFrame, optional
        Study of a fit; by default the study in its folder.
    analyse : callable
        The analysis.
    *needed : str
        Variables of its result.

    Raises
    ------
    CheckError
        If the study of a fit cannot be found, if a study is given with the result of an analysis,
        or if the result is that of another analysis.
    """
    if isinstance(result, xr.Dataset) and study is not None:
        what = "it is not used with the result of an analysis"
        raise CheckError([Issue(where="study", what=what, remedy="omit it")])
    found = result if isinstance(result, xr.Dataset) else analyse(open_fit(result), study)
    require_variables(found, needed, analyse.__name__)
    return found


def dataset_with_endpoints(
    result: xr.Dataset | FitLike,
    study: StudyLike | None,
    endpoint: str | None,
    analyse: Callable[[FitLike, StudyLike | None], xr.Dataset],
    *needed: str,
) -> tuple[xr.Dataset, list[str]]:
    """Return the result of an analysis as `dataset_of`, and the endpoints that are drawn.

    Parameters
    ----------
    endpoint : str or None
        The endpoint that is drawn; None for all.
    """
    found = dataset_of(result, study, analyse, *needed)
    return found, _some_endpoints(found, endpoint)


def require_variables(result: xr.Dataset, names: tuple[str, ...], analysis: str) -> None:
    """Refuse the result of another analysis."""
    missing = [name for name in names if name not in result]
    if missing:
        what = f"it has no {', '.join(missing)}"
        remedy = f"give the result of pkqsp_bayes.{analysis}"
        raise CheckError([Issue(where="result", what=what, remedy=remedy)])


def require_labels(result: xr.Dataset, dims: tuple[str, ...], attrs: tuple[str, ...]) -> None:
    """Refuse a result that lost dimensions or attributes which its plot needs.

    Examples
    --------
    >>> require_labels(xr.Dataset(attrs={"unit": "mg/L"}), (), ("unit", "time_unit"))
    Traceback (most recent call last):
    ...
    pkqsp_bayes.errors.CheckError: error: result: it has no attribute time_unit (keep those of the analysis: xarray.set_options(keep_attrs=True))
    """  # noqa: E501
    issues = [
        Issue(where="result", what=f"it has no dimension {dim}",
              remedy=f"select with a list, such as .isel({dim}=[0])")
        for dim in dims if dim not in result.sizes
    ]  # fmt: skip
    if missing := [name for name in attrs if name not in result.attrs]:
        what = f"it has no attribute {', '.join(missing)}"
        remedy = "keep those of the analysis: xarray.set_options(keep_attrs=True)"
        issues.append(Issue(where="result", what=what, remedy=remedy))
    if issues:
        raise CheckError(issues)


def _some_endpoints(result: xr.Dataset, endpoint: str | None) -> list[str]:
    """Return the endpoints that are drawn: the given one, or all."""
    names = [str(name) for name in result["endpoint"].to_numpy()]
    if endpoint is not None and endpoint not in names:
        what, remedy = f"{endpoint!r} was not observed", "give one of " + ", ".join(names)
        raise CheckError([Issue(where="endpoint", what=what, remedy=remedy)])
    return names if endpoint is None else [endpoint]
