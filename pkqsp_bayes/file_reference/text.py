"""The reference as Markdown for the documentation, and as plain text for the terminal."""

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pkqsp_bayes.file_reference.files import FILES
from pkqsp_bayes.file_reference.find_examples import key_example, table_example
from pkqsp_bayes.file_reference.tables import Key, Table, list_tables
from pkqsp_bayes.spec.priors.prior_grammar import FAMILIES

__all__ = ["families_markdown", "plain_reference", "reference_markdown"]

_WIDTH = 96
_ROLE = re.compile(r"(?<!`)`([\w.]+)`(?!`)")


def reference_markdown(kind: str) -> str:
    """Return the reference of a kind of file in Markdown, a section per table.

    Parameters
    ----------
    kind : str
        A name of `FILES`.

    Examples
    --------
    >>> reference_markdown("causal").splitlines()[0]
    '## Top level of the causal claim { #causal }'
    """
    tables = list_tables(FILES[kind].record)
    return "\n\n".join(_section(kind, table, _places(tables)) for table in tables) + "\n"


def families_markdown() -> str:
    """Return the families of priors as a table in Markdown.

    Examples
    --------
    >>> families_markdown().splitlines()[2]
    '| `normal(mean, sd)` | -inf to inf |'
    """
    lines = ["| prior | values |", "|---|---|"]
    for name, family in FAMILIES.items():
        call = f"{name}({', '.join(family.arguments)})" if family.arguments else name
        support = "" if family.support is None else "{:g} to {:g}".format(*family.support)
        lines.append(f"| `{call}` | {support} |")
    return "\n".join(lines)


def plain_reference(kind: str, table: Table) -> str:
    """Return the reference of a table as plain text.

    Parameters
    ----------
    kind : str
        Kind of the file.
    table : Table
        The table.

    Examples
    --------
    >>> from pkqsp_bayes.spec import PoolSpec
    >>> pools = next(t for t in list_tables(FILES["model"].record) if t.record is PoolSpec)
    >>> print(plain_reference("model", pools))
    [pools.<name>]
    A blood pool: [pools.arterial], [pools.venous], or one pool [pools.blood].
    <BLANKLINE>
    volume  (quantity, L; required)
        Volume; <pool>.V in expressions.
        volume = "0.025 * WT"
    """
    places = _places(list_tables(FILES[kind].record))
    text = _plain(_markdown(table.text, places))
    parts = ["\n".join([table.header or "top level", *textwrap.wrap(text, _WIDTH)])]
    parts += [_plain_key(kind, table, key, places) for key in table.keys]
    return "\n\n".join(parts)


def _plain_key(kind: str, table: Table, key: Key, places: Mapping[str, str]) -> str:
    meaning = _plain(_markdown(key.meaning, places))
    lines = textwrap.wrap(meaning, _WIDTH - 4, break_on_hyphens=False)
    lines.append(key_example(kind, table, key))
    return "\n".join([f"{key.name}  ({_value_text(key)})", *("    " + line for line in lines)])


def _value_text(key: Key) -> str:
    """Return type, unit, allowed values and default of a key."""
    unit = {"": "", "1": ", dimensionless", "any": ", any unit"}.get(key.unit, f", {key.unit}")
    allowed = f": {', '.join(key.allowed)}" if key.allowed else ""
    default = f"; default {key.default}" if key.default not in ("", "required") else ""
    return f"{key.kind}{unit}{allowed}{default}{'; required' if key.default == 'required' else ''}"


def _section(kind: str, table: Table, places: Mapping[str, str]) -> str:
    title = f"`{table.header}`" if table.path else f"Top level of the {FILES[kind].title}"
    level = "##" if table.path.count(".") <= 1 else "###"
    parts = [f"{level} {title} {{ #{_anchor(kind, table.path)} }}", _markdown(table.text, places)]
    if example := table_example(kind, table):
        parts.append(f"```toml\n{example}```")
    parts.append("\n".join(_rows(kind, table, places)))
    return "\n\n".join(parts)


def _rows(kind: str, table: Table, places: Mapping[str, str]) -> Iterator[str]:
    yield "| key | value | meaning and example |"
    yield "|---|---|---|"
    for key in table.keys:
        name = f"`{key.name}`"
        if key.table:
            name = f"[{name}](#{_anchor(kind, key.table)})"
        meaning = _markdown(key.meaning, places)
        example = _cell(key_example(kind, table, key))
        yield f"| {name} | {_value_markdown(key)} | {_pipe(meaning)}<br>{example} |"


def _value_markdown(key: Key) -> str:
    parts = [_value_text(replace(key, allowed=(), default=""))]
    if key.allowed:
        parts.append(", ".join(f"`{value}`" for value in key.allowed))
    if key.default == "required":
        parts.append("**required**")
    elif key.default:
        parts.append(f"default `{key.default}`")
    return "<br>".join(parts)


def _anchor(kind: str, path: str) -> str:
    name = re.sub(r"[^\w]+", "-", path.replace("<name>", "name")).strip("-")
    return f"{kind}-{name}" if name else kind


def _cell(example: str) -> str:
    return f"`{_pipe(example)}`" if example else ""


def _pipe(text: str) -> str:
    return text.replace("|", "\\|")


def _places(tables: list[Table]) -> dict[str, str]:
    """Return the path of the table of each record, by the name of its class."""
    found: dict[str, str] = {}
    for table in tables:
        found.setdefault(table.record.__name__, table.path)
    return found


def _markdown(text: str, places: Mapping[str, str]) -> str:
    """Return a docstring in Markdown; names of records become paths of tables."""
    return _ROLE.sub(lambda found: f"`{_place(found[1], places)}`", text).replace("``", "`")


def _place(name: str, places: Mapping[str, str]) -> str:
    record, _, field = name.partition(".")
    if record not in places:
        return name
    return f"{places[record]}.{field}" if field else f"[{places[record]}]"


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())
