"""The human body: reference persons of ICRP 89 from birth on, scaled to an individual's size.

Among individuals of one age and sex, organs scale with size as in Huisinga et al., CPT
Pharmacometrics Syst Pharmacol 2012;1:e5 (``lean``), or by powers of height as in Willmann et al., J
Pharmacokinet Pharmacodyn 2007;34:401-31 (``height``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.body import MALE, Body, Organ
from pkqsp_bayes.physiology.filtration import (
    adult_filtration,
    filtration_ageing,
    filtration_maturation,
)
from pkqsp_bayes.physiology.human_reference import (
    BLOOD_DENSITY,
    HUMAN_ORGANS,
    HumanReference,
    by_sex,
    human_reference,
)
from pkqsp_bayes.physiology.proteins import (
    ADULT_AAG,
    ADULT_ALBUMIN,
    aag_in_children,
    albumin_in_children,
)
from pkqsp_bayes.physiology.size import body_surface, lean_weight, postmenstrual_weeks
from pkqsp_bayes.physiology.tables import table_sources

__all__ = ["human_body"]

# ICRP 89, Table 2.12: 2300 mL of red cells in 5300 mL, 1500 mL in 3900 mL.
_HAEMATOCRIT = {"female": 1.5 / 3.9, "male": 2.3 / 5.3}

# As for the rest of the body in the mavoglurant model; unverified for other organs.
REST_DENSITY = 1.04

# Huisinga's division of ICRP 89, Table 2.13.
ARTERIAL_SHARE = 0.295

# Below this age fat scales with weight: the formula of lean weight holds for adults.
LEAN_WEIGHT_AGE = 18.0

_REST_HEIGHT_EXPONENT = 0.75


def human_body(
    *,
    WT: Value | None = None,
    HT: Value | None = None,
    AGE: Value | None = None,
    SEX: Value = MALE,
    scaling: str = "lean",
    ops: Ops = NUMPY,
) -> Body:
    """Return the body of a human; see `pkqsp_bayes.physiology.species.reference_body`.

    Parameters
    ----------
    WT, HT, AGE, SEX : Value, optional
        kg, cm, years, 0 female and 1 male. By default: the weight of the reference person, the
        height at the body mass index of the reference person, an adult.
    scaling : {"lean", "height"}
        ``lean``: fat is weight minus lean weight, skin scales with body surface, the brain is
        constant, all other organs scale with the remaining weight. ``height``: each organ scales
        with a power of height, fat is the remainder of the weight; it is invalid for slim subjects.
    ops : Ops
        Operations for the type of the numbers.

    Examples
    --------
    The reference man of ICRP 89 has a liver of 1.8 kg and a cardiac output of 6.5 L/min:

    >>> man = human_body(WT=73.0, HT=176.0)
    >>> float(man.organs["liver"].mass), float(man.cardiac_output)
    (1.8, 390.0)
    """
    reference = human_reference(AGE, SEX, ops=ops)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaled:
    """Masses in kg, arterial inflows of organs and cardiac output in L/h, of an individual."""

    mass: Mapping[str, Value]
    arterial: Mapping[str, Value]
    output: Value


def _scale_lean(
    reference: HumanReference, weight: Value, height: Value, age: Value | None, sex: Value, ops: Ops
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


def _scale_height(reference: HumanReference, weight: Value, height: Value) -> _Scaled:
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
    known_age = age is not None
    return Body(
        species="human",
        organs=organs,
        arterial_volume=ARTERIAL_SHARE * blood,
        venous_volume=(1.0 - ARTERIAL_SHARE) * blood,
        weight=weight,
        height=height,
        cardiac_output=scaled.output,
        haematocrit=by_sex(_HAEMATOCRIT["female"], _HAEMATOCRIT["male"], sex),
        gfr=adult_filtration(weight) * (_filtration(age, ops) if known_age else 1.0),
        albumin=albumin_in_children(age, ops=ops) if known_age else ADULT_ALBUMIN,
        aag=aag_in_children(age, ops=ops) if known_age else ADULT_AAG,
        sources=_sources(),
    )


def _filtration(age: Value, ops: Ops) -> Value:
    return filtration_maturation(postmenstrual_weeks(age)) * filtration_ageing(age, ops=ops)


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
        "haematocrit of children: adult value of their sex (no source for children)",
        "GFR: Davies & Morris 1993, maturation of Rhodin et al. 2009, ageing of PK-Sim",
        "albumin, AAG: McNamara & Alcorn 2002, as restated by Han et al. 2025",
    )
