"""Tables of a file, with their keys: path, type, unit, default, allowed values, meaning."""

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.file_reference.docstring import FieldText, field_texts, record_text
from pkqsp_bayes.file_reference.files import FILES
from pkqsp_bayes.file_reference.kinds import allowed_values, describe_kind, nested_record
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.body import BodySpec
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import ObservationSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.reading.documents import format_value
from pkqsp_bayes.spec.reading.shorthand import converter
from pkqsp_bayes.spec.reading.structure import HIDDEN_FIELDS

__all__ = ["Key", "Table", "find_tables", "list_tables"]


_TOP = "Keys before the first table."


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a table.

    Parameters
    ----------
    name : str
        The key; ``<name>`` if the user names it.
    kind : str
        Type of the value.
    unit : str
        Natural unit of a quantity, or unit of a number; "1" is dimensionless, "" states none.
    default : str
        Default in TOML; "required" if there is none, "" if the key may be missing.
    allowed : tuple of str
        Valid texts; empty if any text is valid.
    meaning : str
        Description.
    table : str
        Path of the table that is the value; "" for other values.
    """

    name: str
    kind: str
    unit: str
    default: str
    allowed: tuple[str, ...]
    meaning: str
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of a file.

    Parameters
    ----------
    path : str
        Path, such as ``organs.<name>``; "" for the top level.
    is_list : bool
        Whether the file has a list of such tables, ``[[link]]``.
    record : type
        The record that is read.
    text : str
        Description, in reStructuredText.
    keys : tuple of Key
        The keys, in the order of the record.
    """

    path: str
    is_list: bool
    record: type
    text: str
    keys: tuple[Key, ...]

    @property
    def header(self) -> str:
        """Return the header in TOML; "" for the top level."""
        if not self.path:
            return ""
        return f"[[{self.path}]]" if self.is_list else f"[{self.path}]"

    @property
    def summary(self) -> str:
        """Return the first sentence of the description, without marks."""
        return self.text.partition("\n\n")[0].replace("`", "").replace("\n", " ")


def list_tables(record: type) -> list[Table]:
    """Return the tables of a file, from the top level down.

    Parameters
    ----------
    record : type
        Record of the complete file, such as `ModelSpec`.

    Examples
    --------
    >>> tables = list_tables(ModelSpec)
    >>> [table.header for table in tables][:3]
    ['', '[drug]', '[body]']
    >>> [key.default for key in tables[1].keys if key.name == "name"]
    ['required']
    """
    return list(_tables(record, "", is_list=False))


def find_tables(record: type, name: str) -> list[Table]:
    """Return the tables with a path, or below it, in any spelling of the header.

    If only another kind of file has such a table, the remedy names that kind.

    Parameters
    ----------
    record : type
        Record of the complete file.
    name : str
        Path: ``organs``, ``population.omega``, ``[qsp.<name>.metabolism]``.

    Raises
    ------
    CheckError
        If there is no such table.

    Examples
    --------
    >>> [table.path for table in find_tables(ModelSpec, "qsp")]
    ['qsp.<name>', 'qsp.<name>.metabolism']
    """
    wanted = _bare(name)
    found = _below(record, wanted)
    if not found:
        paths = list(dict.fromkeys(_bare(t.path) for t in list_tables(record) if t.path))
        others = [kind for kind, file in FILES.items() if _below(file.record, wanted)]
        remedy = " or ".join(
            f"a {FILES[kind].title} has it: add {setting('file', kind)}" for kind in others
        )
        what = f"there is no table {name!r}"
        raise CheckError([Issue(where="table", what=what, remedy=remedy or suggest(wanted, paths))])
    return found


def _below(record: type, wanted: str) -> list[Table]:
    return [t for t in list_tables(record) if f"{_bare(t.path)}.".startswith(f"{wanted}.")]


def _bare(path: str) -> str:
    bare = path.strip("[] ").replace(".<name>", "")
    return "covariates" if bare == "body.covariates" else bare


def _tables(record: type, path: str, *, is_list: bool) -> Iterator[Table]:
    keys = tuple(_keys(record, path))
    text = record_text(record) if path else _TOP
    yield Table(path=path, is_list=is_list, record=record, text=text, keys=keys)
    for name, hint in _hints(record).items():
        if (nested := nested_record(hint)) is not None:
            is_list_there = typing.get_origin(hint) is tuple
            yield from _tables(
                nested[0], _path(record, path, name, nested[1]), is_list=is_list_there
            )


def _hints(record: type) -> dict[str, typing.Any]:
    hints = typing.get_type_hints(record)
    return {f.name: hints[f.name] for f in dataclasses.fields(record) if f.init}


def _path(record: type, path: str, name: str, more: str) -> str:
    """Return the path of a nested table; a hidden field is not part of it."""
    hidden = name in HIDDEN_FIELDS.get(record.__name__, ())
    own = more.removeprefix(".") if hidden else f"{name}{more}"
    return f"{path}.{own}" if path else own


def _keys(record: type, path: str) -> Iterator[Key]:
    texts = field_texts(record)
    for field in dataclasses.fields(record):
        if field.init:
            yield _key(record, path, field, texts.get(field.name, FieldText(unit="", meaning="")))
    yield from _more_keys(record)


def _key(record: type, path: str, field: dataclasses.Field[typing.Any], text: FieldText) -> Key:
    hint = _hints(record)[field.name]
    nested = nested_record(hint)
    hidden = field.name in HIDDEN_FIELDS.get(record.__name__, ())
    return Key(
        name="<name>" if hidden else field.name,
        kind=describe_kind(typing.get_args(hint)[1]) if hidden else describe_kind(hint),
        unit=text.unit,
        default="" if hidden else _default(field),
        allowed=allowed_values(hint),
        meaning=text.meaning,
        table=_path(record, path, field.name, nested[1]) if nested else "",
    )


def _default(field: dataclasses.Field[typing.Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return ""
    if field.default is dataclasses.MISSING:
        return "required"
    value = converter().unstructure(field.default)
    return "" if value in (None, "", []) else format_value(value)


def _more_keys(record: type) -> Iterator[Key]:
    """Yield keys that a table has in the file only: fields of records with a level less."""
    if record is ObservationSpec:
        meaning = field_texts(Quantity)["unit"].meaning
        yield Key(name="unit", kind="text", unit="", default="", allowed=(), meaning=meaning)
    if record is BodySpec:
        meaning = field_texts(ModelSpec)["covariates"].meaning
        yield Key(
            name="covariates", kind="table of tables", unit="", default="", allowed=(),
            meaning=meaning, table="covariates.<name>",
        )  # fmt: skip
