"""Reference persons of ICRP 89, from birth on: organ masses, blood and flows."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.body import MALE
from pkqsp_bayes.physiology.tables import number, read_table

__all__ = [
    "BLOOD_DENSITY",
    "HUMAN_ORGANS",
    "HumanReference",
    "OrganFigures",
    "by_sex",
    "human_reference",
]

# Ages for which the tables have both sexes.
_KNOTS = (
    (0.0, "newborn", "newborn"),
    (1.0, "1y", "1y"),
    (5.0, "5y", "5y"),
    (10.0, "10y", "10y"),
    (15.0, "15y_female", "15y_male"),
    (20.0, "adult_female", "adult_male"),
)
_ADULT = _KNOTS[-1]

# ICRP 89, section 7.4: 5.6 kg of blood are 5.3 L.
BLOOD_DENSITY = 5.6 / 5.3

_MINUTES = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganFigures:
    """Tabulated figures of one organ.

    Parameters
    ----------
    mass : mapping of str to float
        Mass, kg, by reference person.
    flow : mapping of str to float
        Share of the cardiac output of an adult, by sex; empty for the lungs.
    density : float
        Density, kg/L.
    height_exponent : float
        Exponent of height for the volume.
    volume_cv, volume_geometric_sd : float or None
        Variability between individuals of one size: of a normal or of a lognormal distribution.
    drains_to : str or None
        ``liver`` for portal organs.
    fraction_vascular, fraction_interstitial : float
        Volume fractions of the organ including its blood.
    """

    mass: Mapping[str, float]
    flow: Mapping[str, float]
    density: float
    height_exponent: float
    volume_cv: float | None
    volume_geometric_sd: float | None
    drains_to: str | None
    fraction_vascular: float | None
    fraction_interstitial: float | None


def _read_organ(row: Mapping[str, str]) -> OrganFigures:
    shares = {sex: number(row, f"flow_{sex}") for sex in ("female", "male")}
    cv = number(row, "volume_cv")
    masses = {c.removeprefix("mass_"): float(row[c]) / 1000.0 for c in row if "mass_" in c}
    return OrganFigures(
        mass=masses,
        flow={sex: share / 100.0 for sex, share in shares.items() if share is not None},
        density=float(row["density"]),
        height_exponent=float(row["height_exponent"]),
        volume_cv=None if cv is None else cv / 100.0,
        volume_geometric_sd=number(row, "volume_geometric_sd"),
        drains_to=row["drains_to"] or None,
        fraction_vascular=number(row, "fraction_vascular"),
        fraction_interstitial=number(row, "fraction_interstitial"),
    )


HUMAN_ORGANS: Mapping[str, OrganFigures] = {
    row["organ"]: _read_organ(row) for row in read_table("human_organs")
}


@functools.cache
def _reference_columns() -> Mapping[str, Mapping[str, float]]:
    columns = ("weight", "height", "blood_volume", "cardiac_output")
    return {
        row["person"]: {c: float(row[c]) for c in columns} for row in read_table("human_persons")
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanReference:
    """The reference person of an age and sex.

    Parameters
    ----------
    weight, height : Value
        Weight, kg, and height, cm.
    mass : mapping of str to Value
        Mass of the organs without blood, kg; ``rest`` is the remainder of the weight.
    blood_mass : Value
        Mass of the blood, kg.
    cardiac_output : Value
        Cardiac output, L/h.
    share : mapping of str to Value
        Shares of the cardiac output by the organ that the artery supplies; their sum is one.
    """

    weight: Value
    height: Value
    mass: Mapping[str, Value]
    blood_mass: Value
    cardiac_output: Value
    share: Mapping[str, Value]


def human_reference(
    age: Value | None = None, sex: Value = MALE, *, ops: Ops = NUMPY
) -> HumanReference:
    """Return the reference person of a sex and an age in years (by default an adult).

    Examples
    --------
    >>> round(float(human_reference(10.0).mass["brain"]), 3), float(human_reference(sex=0.0).weight)
    (1.31, 60.0)
    """

    def at_age(female: Mapping[str, float], male: Mapping[str, float]) -> Value:
        if age is None:
            return by_sex(female[_ADULT[1]], male[_ADULT[2]], sex)
        knots = [by_sex(female[f], male[m], sex) for _, f, m in _KNOTS]
        return ops.interpolate(age, [knot[0] for knot in _KNOTS], knots)

    def person(column: str) -> Value:
        values = {name: figures[column] for name, figures in _reference_columns().items()}
        return at_age(values, values)

    mass = {name: at_age(organ.mass, organ.mass) for name, organ in HUMAN_ORGANS.items()}
    weight, blood = person("weight"), person("blood_volume") * BLOOD_DENSITY
    mass["rest"] = weight - blood - sum(mass.values())
    return HumanReference(
        weight=weight,
        height=person("height"),
        mass=mass,
        blood_mass=blood,
        cardiac_output=person("cardiac_output") * _MINUTES,
        share=_shares(mass, age, sex),
    )


def by_sex(female: float, male: float, sex: Value) -> Value:
    """Return the value for a sex; between 0 (female) and 1 (male) it is interpolated linearly."""
    return female if female == male else female + (male - female) * sex


@functools.cache
def _adult_shares() -> Mapping[str, Mapping[str, float]]:
    """Return arterial shares of the cardiac output by organ and sex; the rest is the remainder."""
    shares = {name: dict(organ.flow) for name, organ in HUMAN_ORGANS.items() if organ.flow}
    for sex in ("female", "male"):
        portal = [n for n, organ in HUMAN_ORGANS.items() if organ.drains_to == "liver"]
        shares["liver"][sex] -= sum(shares[name][sex] for name in portal)
    shares["rest"] = {
        s: 1.0 - sum(share[s] for share in shares.values()) for s in ("female", "male")
    }
    return shares


def _shares(mass: Mapping[str, Value], age: Value | None, sex: Value) -> Mapping[str, Value]:
    """Return arterial shares: the adult blood flow per kg of organ, normalised to the sum one.

    Thus the brain of a newborn, which is large relative to the body, has a large share.
    """
    adult = {n: by_sex(s["female"], s["male"], sex) for n, s in _adult_shares().items()}
    if age is None:
        return adult
    grown = human_reference(None, sex).mass
    demand = {name: share * mass[name] / grown[name] for name, share in adult.items()}
    total = sum(demand.values())
    return {name: value / total for name, value in demand.items()}
