"""Bodies by species, and what is done to them: the door of the room."""

from collections.abc import Mapping

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.physiology.animals import ANIMALS, animal_body
from pkqsp_bayes.physiology.body import Body
from pkqsp_bayes.physiology.human import human_body
from pkqsp_bayes.physiology.names import suggest
from pkqsp_bayes.physiology.ops import NUMPY, Ops, Value, is_number

__all__ = ["body_covariates", "reference_body", "species_names"]

_HUMAN_COVARIATES = {"WT": "kg", "HT": "cm", "AGE": "year", "SEX": ""}
_ANIMAL_COVARIATES = {"WT": "kg"}

# Beyond it a figure was given in another unit.
_RANGES = {"WT": (0.0, 1000.0), "HT": (20.0, 300.0), "AGE": (-1.0, 150.0), "SEX": (-1e-9, 1.0)}


def species_names() -> tuple[str, ...]:
    """Return the species that have a body.

    Examples
    --------
    >>> species_names()
    ('human', 'rat', 'mouse', 'dog', 'monkey')
    """
    return ("human", *ANIMALS)


def body_covariates(species: str) -> Mapping[str, str]:
    """Return what the body of a species depends on, with units; all of it may be left out.

    Raises
    ------
    CheckError
        If the species is unknown.

    Examples
    --------
    >>> dict(body_covariates("dog"))
    {'WT': 'kg'}
    """
    _check_species(species)
    return _HUMAN_COVARIATES if species == "human" else _ANIMAL_COVARIATES


def reference_body(
    species: str,
    *,
    WT: Value | None = None,
    HT: Value | None = None,
    AGE: Value | None = None,
    SEX: Value | None = None,
    scaling: str = "lean",
    ops: Ops = NUMPY,
) -> Body:
    """Return the body of a person or an animal; covariates may be numbers, arrays or symbols.

    Parameters
    ----------
    species : str
        One of `species_names`.
    WT : Value, optional
        Weight, kg; without it the reference weight.
    HT : Value, optional
        Height, cm (human); without it that at the reference body mass index.
    AGE : Value, optional
        Years (human); without it an adult. With it organs, flows, GFR and proteins grow.
    SEX : Value, optional
        0 female, 1 male (human); without it male.
    scaling : {"lean", "height"}
        How size moves human organs; see `pkqsp_bayes.physiology.human`.
    ops : Ops
        Of the numbers.

    Raises
    ------
    CheckError
        If the species is unknown, has no such covariate, or a number is in no person's range.

    Examples
    --------
    >>> woman = reference_body("human", WT=60.0, HT=163.0, SEX=0.0)
    >>> float(woman.organs["liver"].mass), round(float(woman.haematocrit), 3)
    (1.4, 0.385)
    """
    given = {"WT": WT, "HT": HT, "AGE": AGE, "SEX": SEX}
    stated = {name: value for name, value in given.items() if value is not None}
    _check_covariates(species, stated)
    if species != "human":
        return animal_body(species, WT=WT)
    return human_body(**stated, scaling=scaling, ops=ops)


def _check_species(species: str) -> None:
    if species not in species_names():
        what = f"there is no body of {species!r}"
        remedy = suggest(species, species_names())
        raise CheckError([Issue(where="body.species", what=what, remedy=remedy)])


def _check_covariates(species: str, stated: Mapping[str, Value]) -> None:
    known = body_covariates(species)
    issues = [
        Issue(where=f"body.{n}", what=f"the body of {species} takes no {n}", remedy="leave it out")
        for n in stated
        if n not in known
    ]
    for name, value in stated.items():
        low, high = _RANGES[name]
        if is_number(value) and not low < value <= high:
            unit = f" {known[name]}" if known.get(name) else ""
            remedy = f"above {max(low, 0.0):g} and at most {high:g}{unit}"
            issues.append(Issue(where=f"body.{name}", what=f"{name} is {value:g}", remedy=remedy))
    if issues:
        raise CheckError(issues)
