"""Meaning and unit of each field of a record, as its docstring in NumPy style states them."""

import inspect
import re
import textwrap
from dataclasses import dataclass

__all__ = ["FieldText", "field_texts", "record_text"]

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+(?:, \w+)*) : ([^\n]+)\n((?:(?: {4}[^\n]*)?(?:\n|\Z))+)", re.MULTILINE)
_UNIT = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldText:
    """Unit and meaning of a field, from a docstring.

    Parameters
    ----------
    unit : str
        Text in brackets after the type; "" if there is none.
    meaning : str
        The description, on one line.
    """

    unit: str
    meaning: str


def record_text(record: type) -> str:
    """Return the docstring of a record without its sections.

    Examples
    --------
    >>> from pkqsp_bayes.spec import PoolSpec
    >>> record_text(PoolSpec)[:13]
    'A blood pool:'
    """
    return _SECTION.split(inspect.getdoc(record) or "")[0].strip()


def field_texts(record: type) -> dict[str, FieldText]:
    """Return what the docstring of a record states of each of its fields.

    Examples
    --------
    >>> from pkqsp_bayes.spec import PoolSpec
    >>> field_texts(PoolSpec)["volume"].unit
    'L'
    """
    parts = _SECTION.split(inspect.getdoc(record) or "")
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    found: dict[str, FieldText] = {}
    for names, kind, text in _ENTRY.findall(sections.get("Parameters", "") + "\n"):
        unit = _UNIT.search(kind)
        meaning = " ".join(textwrap.dedent(text).split())
        for name in names.split(", "):
            found[name] = FieldText(unit=unit[1] if unit else "", meaning=meaning)
    return found
