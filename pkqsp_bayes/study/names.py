"""Column names of a table: upper or lower case, units behind the name, names given by the user."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.names import nearest
from pkqsp_bayes.units import UnitError, parse_unit

__all__ = ["KNOWN", "bare_name", "resolve_names"]

KNOWN: dict[str, str] = {
    "ID": "ID", "SUBJECT": "ID", "SUBJID": "ID", "TIME": "TIME", "DATE": "DATE", "EVID": "EVID",
    "AMT": "AMT", "RATE": "RATE", "II": "II", "ADDL": "ADDL", "SS": "SS", "CMT": "CMT", "DV": "DV",
    "DVID": "DVID", "MDV": "MDV", "BLQ": "BLQ", "CENS": "BLQ", "BLOQ": "BLQ", "BQL": "BLQ",
    "DAT1": "DATE", "DAT2": "DATE", "DAT3": "DATE",
    "LLOQ": "LLOQ", "LOQ": "LLOQ", "ULOQ": "ULOQ", "LIMIT": "LIMIT", "ASSAY": "ASSAY", "OCC": "OCC",
}  # fmt: skip
"""Names that mean something, in upper case, to the canonical ones."""

_WITH_UNIT = re.compile(r"\s*(?P<name>[^\[\]()]*?)\s*(?:\[(?P<a>[^\]]*)\]|\((?P<b>.*)\))?\s*")
_GLUED = re.compile(
    r"(?P<name>DV|AMT|RATE|II|TIME|LLOQ|LOQ|ULOQ|LIMIT)[\s_{<:.,|-]+(?P<unit>[^\s{}<>]+)[}>]?",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"\s*(\w+)")


def resolve_names(
    header: Sequence[str], columns: Mapping[str, str], *, source: str
) -> tuple[list[str], dict[str, str], list[Issue]]:
    """Return what each column is called here, the units in the header, and what is wrong.

    Parameters
    ----------
    header : sequence of str
        Names as the file has them; a unit may follow, ``DV [ng/mL]``.
    columns : mapping of str to str
        The user's: canonical name, or name of a covariate, to the name in the file.
    source : str
        The file, for messages.

    Returns
    -------
    list of str
        Canonical names, and covariates as the file or the user spells them.
    dict of str to str
        Unit by name.
    list of Issue
        Names given twice, or not there.

    Examples
    --------
    >>> resolve_names(["id", "Time [min]", "conc", "wt"], {"DV": "conc"}, source="f")[:2]
    (['ID', 'TIME', 'DV', 'wt'], {'TIME': 'min'})
    """
    bare, units = zip(*(_split(name) for name in header), strict=True) if header else ((), ())
    chosen, issues = _chosen(header, bare, columns, source)
    taken = {name.upper() for name in chosen.values()}
    names = [chosen.get(i, _canonical(name, taken)) for i, name in enumerate(bare)]
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(name.lower(), index)
        if first != index:
            what = f"two columns mean {name}: {header[first]!r} and {header[index]!r}"
            remedy = f'say which one: columns = {{ {name} = "{bare[index]}" }}'
            issues.append(Issue(where=source, what=what, remedy=remedy))
    issues += [*_unreadable(bare, source), *_hidden_units(bare, names, source)]
    return names, {n: u for n, u in zip(names, units, strict=True) if u is not None}, issues


def bare_name(name: str) -> str:
    """Return the name of a column without its unit.

    Examples
    --------
    >>> bare_name("DV [ng/mL]")
    'DV'
    """
    return _split(name)[0]


def _split(name: str) -> tuple[str, str | None]:
    found = _WITH_UNIT.fullmatch(name)
    if found is None or not found["name"]:
        return name.strip(), None
    return found["name"], found["a"] if found["a"] is not None else found["b"]


def _unreadable(bare: Sequence[str], source: str) -> list[Issue]:
    """Report names that begin as a known one does, and go on in a way that hides it."""
    found = []
    for name in bare:
        word = _FIRST_WORD.match(name)
        if word and word[1].upper() in KNOWN and re.search(r"[\[\]()]", name):
            what = f"the column name {name!r} cannot be read"
            remedy = f"write the name and its unit alone: {word[1]} [unit]"
            found.append(Issue(where=source, what=what, remedy=remedy))
    return found


def _hidden_units(bare: Sequence[str], names: Sequence[str], source: str) -> Iterator[Issue]:
    """Report ``DV_ng/mL`` and the like where there is no other DV: a unit out of its brackets."""
    for name in bare:
        found = _GLUED.fullmatch(name)
        known = KNOWN[found["name"].upper()] if found else ""
        if found is None or known in names or not _is_unit(found["unit"]):
            continue
        what = f"the column {name!r} looks like {known} with a unit, and is not read as it"
        remedy = (
            f"write the header {found['name']} [{found['unit']}]; or columns = "
            f'{{ {known} = "{name}" }} and units = {{ {known} = "{found["unit"]}" }}'
        )
        yield Issue(where=source, what=what, remedy=remedy)


def _is_unit(text: str) -> bool:
    try:
        parse_unit(text)
    except UnitError:
        return False
    return any(letter.isalpha() for letter in text) or text == "%"


def _canonical(name: str, taken: set[str]) -> str:
    known = KNOWN.get(name.upper())
    if known is None:
        return name
    # Where the user says that another column is DV, the one called so in the file is none.
    return f"{name}_file" if known in taken else known


def _chosen(
    header: Sequence[str], bare: Sequence[str], columns: Mapping[str, str], source: str
) -> tuple[dict[int, str], list[Issue]]:
    places = {name.lower(): index for index, name in enumerate(bare)}
    places |= {name.strip().lower(): index for index, name in enumerate(header)}
    chosen: dict[int, str] = {}
    issues: list[Issue] = []
    for name, wanted in columns.items():
        index = places.get(wanted.strip().lower())
        if index is None:
            guess = nearest(wanted, bare)
            remedy = f"did you mean {guess}?" if guess else "the columns are " + ", ".join(bare)
            what = f"there is no column {wanted!r}, which columns= calls {name}"
            issues.append(Issue(where=source, what=what, remedy=remedy))
        else:
            chosen[index] = KNOWN.get(name.upper(), name)
    return chosen, issues
