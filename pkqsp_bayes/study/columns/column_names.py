"""Column names of a table: case, units in headers, and names given by the user."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.units import UnitError, check_unit

__all__ = ["KNOWN", "bare_name", "resolve_names"]

KNOWN: dict[str, str] = {
    "ID": "ID", "SUBJECT": "ID", "SUBJID": "ID", "TIME": "TIME", "DATE": "DATE", "EVID": "EVID",
    "AMT": "AMT", "RATE": "RATE", "II": "II", "ADDL": "ADDL", "SS": "SS", "CMT": "CMT", "DV": "DV",
    "DVID": "DVID", "MDV": "MDV", "BLQ": "BLQ", "CENS": "BLQ", "BLOQ": "BLQ", "BQL": "BLQ",
    "DAT1": "DATE", "DAT2": "DATE", "DAT3": "DATE",
    "LLOQ": "LLOQ", "LOQ": "LLOQ", "ULOQ": "ULOQ", "LIMIT": "LIMIT", "ASSAY": "ASSAY", "OCC": "OCC",
}  # fmt: skip
"""Canonical names by recognised names in upper case."""

_WITH_UNIT = re.compile(r"\s*(?P<name>[^\[\]()]*?)\s*(?:\[(?P<a>[^\]]*)\]|\((?P<b>.*)\))?\s*")
_GLUED = re.compile(
    r"(?P<name>DV|AMT|RATE|II|TIME|LLOQ|LOQ|ULOQ|LIMIT)[\s_{<:.,|-]+(?P<unit>[^\s{}<>]+)[}>]?",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(r"\s*(\w+)")


def resolve_names(
    header: Sequence[str], columns: Mapping[str, str], *, source: str
) -> tuple[list[str], dict[str, str], list[Issue]]:
    """Return the name of each column in this package, the units in the header, and all problems.

    Parameters
    ----------
    header : sequence of str
        Names in the file; a unit may follow, ``DV [ng/mL]``.
    columns : mapping of str to str
        User-defined: canonical name, or name of a covariate, to the name in the file.
    source : str
        File name, for messages.

    Returns
    -------
    list of str
        Canonical names, and covariates as spelled in the file or by the user.
    dict of str to str
        Unit by name.
    list of Issue
        Duplicated or missing names.

    Examples
    --------
    >>> resolve_names(["id", "Time [min]", "conc", "wt"], {"DV": "conc"}, source="f")[:2]
    (['ID', 'TIME', 'DV', 'wt'], {'TIME': 'min'})
    """
    bare, units = zip(*(_split(name) for name in header), strict=True) if header else ((), ())
    chosen, issues = _chosen(header, bare, columns, source)
    names = _named(header, bare, chosen)
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(name.lower(), index)
        if first != index:
            issues.append(_twice(name, header[first].strip(), header[index].strip(), source))
    issues += [*_unreadable(bare, source), *_hidden_units(bare, names, source)]
    return names, {n: u for n, u in zip(names, units, strict=True) if u is not None}, issues


def _named(header: Sequence[str], bare: Sequence[str], chosen: Mapping[int, str]) -> list[str]:
    """Return the names of the columns; a column whose name is given to another one is renamed."""
    names: list[str] = []
    taken = {name.lower() for name in chosen.values()}
    for index, name in enumerate(bare):
        known = KNOWN.get(name.upper(), name)
        if index not in chosen and known.lower() in taken:
            known = f"{name} of the file"
            while known.lower() in (earlier.lower() for earlier in names):
                known = f"{known}, {header[index].strip()}"
        names.append(chosen.get(index, known))
    return names


def _twice(name: str, one: str, other: str, source: str) -> Issue:
    what = f"two columns are read as {name}: {one!r} and {other!r}"
    remedy = f'state which one to read: columns = {{ {name} = "{one}" }}'
    if one == other:
        remedy = "rename one of them in the file"
    return Issue(where=source, what=what, remedy=remedy)


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
    """Report names that begin with a known name but cannot be read as that name."""
    found = []
    for name in bare:
        word = _FIRST_WORD.match(name)
        if word and word[1].upper() in KNOWN and re.search(r"[\[\]()]", name):
            what = f"the column name {name!r} cannot be read"
            remedy = f"write only the name and its unit: {word[1]} [unit]"
            found.append(Issue(where=source, what=what, remedy=remedy))
    return found


def _hidden_units(bare: Sequence[str], names: Sequence[str], source: str) -> Iterator[Issue]:
    """Report headers with a unit outside brackets, ``DV_ng/mL``, if there is no other DV."""
    for name in bare:
        found = _GLUED.fullmatch(name)
        known = KNOWN[found["name"].upper()] if found else ""
        if found is None or known in names or not _is_unit(found["unit"]):
            continue
        what = f"the column {name!r} looks like {known} with a unit, but is not read as {known}"
        remedy = (
            f"write the header {found['name']} [{found['unit']}]; or columns = "
            f'{{ {known} = "{name}" }} and units = {{ {known} = "{found["unit"]}" }}'
        )
        yield Issue(where=source, what=what, remedy=remedy)


def _is_unit(text: str) -> bool:
    try:
        check_unit(text)
    except UnitError:
        return False
    return any(letter.isalpha() for letter in text) or text == "%"


def _chosen(
    header: Sequence[str], bare: Sequence[str], columns: Mapping[str, str], source: str
) -> tuple[dict[int, str], list[Issue]]:
    chosen: dict[int, str] = {}
    issues: list[Issue] = []
    for name, wanted in columns.items():
        places = _places(wanted.strip(), header, bare)
        if len(places) == 1:
            chosen[places[0]] = KNOWN.get(name.upper(), name)
        elif places:
            found = ", ".join(repr(header[i].strip()) for i in places)
            remedy = "state the complete text of one header, or rename one of them in the file"
            what = f"columns= assigns {wanted!r} to {name}, which several columns match: {found}"
            issues.append(Issue(where=source, what=what, remedy=remedy))
        else:
            remedy = suggest(wanted, bare)
            what = f"columns= assigns {wanted!r} to {name}, but this column is missing"
            issues.append(Issue(where=source, what=what, remedy=remedy))
    return chosen, issues


def _places(wanted: str, header: Sequence[str], bare: Sequence[str]) -> list[int]:
    """Return the columns that match a name: complete headers before names without their unit."""
    texts = [text.strip() for text in header]
    for target, cells in ((wanted, texts), (wanted.lower(), [t.lower() for t in texts]),
                          (wanted, bare), (wanted.lower(), [b.lower() for b in bare])):  # fmt: skip
        found = [index for index, text in enumerate(cells) if text == target]
        if found:
            return found
    return []
