"""Types of the keys of a file, as text, from the annotations of the records."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["allowed_values", "describe_kind", "nested_record"]

_PLAIN = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Quantity: "quantity",
    PriorSpec: "prior",
}
_PLURALS = {"quantity": "quantities"}
_VALUES = (Quantity, PriorSpec)
"""Records that a file writes as a single value."""


def describe_kind(hint: Any) -> str:
    """Return the type of a key as text.

    Examples
    --------
    >>> describe_kind(tuple[str, ...]), describe_kind(PriorSpec | float | None)
    ('list of texts', 'prior or number')
    >>> describe_kind(Mapping[str, Quantity])
    'table of quantities'
    """
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return "text"
    if origin is tuple:
        return f"list of {_plural(describe_kind(typing.get_args(hint)[0]))}"
    if origin is Mapping:
        return f"table of {_plural(describe_kind(typing.get_args(hint)[1]))}"
    if origin in (typing.Union, types.UnionType):
        parts = [describe_kind(part) for part in _without_none(hint)]
        return " or ".join(dict.fromkeys(sorted(parts, key=lambda part: part != "prior")))
    return _PLAIN.get(hint, "table")


def allowed_values(hint: Any) -> tuple[str, ...]:
    """Return the texts that a key allows, or that its list allows; empty if any text is valid.

    Examples
    --------
    >>> allowed_values(tuple[typing.Literal["log", "logit"], ...])
    ('log', 'logit')
    """
    if typing.get_origin(hint) is typing.Literal:
        return tuple(str(value) for value in typing.get_args(hint))
    inner = [part for part in typing.get_args(hint) if part is not Ellipsis]
    return tuple(value for part in inner for value in allowed_values(part))


def nested_record(hint: Any) -> tuple[type, str] | None:
    """Return the record of a table within a table, and what its path adds to that of the key.

    Examples
    --------
    >>> from pkqsp_bayes.spec import OrganSpec
    >>> nested_record(Mapping[str, OrganSpec])[1], nested_record(OrganSpec | None)[1]
    ('.<name>', '')
    """
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and hint not in _VALUES:
        return hint, ""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple or (origin is not Mapping and inner):
        found = [nested_record(part) for part in inner if part is not Ellipsis]
        return next((one for one in found if one is not None), None)
    if origin is Mapping and (one := nested_record(inner[1])) is not None:
        return one[0], f".<name>{one[1]}"
    return None


def _plural(kind: str) -> str:
    """Return the plural of a type.

    Examples
    --------
    >>> _plural("prior or number"), _plural("list of numbers")
    ('priors or numbers', 'lists of numbers')
    """
    first, *more = kind.split(" ", 1)
    if more and more[0].startswith("of "):
        return f"{first}s {more[0]}"
    return " or ".join(_PLURALS.get(part, f"{part}s") for part in kind.split(" or "))


def _without_none(hint: Any) -> list[Any]:
    return [part for part in typing.get_args(hint) if part is not type(None)]
