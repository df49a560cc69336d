"""TOML documents: safe reading as plain data, and formatting as readable text."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import LARGEST_TEXT
from pkqsp_bayes.files import read_text as read_bounded
from pkqsp_bayes.spec.reading.shorthand import converter
from pkqsp_bayes.spec.reading.structure import collect_issues

__all__ = [
    "LARGEST_FILE",
    "format_document",
    "format_value",
    "load_document",
    "parse_record",
    "read_text",
    "table_issues",
]

LARGEST_FILE = 1_000_000
"""Maximal number of characters of a file."""

MOST_DOTS = 300

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_text(path: str | Path) -> str:
    """Return the text of a file.

    Raises
    ------
    CheckError
        If the file cannot be read, is not a regular file, is too large, or is not UTF-8.
    """
    return read_bounded(path, limit=LARGEST_TEXT)


def load_document(text: str, where: str) -> dict[str, Any]:
    """Return TOML text as plain data.

    Parameters
    ----------
    text : str
        TOML 1.0.
    where : str
        Name of the file, for messages.

    Raises
    ------
    CheckError
        A syntax error with line and column; text that is too large or too deeply nested.

    Examples
    --------
    >>> load_document("a = 1", "file")
    {'a': 1}
    """
    if len(text) > LARGEST_FILE:
        what = f"the file has more than {LARGEST_FILE} characters"
        raise CheckError(
            [
                Issue(
                    where=where,
                    what=what,
                    remedy="check the file: files of this kind are much smaller",
                )
            ]
        )
    for line, content in enumerate(text.split("\n"), start=1):
        # The parser needs minutes for a dotted key with thousands of parts.
        if len(content) > MOST_DOTS and any(p.count(".") > MOST_DOTS for p in content.split("=")):
            what = f"one key has more than {MOST_DOTS} dots"
            raise CheckError(
                [Issue(where=f"{where}, line {line}", what=what, remedy="shorten the key")]
            )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CheckError([_syntax_issue(str(error), where)]) from None
    except (ValueError, RecursionError):  # a number with thousands of digits, deep nesting
        what = "a number is too long, or a list is nested too deeply"
        raise CheckError(
            [Issue(where=where, what=what, remedy="check the file for such a number or list")]
        ) from None


def parse_record[Record](text: str, kind: type[Record], where: str) -> Record:
    r"""Return the record that a TOML text states.

    Parameters
    ----------
    text : str
        TOML 1.0.
    kind : type
        Class of the record.
    where : str
        Name of the file, for messages.

    Raises
    ------
    CheckError
        Each problem with its path in the file; also as `load_document`.

    Examples
    --------
    >>> from pkqsp_bayes.spec.quantity import Quantity
    >>> parse_record('value = 1.0\nunit = "L"', Quantity, "file")
    Quantity(value=1.0, unit='L')
    """
    document = load_document(text, where)
    try:
        return converter().structure(document, kind)
    except Exception as error:  # cattrs groups errors of every kind
        raise CheckError(collect_issues(error, where=where)) from None


_TABLES = (".csv", ".tsv", ".tab", ".dat", ".txt", ".xls", ".xlsx", ".csv.gz")
"""Suffixes of names of tables, which models do not have."""


def table_issues(where: str, path: str | Path) -> list[Issue]:
    """Return an issue if the name of a model file is that of a table.

    Examples
    --------
    >>> [issue.remedy for issue in table_issues("model", "study.csv")]
    ['it looks like a table: give the model first, then the study']
    """
    if not str(path).lower().endswith(_TABLES):
        return []
    remedy = "it looks like a table: give the model first, then the study"
    return [Issue(where=where, what=f"{path} is not a model", remedy=remedy)]


def _syntax_issue(message: str, where: str) -> Issue:
    found = _PLACE.search(message)
    what = "not TOML: " + (message[: found.start()] if found else message)
    if wrong_kind := table_issues(where, where):
        return wrong_kind[0]
    if found is None:
        return Issue(where=where, what=what, remedy="correct the syntax")
    line, column = found.groups()
    place = f"line {line}, column {column}" if line else "at the end of the file"
    return Issue(where=f"{where}, {place}", what=what, remedy="correct the syntax there")


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ONE_LINE = ("drug", "body", "covariates", "parameters", "pools", "lump", "antibody", "equations",
             "partition", "blood", "population", "study")  # fmt: skip
_FIELDS_APART = ("text", "equations")


def format_document(document: Mapping[str, Any]) -> str:
    """Return TOML text of a model file.

    Parameters
    ----------
    document : mapping
        Texts, numbers, booleans, lists and tables, as from `tomllib`.

    Examples
    --------
    >>> print(format_document({"title": "demo", "organs": {"liver": {"volume": "0.026 * WT"}}}))
    title = "demo"
    <BLANKLINE>
    [organs.liver]
    volume = "0.026 * WT"
    <BLANKLINE>
    """
    top: list[str] = []
    sections: list[list[str]] = []
    for key, value in document.items():
        if key == "equations" and isinstance(value, str):
            sections.append(_section("equations", {"text": value}))
        elif isinstance(value, Mapping):
            sections.extend(_sections(key, value))
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            sections.extend(["[[" + key + "]]", *_lines(entry)] for entry in value)
        else:
            top.append(f"{_key(key)} = {_top_level(value)}")
    return "\n\n".join("\n".join(lines) for lines in [top, *sections] if lines) + "\n"


def format_value(value: Any) -> str:
    """Return a value in TOML, on one line.

    Examples
    --------
    >>> format_value({"value": 2.9, "unit": "L/day"})
    '{ value = 2.9, unit = "L/day" }'
    """
    return _inline(value)


def _sections(name: str, table: Mapping[str, Any]) -> Iterator[list[str]]:
    flat = name in _ONE_LINE or not all(isinstance(v, Mapping) for v in table.values())
    if flat:
        yield _section(name, table)
        return
    for key, value in table.items():
        yield _section(f"{name}.{_key(key)}", value)


def _section(header: str, table: Mapping[str, Any]) -> list[str]:
    return [f"[{header}]", *_lines(table)]


def _lines(table: Mapping[str, Any]) -> list[str]:
    return [
        f"{_key(key)} = {_long_text(value) if key in _FIELDS_APART else _inline(value)}"
        for key, value in table.items()
    ]


def _top_level(value: Any) -> str:
    return _long_text(value) if isinstance(value, str) else _inline(value)


def _long_text(value: Any) -> str:
    """Format text with line breaks as a multi-line string, all other values on one line."""
    if not isinstance(value, str) or "\n" not in value:
        return _inline(value)
    lines = (_quoted(line)[1:-1] for line in value.split("\n"))
    # The line break after the opening quotes is not part of the text.
    return '"""\n' + "\n".join(lines) + '"""'


def _inline(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        parts = [f"{_key(key)} = {_inline(inner)}" for key, inner in value.items()]
        return "{ " + ", ".join(parts) + " }" if parts else "{}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_inline(inner) for inner in value) + "]"
    raise TypeError(f"{type(value).__name__} cannot be written to a model file")


def _quoted(text: str) -> str:
    # JSON's escapes are valid in TOML, except for one control character that JSON does not escape.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)
