"""What a plot is made from: the result of an analysis, or a fit and its study."""

from collections.abc import Callable

import xarray as xr

from pkqsp_bayes.arguments import Rule, either, instance
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, as_fit
from pkqsp_bayes.study.study_argument import StudyLike

__all__ = [
    "DATASET", "DATASET_OR_FIT", "dataset_of", "fit_and_given", "require_variables",
    "some_endpoints",
]  # fmt: skip

DATASET = instance(xr.Dataset, wanted="give what the analysis returns")
DATASET_OR_FIT: Rule = either(FIT, DATASET)
"""The result of an analysis, or a fit."""


def dataset_of(
    result: xr.Dataset | FitLike,
    study: StudyLike | None,
    analyse: Callable[[xr.DataTree, StudyLike], xr.Dataset],
) -> xr.Dataset:
    """Return the result of an analysis; where a fit is given, analyse it and its study first.

    Parameters
    ----------
    result : Dataset, DataTree, str or Path
        What the analysis returned, or a fit.
    study : Study, str, Path or DataFrame, optional
        Needed for a fit.
    analyse : callable
        The analysis.

    Raises
    ------
    CheckError
        If a fit comes without a study, or the result of an analysis with one.
    """
    if isinstance(result, xr.Dataset):
        if study is not None:
            what = "it has no use beside the result of an analysis"
            raise CheckError([Issue(where="study", what=what, remedy="leave it out")])
        return result
    return analyse(*fit_and_given(result, study))


def fit_and_given(fit: FitLike, study: StudyLike | None) -> tuple[xr.DataTree, StudyLike]:
    """Return a fit and the study that came with it.

    Raises
    ------
    CheckError
        If it came without one.
    """
    tree = as_fit(fit)
    if study is None:
        what, remedy = "a fit needs its study", "give the study of the fit after it"
        raise CheckError([Issue(where="study", what=what, remedy=remedy)])
    return tree, study


def require_variables(result: xr.Dataset, names: tuple[str, ...], analysis: str) -> None:
    """Refuse the result of another analysis."""
    missing = [name for name in names if name not in result]
    if missing:
        what = f"it has no {', '.join(missing)}"
        remedy = f"give what pkqsp_bayes.{analysis} returns"
        raise CheckError([Issue(where="result", what=what, remedy=remedy)])


def some_endpoints(result: xr.Dataset, endpoint: str | None) -> list[str]:
    """Return the endpoints that are drawn: the one that is named, or all."""
    names = [str(name) for name in result["endpoint"].to_numpy()]
    if endpoint is not None and endpoint not in names:
        what, remedy = f"{endpoint!r} was not observed", "name one of " + ", ".join(names)
        raise CheckError([Issue(where="endpoint", what=what, remedy=remedy)])
    return names if endpoint is None else [endpoint]
