"""Formatting of plain data as readable TOML: sections as tables, their content on one line each."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["format_document"]

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
