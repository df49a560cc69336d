"""Conversion of structuring errors to issues with the path in the file."""

import dataclasses
from collections.abc import Iterator

from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import nearest

__all__ = ["MisfitError", "collect_issues"]


class MisfitError(ValueError):
    """A value that is not valid at its place, with the problem and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


# Records that the file writes with fewer levels: fields whose names are not keys of the file.
_HIDDEN = {"PopulationSpec": ("parameters",), "OmegaSpec": ("scales",)}
_HINTS = {("DrugSpec", "pKa"): "state its type: pKa_acid = [...] or pKa_base = [...]"}
_EXTRA_KEYS = {"ObservationSpec": ("unit",), "BodySpec": ("covariates",)}


def collect_issues(error: BaseException, *, where: str) -> list[Issue]:
    """Return all problems below a cattrs validation error.

    Parameters
    ----------
    error : exception
        Exception raised by `cattrs.Converter.structure`.
    where : str
        Name of the file, the prefix of the paths.
    """
    return list(_walk(error, (), where))


def _walk(error: BaseException, path: tuple[str, ...], where: str) -> Iterator[Issue]:
    if isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            yield from _walk(inner, (*path, *_step(inner, error.cl)), where)
    elif isinstance(error, ForbiddenExtraKeysError):
        for key in sorted(error.extra_fields):
            yield _unknown_key(error.cl, key, path, where)
    else:
        yield _single(error, path, where)


def _step(error: BaseException, owner: type) -> tuple[str, ...]:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            hidden = _HIDDEN.get(getattr(owner, "__name__", ""), ())
            return () if note.name in hidden else (note.name,)
        if isinstance(note, IterableValidationNote):
            key = note.index
            return (f"[{key}]" if isinstance(key, int) else str(key),)
    return ()


def _place(path: tuple[str, ...], where: str) -> str:
    dotted = ".".join(path).replace(".[", "[")
    # An observation has value and unit at one level of the file, but nested in the record.
    dotted = dotted.replace(".value.value", ".value").replace(".value.unit", ".unit")
    return f"{where}: {dotted}" if dotted else where


def _unknown_key(owner: type, key: str, path: tuple[str, ...], where: str) -> Issue:
    valid = [f.name for f in dataclasses.fields(owner)]
    valid += _EXTRA_KEYS.get(owner.__name__, ())
    guess = nearest(key, valid)
    plain = f"did you mean {guess}?" if guess else "valid keys are " + ", ".join(valid)
    remedy = _HINTS.get((owner.__name__, key), plain)
    place = _place((*path, key), where)
    return Issue(severity="error", where=place, what=f"unknown key {key!r}", remedy=remedy)


def _single(error: BaseException, path: tuple[str, ...], where: str) -> Issue:
    if isinstance(error, KeyError):
        what, remedy = "this key is missing", "state it"
    elif isinstance(what_remedy := getattr(error, "remedy", None), str):
        what, remedy = getattr(error, "what", str(error)), what_remedy
    else:
        what, remedy = str(error), "see the documentation of the model file"
    return Issue(severity="error", where=_place(path, where), what=what, remedy=remedy)
