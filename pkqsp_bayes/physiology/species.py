"""Bodies of species: the public functions for reference bodies."""

from collections.abc import Mapping

import numpy as np

from pkqsp_bayes.arguments import TEXT, checked, one_of
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ops import COVARIATE, NUMPY, OPS, Ops, Value, is_value
from pkqsp_bayes.physiology.animals import ANIMALS, animal_body
from pkqsp_bayes.physiology.body import MALE, Body, check_body
from pkqsp_bayes.physiology.formula_ranges import Limit, limit_issues
from pkqsp_bayes.physiology.human import human_body
from pkqsp_bayes.physiology.human_reference import human_reference
from pkqsp_bayes.spec.identifiers import suggest

__all__ = ["body_covariates", "body_limits", "reference_body", "species_names"]

_HUMAN_COVARIATES = {"WT": "kg", "HT": "cm", "AGE": "year", "SEX": ""}
_ANIMAL_COVARIATES = {"WT": "kg"}

# Limits relative to the reference person of that age and sex, or to the adult. Janmahasatian's lean
# weight is based on adults of 41 to 217 kg. If no height is stated it follows from the weight,
# and is at most 1.34 times that of the reference person.
_WEIGHT_OF_REFERENCE = (0.5, 3.5)
_WEIGHT_WITHOUT_HEIGHT = (0.5, 1.8)
_HEIGHT_OF_REFERENCE = (0.7, 1.35)
_AGES = (0.0, 100.0)

# Weight of animals from weaning to the heaviest, kg.
_WEIGHTS = {"rat": (0.02, 1.0), "mouse": (0.005, 0.1), "dog": (1.0, 80.0), "monkey": (0.5, 20.0)}


def species_names() -> tuple[str, ...]:
    """Return the species for which there is a body.

    Examples
    --------
    >>> species_names()
    ('human', 'rat', 'mouse', 'dog', 'monkey')
    """
    return ("human", *ANIMALS)


def body_covariates(species: str) -> Mapping[str, str]:
    """Return the covariates of the body of a species, with units; all of them are optional.

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


@checked(
    species=TEXT,
    WT=COVARIATE,
    HT=COVARIATE,
    AGE=COVARIATE,
    SEX=COVARIATE,
    scaling=one_of("lean", "height"),
    ops=OPS,
)
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
    """Return the body of a human or an animal; covariates may be numbers, arrays or symbols.

    Parameters
    ----------
    species : str
        One of `species_names`.
    WT : Value, optional
        Weight, kg; by default the reference weight.
    HT : Value, optional
        Height, cm (human); by default that at the reference body mass index.
    AGE : Value, optional
        Age, years (human); by default an adult. Organs, flows, GFR and proteins depend on it.
    SEX : Value, optional
        0 female, 1 male (human); by default male.
    scaling : {"lean", "height"}
        Scaling of human organs with size; see `pkqsp_bayes.physiology.human`.
    ops : Ops
        Operations for the type of the numbers.

    Raises
    ------
    CheckError
        If the species is unknown or does not have the covariate; if a number, or one of an array,
        is outside the range of the source (`body_limits`); if an organ or a flow is not positive.
        Symbols are not checked here: the model checks them for every subject.

    Examples
    --------
    >>> woman = reference_body("human", WT=60.0, HT=163.0, SEX=0.0)
    >>> float(woman.organs["liver"].mass), round(float(woman.haematocrit), 3)
    (1.4, 0.385)
    """
    given = {"WT": WT, "HT": HT, "AGE": AGE, "SEX": SEX}
    stated = {name: value for name, value in given.items() if value is not None}
    if issues := limit_issues(body_limits(species, ops=ops, **stated)):
        raise CheckError(issues)
    if species != "human":
        return check_body(animal_body(species, WT=WT))
    return check_body(human_body(**stated, scaling=scaling, ops=ops))


def _check_species(species: str) -> None:
    if species not in species_names():
        what = f"there is no body for the species {species!r}"
        remedy = suggest(species, sorted(species_names()))
        raise CheckError([Issue(where="body.species", what=what, remedy=remedy)])


def _check_covariates(species: str, stated: Mapping[str, Value]) -> None:
    _check_species(species)
    known = body_covariates(species)
    issues = [
        Issue(
            where=f"body.{n}",
            what=f"the body of {species} does not depend on {n}",
            remedy="remove it",
        )
        for n in stated
        if n not in known
    ]
    if issues:
        raise CheckError(issues)


def body_limits(species: str, *, ops: Ops = NUMPY, **stated: Value) -> tuple[Limit, ...]:
    """Return the ranges of covariates in which the body of a species is valid.

    Parameters
    ----------
    species : str
        One of `species_names`.
    ops : Ops
        Operations for the type of the numbers.
    **stated : Value
        Covariates of `body_covariates`, in their units.

    Examples
    --------
    >>> [(limit.name, limit.low, limit.high) for limit in body_limits("rat", WT=0.3)]
    [('WT', 0.02, 1.0)]
    """
    _check_covariates(species, stated)
    wrong = {name: value for name, value in stated.items() if not is_value(value)}
    if wrong:  # the ranges of the others depend on them
        return tuple(_limit(n, v, 0.0, np.inf, "give a number") for n, v in wrong.items())
    if species != "human":
        low, high = _WEIGHTS[species]
        remedy = f"give the weight of a {species}, in kg"
        return tuple(_limit(n, v, low, high, remedy) for n, v in stated.items())
    fixed = {
        "AGE": (*_AGES, "give years, from birth on"),
        "SEX": (0.0, 1.0, "give 0 for female, 1 for male"),
    }
    limits = [_limit(n, stated[n], *fixed[n]) for n in fixed if n in stated]
    return (*_size_limits(stated, ops), *limits)


def _size_limits(stated: Mapping[str, Value], ops: Ops) -> list[Limit]:
    reference = human_reference(stated.get("AGE"), stated.get("SEX", MALE), ops=ops)
    weights = _WEIGHT_OF_REFERENCE if "HT" in stated else _WEIGHT_WITHOUT_HEIGHT
    usual = {
        "WT": ("kg", reference.weight, weights),
        "HT": ("cm", reference.height, _HEIGHT_OF_REFERENCE),
    }
    missing = [name for name in ("AGE", "HT") if name not in stated]
    verb = "are" if len(missing) > 1 else "is"
    condition = f", where {' and '.join(missing)} {verb} not stated" if missing else ""
    return [
        _limit(
            name,
            stated[name],
            low * value,
            high * value,
            f"give a plausible value in {unit}{condition}",
        )
        for name, (unit, value, (low, high)) in usual.items()
        if name in stated
    ]


def _limit(name: str, value: Value, low: Value, high: Value, remedy: str) -> Limit:
    return Limit(name=name, value=value, low=low, high=high, where=f"body.{name}", remedy=remedy)
