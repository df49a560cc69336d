"""Column names of a table: upper or lower case, units behind the name, names given by the user."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.identifiers import nearest
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
    names = _named(header, bare, chosen)
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        first = seen.setdefault(name.lower(), index)
        if first != index:
            issues.append(_twice(name, header[first].strip(), header[index].strip(), source))
    issues += [*_unreadable(bare, source), *_hidden_units(bare, names, source)]
    return names, {n: u for n, u in zip(names, units, strict=True) if u is not None}, issues


def _named(header: Sequence[str], bare: Sequence[str], chosen: Mapping[int, str]) -> list[str]:
    """Return the name of each column; one whose name the user gives to another gets a new one."""
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
    what = f"two columns mean {name}: {one!r} and {other!r}"
    remedy = f'say which one: columns = {{ {name} = "{one}" }}'
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
            remedy = "give the whole text of one header, or rename one of them in the file"
            what = f"columns= calls {wanted!r} {name}, and several columns are called so: {found}"
            issues.append(Issue(where=source, what=what, remedy=remedy))
        else:
            guess = nearest(wanted, bare)
            remedy = f"did you mean {guess}?" if guess else "the columns are " + ", ".join(bare)
            what = f"there is no column {wanted!r}, which columns= calls {name}"
            issues.append(Issue(where=source, what=what, remedy=remedy))
    return chosen, issues


def _places(wanted: str, header: Sequence[str], bare: Sequence[str]) -> list[int]:
    """Return the columns that a name means: a whole header before a name without its unit."""
    texts = [text.strip() for text in header]
    for target, cells in ((wanted, texts), (wanted.lower(), [t.lower() for t in texts]),
                          (wanted, bare), (wanted.lower(), [b.lower() for b in bare])):  # fmt: skip
        found = [index for index, text in enumerate(cells) if text == target]
        if found:
            return found
    return []
