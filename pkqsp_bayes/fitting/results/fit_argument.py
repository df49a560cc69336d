"""Arguments that are fits: a result, or the folder that it was written to."""

from pathlib import Path

import xarray as xr

from pkqsp_bayes.arguments import PATH, Rule, instance
from pkqsp_bayes.arguments.rule import shown
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.store import read_fit
from pkqsp_bayes.remedies import setting

__all__ = ["CALIBRATION", "FIT", "PRIOR_DRAWS", "RESULT", "FitLike", "open_fit"]

FitLike = FittedModel | xr.DataTree | str | Path
"""An opened fit; the result of a fit; or the path of its folder."""

_WANTED = f"give {setting('a fit')}"


def open_fit(fit: FitLike) -> FittedModel:
    """Return a fit with its model, study and draws; each is read or computed at its first use.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        The result of `pkqsp_bayes.fit`; or its folder, or a file in it. An opened fit is returned
        unchanged.

    Returns
    -------
    FittedModel
        An argument for every analysis. The results that analyses share are computed once.

    Raises
    ------
    CheckError
        As `pkqsp_bayes.read_fit`; also if the argument is not a fit.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> fitted = pq.open_fit("fits/warfarin")  # doctest: +SKIP
    >>> budget = pq.variance_budget(fitted, ...)  # doctest: +SKIP
    >>> check = pq.vpc(fitted)  # doctest: +SKIP
    """
    if isinstance(fit, FittedModel):
        return fit
    if issues := list(FIT.issues("fit", fit)):
        raise CheckError(issues)
    return FittedModel(fit if isinstance(fit, xr.DataTree) else read_fit(fit))


def _issues(where: str, value: object) -> list[Issue]:
    tree = value.tree if isinstance(value, FittedModel) else value
    if isinstance(tree, xr.DataTree):
        return _tree_issues(where, tree, "posterior", _WANTED)
    return _path_issues(where, tree)


def _path_issues(where: str, value: object) -> list[Issue]:
    if not isinstance(value, str | Path):
        return [Issue(where=where, what=f"it is {shown(value)}", remedy=_WANTED)]
    return list(PATH.issues(where, value)) or _place_issues(value)


def _tree_issues(where: str, tree: xr.DataTree, group: str, wanted: str) -> list[Issue]:
    there = group in tree.children and {"chain", "draw"} <= set(tree[group].sizes)
    source = str(tree.encoding.get("source", where))
    return [] if there else [Issue(where=source, what=f"it has no {group} draws", remedy=wanted)]


def _place_issues(value: str | Path) -> list[Issue]:
    try:
        there = Path(value).exists()
    except OSError:  # a name that is too long, a folder without permission
        there = False
    remedy = "give the folder that the fit was written to"
    return [] if there else [Issue(where=str(value), what="there is no such folder", remedy=remedy)]


def _prior_issues(where: str, value: object) -> list[Issue]:
    wanted = "give the result of pkqsp_bayes.sample_prior"
    if not isinstance(value, xr.DataTree):
        return [Issue(where=where, what=f"it is {shown(value)}", remedy=wanted)]
    return _tree_issues(where, value, "prior", wanted)


def _calibration_issues(where: str, value: object) -> list[Issue]:
    wanted = "give the result of pkqsp_bayes.sbc"
    issues = list(instance(xr.Dataset, wanted=wanted).issues(where, value))
    if issues or not isinstance(value, xr.Dataset):
        return issues
    missing = [name for name in _RANKED if name not in value]
    what = f"it has no {', '.join(missing)}"
    return [Issue(where=where, what=what, remedy=wanted)] if missing else []


_RANKED = ("status", "pit", "mean", "sd", "truth", "draws")


def _result_issues(where: str, value: object) -> list[Issue]:
    return [] if isinstance(value, xr.DataTree | FittedModel) else _path_issues(where, value)


RESULT = Rule(issues=_result_issues, kinds=(xr.DataTree, FittedModel))
"""Any result that has its model in an attribute."""

FIT = Rule(issues=_issues, kinds=(xr.DataTree, FittedModel))
PRIOR_DRAWS = Rule(issues=_prior_issues, kinds=(xr.DataTree,))
CALIBRATION = Rule(issues=_calibration_issues, kinds=(xr.Dataset,))
