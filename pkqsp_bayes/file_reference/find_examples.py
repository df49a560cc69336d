"""Examples of tables and keys, taken from files that the package reads and checks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pkqsp_bayes.file_reference.files import read_examples
from pkqsp_bayes.file_reference.tables import Key, Table
from pkqsp_bayes.spec.reading.documents import format_document, format_value
from pkqsp_bayes.spec.reading.shorthand import OMEGA_KEYS

__all__ = ["key_example", "table_example"]

_NAMED = "<name>"
_OTHERS = {"population": ("omega",), "population.omega": OMEGA_KEYS}
"""Keys with a meaning of their own in tables whose other keys are names of the user."""
_LONGEST = 90
_BARE = re.compile(r"[\w-]+", re.ASCII)


def table_example(kind: str, table: Table) -> str:
    """Return the first table of the examples with a path, in TOML; "" if there is none.

    Parameters
    ----------
    kind : str
        Kind of the file.
    table : Table
        The table.
    """
    found = next(_tables(kind, table), None)
    if found is None or not table.path:
        return ""
    path, values = found
    if table.is_list:
        return format_document({path.replace("\0", "."): [values]})
    return format_document(_nest(path.split("\0"), values)).lstrip("\n")


def key_example(kind: str, table: Table, key: Key) -> str:
    """Return an assignment of a key in TOML, from the examples; "" if there is none.

    Parameters
    ----------
    kind : str
        Kind of the file.
    table : Table
        The table of the key.
    key : Key
        The key.
    """
    if key.table and not table.path:
        return next(_headers(kind, key.table), "")
    lines = [line for _, values in _tables(kind, table) for line in _lines(table, key, values)]
    return min(lines, key=_is_long, default="")


def _headers(kind: str, path: str) -> Iterator[str]:
    """Yield the headers of the tables of the examples with a path."""
    for document in read_examples(kind):
        for names, _ in _walk(document, path.split("."), []):
            parts = names.split("\0")
            header = ".".join(n if _BARE.fullmatch(n) else f'"{n}"' for n in parts)
            yield f"[[{header}]]" if isinstance(document[parts[0]], list) else f"[{header}]"


def _is_long(line: str) -> bool:
    return len(line) > _LONGEST or "\\n" in line


def _lines(table: Table, key: Key, values: Mapping[str, Any]) -> Iterator[str]:
    own = _OTHERS.get(table.path, ())
    for name, value in values.items():
        if name == key.name or (key.name == _NAMED and name not in own):
            yield f"{format_value({name: value})[2:-2]}"


def _tables(kind: str, table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    for document in read_examples(kind):
        for path in _paths(table.path):
            yield from _walk(document, path.split(".") if path else [], [])


def _paths(path: str) -> tuple[str, ...]:
    """Return the paths of a table; covariates are below the body if there is one."""
    return (path, f"body.{path}") if path == "covariates.<name>" else (path,)


def _walk(
    value: Any, parts: Sequence[str], path: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for one in value:
            yield from _walk(one, parts, path)
    elif isinstance(value, dict) and not parts:
        yield "\0".join(path), value
    elif isinstance(value, dict):
        for name in _names(value, parts[0], ".".join(path)):
            yield from _walk(value[name], parts[1:], [*path, name])


def _names(value: Mapping[str, Any], part: str, path: str) -> list[str]:
    if part == _NAMED:
        return [name for name in value if name not in _OTHERS.get(path, ())]
    return [part] if part in value else []


def _nest(path: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    inner = dict(values) if len(path) == 1 else _nest(path[1:], values)
    return {path[0]: inner}
