"""Bodies of animals: rat and mouse after Brown 1997, dog and monkey after Davies & Morris.

Organs scale with weight, flows with weight to the power 0.75, as in the sources.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from pkqsp_bayes.ops import Value
from pkqsp_bayes.physiology.body import Body, Organ
from pkqsp_bayes.physiology.human_reference import HUMAN_ORGANS
from pkqsp_bayes.physiology.tables import number, read_table, table_sources

__all__ = ["ANIMALS", "Animal", "animal_body"]

_PORTAL = ("gut", "spleen")

# Venous share of the blood where the source has none (Huisinga toolbox: two thirds).
_VENOUS_SHARE = 2.0 / 3.0
_ML_MIN = 0.06  # L/h
_BLOOD_DENSITY = 1.04
_REST_DENSITY = 1.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Animal:
    """Whole-body figures of a species.

    Parameters
    ----------
    weight : float
        Typical weight, kg.
    cardiac_output, gfr : float
        mL/min/kg^0.75.
    blood : float
        Volume, L/kg.
    haematocrit : float
        Fraction.
    albumin, aag : float
        Concentrations in plasma, g/L.
    source : str
        Citation.
    """

    weight: float
    cardiac_output: float
    gfr: float
    blood: float
    haematocrit: float
    albumin: float
    aag: float
    source: str


_HTTK = "Davies & Morris, Pharm Res 1993;10:1093-5, as in httk 2.7.4"
_BROWN = (
    "cardiac output Brown et al. 1997; blood Diehl et al. 2001; haematocrit Windberger et al. "
    f"2003; GFR and proteins {_HTTK}"
)

# Blood of dog and monkey: plasma volume / (1 - haematocrit). The GFR of a monkey of 5 kg is
# 10.4 mL/min: httk's 2.08 is per kg, not per kg^0.75 as its header states.
ANIMALS: Mapping[str, Animal] = {
    "rat": Animal(
        weight=0.25, cardiac_output=235.0, gfr=3.705, blood=0.064, haematocrit=0.43,
        albumin=31.6, aag=18.1, source=_BROWN,
    ),
    "mouse": Animal(
        weight=0.025, cardiac_output=275.0, gfr=5.265, blood=0.072, haematocrit=0.40,
        albumin=32.7, aag=12.5, source=_BROWN,
    ),
    "dog": Animal(
        weight=10.0, cardiac_output=213.4, gfr=10.9, blood=0.0515 / 0.58, haematocrit=0.42,
        albumin=26.3, aag=3.7, source=_HTTK,
    ),
    "monkey": Animal(
        weight=5.0, cardiac_output=324.8, gfr=10.4 / 5.0**0.75, blood=0.0448 / 0.59,
        haematocrit=0.41, albumin=49.3, aag=2.4, source=_HTTK,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """Mass per kg of weight, and share of the cardiac output (None for the lungs)."""

    mass: float
    flow: float | None


@functools.cache
def _shares(species: str) -> Mapping[str, _Share]:
    rows = [row for row in read_table("animal_organs") if row["species"] == species]
    shares = {row["organ"]: _share(row, ANIMALS[species]) for row in rows}
    blood = ANIMALS[species].blood * _BLOOD_DENSITY
    veins = sum(s.flow or 0.0 for name, s in shares.items() if name not in _PORTAL)
    mass = 1.0 - blood - sum(share.mass for share in shares.values())
    return {**shares, "rest": _Share(mass=mass, flow=1.0 - veins)}


def _share(row: Mapping[str, str], animal: Animal) -> _Share:
    percent, volume = number(row, "mass_percent"), number(row, "volume")
    if percent is not None:
        mass, flow = percent / 100.0, number(row, "flow_percent")
        return _Share(mass=mass, flow=None if flow is None else flow / 100.0)
    flow = number(row, "flow")
    assert volume is not None  # noqa: S101 (the table has one or the other)
    return _Share(
        mass=volume * HUMAN_ORGANS[row["organ"]].density,
        flow=None if flow is None else flow / animal.cardiac_output,
    )


def animal_body(species: str, *, WT: Value | None = None) -> Body:
    """Return the body of an animal; see `pkqsp_bayes.physiology.species.reference_body`.

    Parameters
    ----------
    species : str
        One of `ANIMALS`.
    WT : Value, optional
        Weight, kg; by default the typical weight.

    Examples
    --------
    >>> round(animal_body("rat", WT=0.25).organs["liver"].mass * 1000, 2)
    9.15
    """
    animal = ANIMALS[species]
    weight = animal.weight if WT is None else WT
    output = animal.cardiac_output * _ML_MIN * weight**0.75
    blood = animal.blood * weight
    return Body(
        species=species,
        organs={n: _organ(n, s, weight, output) for n, s in _shares(species).items()},
        arterial_volume=(1.0 - _VENOUS_SHARE) * blood,
        venous_volume=_VENOUS_SHARE * blood,
        weight=weight,
        cardiac_output=output,
        haematocrit=animal.haematocrit,
        gfr=animal.gfr * _ML_MIN * weight**0.75,
        albumin=animal.albumin,
        aag=animal.aag,
        sources=(table_sources()["animal_organs"]["citation"], animal.source, *_borrowed(species)),
    )


def _borrowed(species: str) -> tuple[str, ...]:
    rows = [row for row in read_table("animal_organs") if row["species"] == species]
    organs = [row["organ"] for row in rows if row["status"] == "human"]
    return (f"volume per kg as in humans: {', '.join(organs)}",) if organs else ()


def _organ(name: str, share: _Share, weight: Value, output: Value) -> Organ:
    figures = HUMAN_ORGANS.get(name)
    mass = share.mass * weight
    return Organ(
        mass=mass,
        volume=mass / (figures.density if figures else _REST_DENSITY),
        flow=None if share.flow is None else share.flow * output,
        position="series" if share.flow is None else "parallel",
        drains_to="liver" if name in _PORTAL else None,
    )
