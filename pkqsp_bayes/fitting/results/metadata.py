"""Metadata of a fit: the attributes of a result, read and checked."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import xarray as xr

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.sampling.settings import SETTINGS, FitSettings
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions
from pkqsp_bayes.remedies import setting

__all__ = [
    "FitMetadata",
    "attribute_issues",
    "kept_options",
    "read_attribute",
    "read_metadata",
    "read_options",
    "settings_issues",
]

_FORMER_SLICE = 8
_REMEDY = f"the file is damaged: resume the fit ({setting('resume')}), and it is written again"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitMetadata:
    """Settings of a fit that diagnostics need.

    Parameters
    ----------
    draws, adapt_delta, max_treedepth
        As in `FitSettings`.
    centred : mapping of str to bool
        Whether each random effect was sampled centred.
    solver : mapping
        Attribute ``solver``; empty if it is not known.
    """

    draws: int
    adapt_delta: float
    max_treedepth: int
    centred: Mapping[str, bool] = field(default_factory=dict)
    solver: Mapping[str, Any] = field(default_factory=dict)


def read_metadata(tree: xr.DataTree) -> FitMetadata:
    """Return the metadata of a fit; defaults for what a tree does not have.

    Parameters
    ----------
    tree : xarray.DataTree
        The result of `pkqsp_bayes.fit`, or another one with a posterior.

    Raises
    ------
    CheckError
        If there is no posterior, or an attribute is damaged.
    """
    if "posterior" not in tree.children or "draw" not in tree["posterior"].sizes:
        what, remedy = "it has no posterior draws", f"give {setting('a fit')}"
        raise CheckError([Issue(where=_source(tree), what=what, remedy=remedy)])
    default = FitSettings()
    settings = read_attribute(tree, "settings")
    return FitMetadata(
        draws=int(settings.get("draws", tree["posterior"].sizes["draw"])),
        adapt_delta=float(settings.get("adapt_delta", default.adapt_delta)),
        max_treedepth=int(settings.get("max_treedepth", default.max_treedepth)),
        centred=read_attribute(tree, "centred"),
        solver=read_attribute(tree, "solver"),
    )


def read_attribute(tree: xr.DataTree, name: str) -> dict[str, Any]:
    """Return an attribute that is JSON; empty if a tree does not have it.

    Parameters
    ----------
    tree : xarray.DataTree
        A result.
    name : {"settings", "centred", "solver", "options", "versions", "made"}
        Name of the attribute.

    Raises
    ------
    CheckError
        If it is damaged.

    Examples
    --------
    >>> read_attribute(xr.DataTree(), "settings")
    {}
    """
    issues = list(_issues_of(tree, name, _source(tree)))
    if issues:
        raise CheckError(issues)
    found: dict[str, Any] = json.loads(tree.attrs.get(name, "{}"))
    return found


def read_options(tree: xr.DataTree) -> BindOptions:
    """Return the options with which the model of a fit was bound.

    Parameters
    ----------
    tree : xarray.DataTree
        A result.

    Raises
    ------
    CheckError
        If the attribute is damaged.

    Examples
    --------
    >>> tree = xr.DataTree()
    >>> tree.attrs["options"] = '{"blq": "M1", "solver": {"rtol": 1e-9}}'
    >>> found = read_options(tree)
    >>> found.blq, found.solver.rtol, found.backend
    ('M1', 1e-09, 'native')
    """
    stated = kept_options(tree)
    place = f"{_source(tree)}: attribute options"
    try:
        if "solver" in stated:
            stated["solver"] = SolverSettings(**stated["solver"])
        options = BindOptions(**stated)
    except TypeError:  # unknown names, or a value that is not a table
        what = "its contents are not valid"
        raise CheckError([Issue(where=place, what=what, remedy=_REMEDY)]) from None
    if issues := [Issue(where=place, what=f"{issue.where}: {issue.what}", remedy=_REMEDY)
                  for issue in BIND_OPTIONS.issues("options", options)]:  # fmt: skip
        raise CheckError(issues)
    return options


def kept_options(tree: xr.DataTree) -> dict[str, Any]:
    """Return the options that a result keeps, by name.

    Parameters
    ----------
    tree : xarray.DataTree
        A result; also of an earlier version, whose solver settings had the slice size.

    Raises
    ------
    CheckError
        If the attribute is damaged.
    """
    found = read_attribute(tree, "options")
    solver = found.get("solver")
    if isinstance(solver, dict) and "slice_size" in solver:
        size = solver.pop("slice_size")
        found |= {} if size == _FORMER_SLICE else {"slice_size": size}
    return {name: value for name, value in found.items() if (name, value) != ("solver", {})}


def attribute_issues(tree: xr.DataTree, where: str) -> list[Issue]:
    """Return the errors in the attributes of a result.

    Parameters
    ----------
    tree : xarray.DataTree
        A result.
    where : str
        Its file.
    """
    issues = [issue for name in _CHECKS for issue in _issues_of(tree, name, where)]
    for name in ("model", "program"):
        if not isinstance(tree.attrs.get(name, ""), str):
            place = f"{where}: attribute {name}"
            issues.append(Issue(where=place, what="it is not a text", remedy=_REMEDY))
    return issues


def settings_issues(found: Mapping[str, Any], where: str, *, whole: bool) -> Iterator[Issue]:
    """Yield the errors in the settings of a fit on disk.

    Parameters
    ----------
    found : mapping
        Values by name.
    where : str
        The file.
    whole : bool
        Whether all settings are required.
    """
    known = {f.name: f.default for f in fields(FitSettings)}
    wrong = [name for name in known if name in found and not _is_of(found[name], known[name])]
    wrong += [name for name in found if name not in known]
    wrong += [name for name in known if whole and name not in found]
    for name in wrong:
        what = f"settings: {name} is {str(found.get(name, 'missing'))[:60]!r}"
        yield Issue(where=where, what=what, remedy=_REMEDY)
    if wrong:
        return
    for issue in SETTINGS.issues("settings", FitSettings(**found)):
        yield Issue(where=where, what=f"{issue.where}: {issue.what}", remedy=_REMEDY)


def _is_of(value: object, default: object) -> bool:
    """Return whether a value is of the kind of the default; None stands for an optional count."""
    if type(default) is float:
        return type(value) in (int, float) and math.isfinite(float(str(value)))
    return type(value) is type(default) or (default is None and type(value) is int)


def _source(tree: xr.DataTree) -> str:
    return str(tree.encoding.get("source", "the fit"))


def _issues_of(tree: xr.DataTree, name: str, where: str) -> Iterator[Issue]:
    place = f"{where}: attribute {name}"
    text = tree.attrs.get(name, "{}")
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        yield Issue(where=place, what="it is not a JSON table", remedy=_REMEDY)
    elif name == "settings":
        yield from settings_issues(found, place, whole=False)
    elif not _CHECKS[name](found):
        yield Issue(where=place, what="its contents are not valid", remedy=_REMEDY)


def _are(values: object, is_one: Callable[[Any], bool]) -> bool:
    return isinstance(values, dict) and all(is_one(value) for value in values.values())


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: object) -> bool:
    return value is None or type(value) in (int, float)


def _is_example(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("reason"), str)
        and _is_count(value.get("chain"))
        and _are(value.get("parameters"), _is_number)
    )


def _is_solver(found: Mapping[str, Any]) -> bool:
    counts = (found.get(name) for name in ("solves", "steps", "rejected_steps", "failed"))
    examples = found.get("examples", [])
    return (
        all(count is None or _is_count(count) for count in counts)
        and _are(found.get("reasons", {}), _is_count)
        and isinstance(examples, list)
        and all(_is_example(example) for example in examples)
        and _are(found.get("chains", {}), lambda chain: isinstance(chain, dict))
    )


_CHECKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "settings": lambda _: True,
    "centred": lambda found: _are(found, lambda value: type(value) is bool),
    "solver": _is_solver,
    "options": lambda _: True,
    "versions": lambda found: _are(found, lambda value: isinstance(value, str)),
    "made": lambda found: _are(found, lambda value: isinstance(value, str)),
}
"""JSON attributes with the checks of their contents; settings have their own messages."""
