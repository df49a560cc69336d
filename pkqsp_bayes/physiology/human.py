"""The human body: ICRP 89 reference persons from birth on, scaled to a person's size.

Between persons of one age and sex, size moves organs as in Huisinga et al., CPT Pharmacometrics
Syst Pharmacol 2012;1:e5 (``lean``), or by powers of height as in Willmann et al., J Pharmacokinet
Pharmacodyn 2007;34:401-31 (``height``).
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from pkqsp_bayes.physiology.body import MALE, Body, Organ
from pkqsp_bayes.physiology.filtration import adult_filtration, filtration_maturation
from pkqsp_bayes.physiology.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.proteins import (
    ADULT_AAG,
    ADULT_ALBUMIN,
    aag_in_children,
    albumin_in_children,
)
from pkqsp_bayes.physiology.size import body_surface, lean_weight, postmenstrual_weeks
from pkqsp_bayes.physiology.tables import number, read_table, table_sources

__all__ = ["HUMAN_ORGANS", "OrganFigures", "human_body"]

# Where the tables have persons of both sexes.
_KNOTS = (
    (0.0, "newborn", "newborn"),
    (1.0, "1y", "1y"),
    (5.0, "5y", "5y"),
    (10.0, "10y", "10y"),
    (15.0, "15y_female", "15y_male"),
    (20.0, "adult_female", "adult_male"),
)
_ADULT = _KNOTS[-1]

# ICRP 89, Table 2.12 and section 7.4: 2300 mL of 5300, 1500 of 3900; 5.6 kg of blood in 5.3 L.
_HAEMATOCRIT = {"female": 1.5 / 3.9, "male": 2.3 / 5.3}
BLOOD_DENSITY = 5.6 / 5.3

# As the mavoglurant model has it for the rest of the body; unverified elsewhere.
REST_DENSITY = 1.04

# Huisinga's split of ICRP 89 Table 2.13.
ARTERIAL_SHARE = 0.295

# Below it, fat follows weight: the formula of lean weight is one of adults.
LEAN_WEIGHT_AGE = 18.0

_REST_HEIGHT_EXPONENT = 0.75
_MINUTES = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganFigures:
    """What the table says of one organ.

    Parameters
    ----------
    mass : mapping of str to float
        kg, by reference person.
    flow : mapping of str to float
        Share of the cardiac output of an adult, by sex; empty for the lungs.
    density : float
        kg/L.
    height_exponent : float
        Of the volume.
    volume_cv, volume_geometric_sd : float or None
        Between persons of one size: of a normal or of a lognormal distribution.
    drains_to : str or None
        ``liver`` for portal organs.
    fraction_vascular, fraction_interstitial : float
        Of the organ with its blood.
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
def _persons() -> Mapping[str, Mapping[str, float]]:
    columns = ("weight", "height", "blood_volume", "cardiac_output")
    return {
        row["person"]: {c: float(row[c]) for c in columns} for row in read_table("human_persons")
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    """The reference person of an age and sex: masses in kg, flow shares of the cardiac output."""

    weight: Value
    height: Value
    mass: Mapping[str, Value]
    blood_mass: Value
    cardiac_output: Value
    share: Mapping[str, Value]


def human_body(
    *,
    WT: Value | None = None,
    HT: Value | None = None,
    AGE: Value | None = None,
    SEX: Value = MALE,
    scaling: str = "lean",
    ops: Ops = NUMPY,
) -> Body:
    """Return the body of a person; see `pkqsp_bayes.physiology.species.reference_body`.

    Parameters
    ----------
    WT, HT, AGE, SEX : Value, optional
        kg, cm, years, 0 female and 1 male. Without weight that of the reference person; without
        height that at the reference person's body mass index; without age an adult.
    scaling : {"lean", "height"}
        ``lean``: fat by weight less lean weight, skin by body surface, brain as it is, all else by
        what is left of the weight. ``height``: each organ by a power of height, fat takes the rest
        of the weight; slim people are beyond it.
    ops : Ops
        Of the numbers.

    Examples
    --------
    ICRP 89's reference man has a liver of 1.8 kg and a cardiac output of 6.5 L/min:

    >>> man = human_body(WT=73.0, HT=176.0)
    >>> float(man.organs["liver"].mass), float(man.cardiac_output)
    (1.8, 390.0)
    """
    reference = _reference(AGE, SEX, ops)
    weight = reference.weight if WT is None else WT
    height = HT
    if height is None:
        height = reference.height * ops.sqrt(weight / reference.weight)
    if scaling == "lean":
        scaled = _scale_lean(reference, weight, height, AGE, SEX, ops)
    elif scaling == "height":
        scaled = _scale_height(reference, weight, height)
    else:
        raise ValueError(f"scaling {scaling!r} is unknown: lean or height")
    return _assemble(scaled, (weight, height), AGE, SEX, ops)


def _reference(age: Value | None, sex: Value, ops: Ops) -> _Reference:
    def at_age(female: Mapping[str, float], male: Mapping[str, float]) -> Value:
        if age is None:
            return _mix(female[_ADULT[1]], male[_ADULT[2]], sex)
        knots = [_mix(female[f], male[m], sex) for _, f, m in _KNOTS]
        return ops.interpolate(age, [knot[0] for knot in _KNOTS], knots)

    def person(column: str) -> Value:
        values = {name: figures[column] for name, figures in _persons().items()}
        return at_age(values, values)

    mass = {name: at_age(organ.mass, organ.mass) for name, organ in HUMAN_ORGANS.items()}
    weight, blood = person("weight"), person("blood_volume") * BLOOD_DENSITY
    mass["rest"] = weight - blood - sum(mass.values())
    return _Reference(
        weight=weight,
        height=person("height"),
        mass=mass,
        blood_mass=blood,
        cardiac_output=person("cardiac_output") * _MINUTES,
        share=_shares(mass, age, sex),
    )


def _mix(female: float, male: float, sex: Value) -> Value:
    return female if female == male else female + (male - female) * sex


def _adult_shares() -> Mapping[str, Mapping[str, float]]:
    """Return arterial shares of the cardiac output by organ and sex; the rest takes the rest."""
    shares = {name: dict(organ.flow) for name, organ in HUMAN_ORGANS.items() if organ.flow}
    for sex in ("female", "male"):
        portal = [n for n, organ in HUMAN_ORGANS.items() if organ.drains_to == "liver"]
        shares["liver"][sex] -= sum(shares[name][sex] for name in portal)
    shares["rest"] = {
        s: 1.0 - sum(share[s] for share in shares.values()) for s in ("female", "male")
    }
    return shares


def _shares(mass: Mapping[str, Value], age: Value | None, sex: Value) -> Mapping[str, Value]:
    """Return arterial shares: adult blood flow for each kg of organ, made to add up to one.

    So a newborn's brain, large for the body, takes a large share.
    """
    adult = {n: _mix(s["female"], s["male"], sex) for n, s in _adult_shares().items()}
    if age is None:
        return adult
    grown = _reference(None, sex, NUMPY).mass
    demand = {name: share * mass[name] / grown[name] for name, share in adult.items()}
    total = sum(demand.values())
    return {name: value / total for name, value in demand.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaled:
    """A person's masses in kg, what arteries bring to organs and the cardiac output in L/h."""

    mass: Mapping[str, Value]
    arterial: Mapping[str, Value]
    output: Value


def _scale_lean(
    reference: _Reference, weight: Value, height: Value, age: Value | None, sex: Value, ops: Ops
) -> _Scaled:
    fat = (weight - lean_weight(weight, height, sex)) / (
        reference.weight - lean_weight(reference.weight, reference.height, sex)
    )
    if age is not None:
        fat = ops.where(ops.less(age, LEAN_WEIGHT_AGE), weight / reference.weight, fat)
    surface = body_surface(weight, height, ops=ops)
    factor: dict[str, Value] = {
        "adipose": fat,
        "skin": surface / body_surface(reference.weight, reference.height, ops=ops),
        "brain": 1.0,
    }
    apart = sum(reference.mass[name] * factor[name] for name in factor)
    left = reference.weight - sum(reference.mass[name] for name in factor)
    other = (weight - apart) / left
    mass = {name: value * factor.get(name, other) for name, value in reference.mass.items()}
    mass["blood"] = reference.blood_mass * other
    output = reference.cardiac_output * other
    arterial = {name: share * output for name, share in reference.share.items()}
    return _Scaled(mass=mass, arterial=arterial, output=output)


def _scale_height(reference: _Reference, weight: Value, height: Value) -> _Scaled:
    taller = height / reference.height
    factor = {n: taller**organ.height_exponent for n, organ in HUMAN_ORGANS.items()}
    other = taller**_REST_HEIGHT_EXPONENT
    mass = {name: m * factor.get(name, other) for name, m in reference.mass.items()}
    mass["blood"] = reference.blood_mass * other
    mass["adipose"] = weight - sum(m for name, m in mass.items() if name != "adipose")
    flow = {
        name: share * reference.cardiac_output * mass[name] / reference.mass[name]
        for name, share in reference.share.items()
    }
    return _Scaled(mass=mass, arterial=flow, output=sum(flow.values()))


def _assemble(
    scaled: _Scaled, size: tuple[Value, Value], age: Value | None, sex: Value, ops: Ops
) -> Body:
    weight, height = size
    blood = scaled.mass["blood"] / BLOOD_DENSITY
    organs = {n: _organ(n, scaled) for n in [*HUMAN_ORGANS, "rest"]}
    child = age is not None
    weeks = postmenstrual_weeks(age) if child else None
    filtration = adult_filtration(weight)
    return Body(
        species="human",
        organs=organs,
        arterial_volume=ARTERIAL_SHARE * blood,
        venous_volume=(1.0 - ARTERIAL_SHARE) * blood,
        weight=weight,
        height=height,
        cardiac_output=scaled.output,
        haematocrit=_mix(_HAEMATOCRIT["female"], _HAEMATOCRIT["male"], sex),
        gfr=filtration * filtration_maturation(weeks) if child else filtration,
        albumin=albumin_in_children(age, ops=ops) if child else ADULT_ALBUMIN,
        aag=aag_in_children(age, ops=ops) if child else ADULT_AAG,
        sources=_sources(),
    )


def _organ(name: str, scaled: _Scaled) -> Organ:
    figures, mass, arterial = HUMAN_ORGANS.get(name), scaled.mass[name], scaled.arterial
    if figures is None:
        return Organ(mass=mass, volume=mass / REST_DENSITY, flow=arterial[name])
    portal = [n for n, organ in HUMAN_ORGANS.items() if organ.drains_to == name]
    flow = arterial.get(name)
    return Organ(
        mass=mass,
        volume=mass / figures.density,
        flow=None if flow is None else flow + sum(arterial[n] for n in portal),
        position="series" if flow is None else "parallel",
        drains_to=figures.drains_to,
        fraction_vascular=figures.fraction_vascular,
        fraction_interstitial=figures.fraction_interstitial,
    )


def _sources() -> tuple[str, ...]:
    tables = table_sources()
    return (
        tables["human_organs"]["citation"],
        tables["human_persons"]["citation"],
        "haematocrit of children: the adult's of their sex, for want of a sourced one",
        "GFR: Davies & Morris 1993, maturation of Rhodin et al. 2009",
        "albumin, AAG: McNamara & Alcorn 2002, as restated by Han et al. 2025",
    )
