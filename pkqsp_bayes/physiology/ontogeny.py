"""Ontogeny of enzymes, transporters and proteins, as fractions of the adult value.

There are three kinds of sources: curves from birth on by postnatal age (Salem and others), Hill
curves by postmenstrual age, and tables by postmenstrual age (both from PK-Sim's ontogeny database).
"""

from collections.abc import Mapping

from pkqsp_bayes.arguments import FLAG, TEXT, checked
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ops import NUMPY, OPS, VALUE, Ops, Value
from pkqsp_bayes.physiology.formula_ranges import require
from pkqsp_bayes.physiology.size import AGE_RANGE, GESTATION_RANGE, TERM_WEEKS, postmenstrual_weeks
from pkqsp_bayes.physiology.tables import number, numbers_of, read_table
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.identifiers import suggest

__all__ = ["ontogeny_factor", "ontogeny_proteins", "ontogeny_sources"]

_HILL, _TABLE = "pksim", "pksim-table"
_FILES = {_HILL: "ontogeny_hill", _TABLE: "ontogeny_tables"}

# Activity of CYP3A7 that remains in adults: its curve falls (PK-Sim Ontogeny Database 7.3).
_FALLING = {"CYP3A7": 0.0253}

_WEEKS_PER_YEAR = 365.25 / 7.0

type Row = Mapping[str, str]


def ontogeny_sources() -> tuple[str, ...]:
    """Return the names of the sources.

    Examples
    --------
    >>> ontogeny_sources()[:3]
    ('pksim', 'pksim-table', 'salem-2013')
    """
    sets = dict.fromkeys(row["set"] for row in read_table("ontogeny_fraction"))
    return (_HILL, _TABLE, *sets)


def ontogeny_proteins(source: str, *, organ: str = "liver") -> tuple[str, ...]:
    """Return the proteins that a source describes in an organ, without unverified ones.

    Raises
    ------
    ValueError
        If there is no such source.

    Examples
    --------
    >>> ontogeny_proteins("pksim-table", organ="plasma")
    ('albumin', 'AAG')
    """
    rows = [r for r in _rows(source) if r["organ"] == organ and _verified(r)]
    return tuple(dict.fromkeys(_protein(row) for row in rows))


@checked(
    protein=TEXT, age=VALUE, organ=TEXT, source=TEXT, gestation=VALUE, unverified=FLAG, ops=OPS
)
def ontogeny_factor(
    protein: str,
    age: Value,
    *,
    organ: str = "liver",
    source: str = _HILL,
    gestation: Value = TERM_WEEKS,
    unverified: bool = False,
    ops: Ops = NUMPY,
) -> Value:
    """Return the activity or concentration as a fraction of the adult value.

    Parameters
    ----------
    protein : str
        Such as ``"CYP3A4"``, ``"UGT1A1"``, ``"albumin"``.
    age : Value
        Postnatal age, years; it may be negative (before birth) if the source uses
        postmenstrual age.
    organ : str
        ``liver``, ``duodenum``, ``gut``, ``kidneys``, ``plasma``, depending on the source.
    source : str
        One of `ontogeny_sources`.
    gestation : Value
        Gestational age at birth, weeks, for sources that use postmenstrual age.
    unverified : bool
        Whether to accept a curve that was not confirmed by a readable source.
    ops : Ops
        Operations for the type of the numbers.

    Raises
    ------
    CheckError
        If the age is not possible, or the gestational age is not 22 to 44 weeks.
    ValueError
        If the source or the curve is unknown, or the curve is unverified.

    Examples
    --------
    PK-Sim's table has 0.12 at birth; the underlying Hill curve:

    >>> round(float(ontogeny_factor("CYP3A4", 0.0)), 3)
    0.119
    """
    _require_age(source, age, gestation)
    rows = _find(protein, organ, source, unverified=unverified)
    if source == _TABLE:
        years = age + gestation / _WEEKS_PER_YEAR
        knots = [numbers_of(row, "pma", "activity") for row in rows]
        return ops.interpolate(years, [k[0] for k in knots], [k[1] for k in knots])
    if source == _HILL:
        return _hill(rows[0], postmenstrual_weeks(age, gestation))
    return _from_birth(rows[0], age, ops)


def _require_age(source: str, age: Value, gestation: Value) -> None:
    """Check the age: curves by postmenstrual age begin before birth, all others at birth."""
    if source in _FILES:
        postmenstrual_weeks(age, gestation)
    else:
        require(age=(age, *AGE_RANGE), gestation=(gestation, *GESTATION_RANGE))


def _hill(row: Row, weeks: Value) -> Value:
    hill, half = numbers_of(row, "hill", "pma_half")
    mature = 1.0 / (1.0 + (half / weeks) ** hill)
    kept = _FALLING.get(row["protein"])
    return mature if kept is None else 1.0 - mature + kept


def _from_birth(row: Row, age: Value, ops: Ops) -> Value:
    birth, maximum, half, hill = numbers_of(row, "birth", "maximum", "age_half", "hill")
    cap = number(row, "age_cap")
    years = ops.maximum(age if cap is None else ops.minimum(age, cap), 0.0)
    grown = years**hill / (half**hill + years**hill)
    return birth + (maximum - birth) * grown


def _rows(source: str) -> list[Row]:
    if source in _FILES:
        return list(read_table(_FILES[source]))
    rows = [row for row in read_table("ontogeny_fraction") if row["set"] == source]
    if not rows:
        remedy = suggest(source, sorted(ontogeny_sources()))
        raise CheckError([Issue(where="source", what=f"there is no {source!r}", remedy=remedy)])
    return rows


def _protein(row: Row) -> str:
    return row.get("protein") or row["pathway"]


def _verified(row: Row) -> bool:
    return row.get("status", "solid") == "solid"


def _find(protein: str, organ: str, source: str, *, unverified: bool) -> list[Row]:
    rows = [r for r in _rows(source) if _protein(r) == protein and r["organ"] == organ]
    if not rows:
        raise CheckError([_unknown(protein, organ, source)])
    confirmed = [row for row in rows if _verified(row)]
    if not confirmed and not unverified:
        what = f"{source} has {protein} in {organ} unverified"
        raise CheckError(
            [Issue(where="protein", what=what, remedy=f"accept it with {setting('unverified')}")]
        )
    return confirmed or rows


def _unknown(protein: str, organ: str, source: str) -> Issue:
    """Return the issue of a curve that a source does not have, with the organs that it has."""
    organs = {row["organ"] for row in _rows(source) if _protein(row) == protein}
    what = f"{source} has no ontogeny of {protein} in {organ}"
    if organs:
        return Issue(where="organ", what=what, remedy=f"it has {', '.join(sorted(organs))}")
    known = {_protein(row) for row in _rows(source)}
    return Issue(where="protein", what=what, remedy=suggest(protein, sorted(known)))
