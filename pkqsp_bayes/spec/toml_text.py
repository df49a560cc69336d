"""Plain data to readable TOML: sections as tables, what is inside them in one line each."""

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
        Texts, numbers, truth values, lists and tables, as `tomllib` gives them.

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
    """Text with line breaks keeps them; everything else goes in one line."""
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
    raise TypeError(f"{type(value).__name__} has no place in a model file")


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for the one control character that JSON lets through.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)
