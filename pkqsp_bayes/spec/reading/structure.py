"""Strict structuring of plain values and records, with errors as issues at paths in the file."""

import dataclasses
import math
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cattrs
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import suggest

__all__ = [
    "HIDDEN_FIELDS",
    "MisfitError",
    "collect_issues",
    "number",
    "register_plain",
    "structure_record",
    "unstructure_record",
    "wrong_type",
]


_Structure = Callable[[Any, Any], Any]


class MisfitError(ValueError):
    """A value that is not valid at its place, with the problem and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


HIDDEN_FIELDS = {"PopulationSpec": ("parameters",), "OmegaSpec": ("scales",)}
"""Records that the file writes with fewer levels: fields whose names are not keys of the file."""

_OF_CLAIM = "it is a table of a causal claim, claim.toml: move it there"
_HINTS = {
    ("DrugSpec", "pKa"): "state its type: pKa_acid = [...] or pKa_base = [...]",
    **{("ModelSpec", name): _OF_CLAIM for name in ("report", "credibility", "declared")},
}
_NUMBERED = re.compile(r"\.(criterion|activity)\[(\d+)\]")
"""Lists of the claim, whose tables are numbered from 1, as in a report."""
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
            hidden = HIDDEN_FIELDS.get(getattr(owner, "__name__", ""), ())
            return () if note.name in hidden else (note.name,)
        if isinstance(note, IterableValidationNote):
            key = note.index
            return (f"[{key}]" if isinstance(key, int) else str(key),)
    return ()


def _place(path: tuple[str, ...], where: str) -> str:
    dotted = ".".join(path).replace(".[", "[")
    dotted = _NUMBERED.sub(lambda found: f".{found[1]} {int(found[2]) + 1}", dotted)
    # An observation has value and unit at one level of the file, but nested in the record.
    dotted = dotted.replace(".value.value", ".value").replace(".value.unit", ".unit")
    return f"{where}: {dotted}" if dotted else where


def _unknown_key(owner: type, key: str, path: tuple[str, ...], where: str) -> Issue:
    valid = [f.name for f in dataclasses.fields(owner)]
    valid += _EXTRA_KEYS.get(owner.__name__, ())
    plain = suggest(key, valid, "valid keys are " + ", ".join(valid))
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


def register_plain(made: cattrs.Converter) -> None:
    """Register numbers, texts, choices, lists and tables: they are unchanged or refused."""
    made.register_structure_hook(str, _plain(str, "text"))
    made.register_structure_hook(bool, _plain(bool, "true or false"))
    made.register_structure_hook(int, _plain(int, "a whole number"))
    made.register_structure_hook(float, lambda value, _: number(value))
    made.register_structure_hook_func(_is_literal, _structure_literal)
    made.register_structure_hook_factory(_is_tuple, lambda t: _structure_tuple(made, t))
    made.register_structure_hook_factory(_is_mapping, lambda t: _structure_mapping(made, t))


def _is_literal(t: Any) -> bool:
    origin: Any = typing.get_origin(t)
    return origin is typing.Literal


def _is_tuple(t: Any) -> bool:
    return typing.get_origin(t) is tuple


def _is_mapping(t: Any) -> bool:
    return typing.get_origin(t) is Mapping


def _plain(kind: type, name: str) -> _Structure:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise wrong_type(value, name)
        return value

    return structure


def wrong_type(value: Any, expected: str) -> MisfitError:
    """Return the error for a value that is not of the expected type."""
    example = ", such as { name = value }" if expected == "a table" else ""
    what = f"{_describe(value)} was given where {expected} is needed"
    return MisfitError(what, f"write {expected}{example}")


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    is_long = isinstance(value, int) and value.bit_length() > 64
    return "a very long number" if is_long else repr(value)[:60]


def number(value: Any) -> float:
    """Return a finite number unchanged.

    Raises
    ------
    MisfitError
        If the value is not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, "a number")
    if not _is_finite(value):
        raise MisfitError("this is not a finite number", "write a number in the range of a double")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that is too large
        return False


def _structure_literal(value: Any, t: Any) -> Any:
    valid = typing.get_args(t)
    if value in valid:
        return value
    remedy = suggest(str(value), valid)
    raise MisfitError(f"{_describe(value)} is not valid here", remedy)


def _structure_tuple(made: cattrs.Converter, t: Any) -> _Structure:
    inner: Any = types.GenericAlias(list, (typing.get_args(t)[0],))
    return _only(list, "a list", lambda value, _: tuple(made.structure(value, inner)))


def _structure_mapping(made: cattrs.Converter, t: Any) -> _Structure:
    inner: Any = types.GenericAlias(dict, (str, typing.get_args(t)[1]))
    return _only(dict, "a table", lambda value, _: made.structure(value, inner))


def _only(kind: type, name: str, convert: _Structure) -> _Structure:
    """Return the conversion of values of one type; all others are refused."""

    def structure(value: Any, t: Any) -> Any:
        if not isinstance(value, kind):
            raise wrong_type(value, name)
        return convert(value, t)

    return structure


def structure_record(made: cattrs.Converter) -> Callable[[Any], _Structure]:
    """Return a factory of functions that convert a table to a dataclass."""

    def factory(cls: Any) -> _Structure:
        generated = make_dict_structure_fn(cls, made, _cattrs_forbid_extra_keys=True)
        return _only(dict, "a table", generated)

    return factory


def unstructure_record(made: cattrs.Converter) -> Callable[[Any], Callable[[Any], Any]]:
    """Return a factory of functions that convert a dataclass to a table without defaults."""

    def factory(cls: Any) -> Callable[[Any], Any]:
        required: dict[str, Any] = {
            f.name: override(omit_if_default=False)
            for f in dataclasses.fields(cls)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        }
        return make_dict_unstructure_fn(cls, made, _cattrs_omit_if_default=True, **required)

    return factory
