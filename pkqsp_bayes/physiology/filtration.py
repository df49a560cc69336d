"""Glomerular filtration: adult value, maturation in children, decline with age."""

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.formula_ranges import require
from pkqsp_bayes.physiology.size import AGE_RANGE, GESTATION_RANGE, allometric

__all__ = [
    "adult_filtration",
    "filtration_ageing",
    "filtration_maturation",
    "filtration_of_infants",
    "filtration_per_kidney",
]

# 5.165 mL/min/kg^0.75 is 125 mL/min at 70 kg: Davies & Morris, Pharm Res 1993;10:1093-5, in httk.
ADULT_GFR = 7.5
_REFERENCE_WEIGHT = 70.0
_ML_MIN = 0.06  # L/h

# The smallest preterm infants are those of Rhodin et al.; postmenstrual age from 22 weeks.
_WEIGHT = (0.3, 400.0)
_WEEKS = (22.0, 6500.0)


def adult_filtration(weight: Value) -> Value:
    """Return the GFR of an adult, L/h, from the weight in kg (Davies & Morris 1993).

    Examples
    --------
    >>> adult_filtration(70.0)
    7.5
    """
    require(weight=(weight, *_WEIGHT))
    return allometric(ADULT_GFR, weight, _REFERENCE_WEIGHT, 0.75)


def filtration_maturation(weeks: Value) -> Value:
    """Return the GFR as a fraction of that of an adult of the same weight.

    Parameters
    ----------
    weeks : Value
        Postmenstrual age.

    Notes
    -----
    Hill function, half at 47.7 weeks, exponent 3.40: Rhodin et al., Pediatr Nephrol 2009;24:67-76.

    Examples
    --------
    >>> filtration_maturation(47.7), round(filtration_maturation(40.0), 4)
    (0.5, 0.3547)
    """
    require(weeks=(weeks, *_WEEKS))
    ratio = (47.7 / weeks) ** 3.40
    return 1.0 / (1.0 + ratio)


def filtration_ageing(age: Value, *, ops: Ops = NUMPY) -> Value:
    """Return the fraction of GFR that remains at an age in years, 1 up to 30 years (PK-Sim).

    Examples
    --------
    >>> float(filtration_ageing(30.0)), round(float(filtration_ageing(84.0)), 2)
    (1.0, 0.55)
    """
    require(age=(age, *AGE_RANGE))
    older = ops.maximum(age - 30.0, 0.0) ** 1.5
    return 1.0 - 0.9 * older / (54.0**1.5 + older)


def filtration_per_kidney(age: Value, weeks: Value, *, ops: Ops = NUMPY) -> Value:
    """Return the GFR per kg of kidney, L/h/kg, from birth to old age, as in PK-Sim.

    Parameters
    ----------
    age : Value
        Age in years.
    weeks : Value
        Postmenstrual age.
    ops : Ops
        Operations for the type of the numbers.

    Examples
    --------
    At 30 years, with kidneys of 0.43772 kg, the GFR is 116.4 mL/min:

    >>> round(float(filtration_per_kidney(30.0, 1605.0)) * 0.43772 / 0.06, 1)
    116.4
    """
    require(age=(age, *AGE_RANGE), weeks=(weeks, *_WEEKS))
    mature = 1.0 / (1.0 + (44.4 / weeks) ** 15.0)
    adult = 0.11704 / 0.44 * 60.0
    return (mature * (1.0 - 0.258) + 0.258) * adult * filtration_ageing(age, ops=ops)


def filtration_of_infants(
    days: Value, weight: Value, birth_weight: Value, gestation: Value
) -> Value:
    """Return the GFR of a preterm or term infant, L/h.

    Parameters
    ----------
    days : Value
        Postnatal age.
    weight, birth_weight : Value
        Weights, kg.
    gestation : Value
        Gestational age at birth, weeks.

    Notes
    -----
    Wu et al., Pharm Res 2024;41:637-49, Table II.

    Examples
    --------
    >>> round(filtration_of_infants(0.0, 1.75, 1.75, 34.0) / 0.06, 2)
    1.26
    """
    require(
        days=(days, 0.0, float("inf")),
        weight=(weight, 0.3, 15.0),
        birth_weight=(birth_weight, 0.3, 6.0),
        gestation=(gestation, *GESTATION_RANGE),
    )
    at_birth = 1.26 * birth_weight / 1.75
    mature = 8.98 * (weight / 1.75) ** 0.738
    half = 34.0 * (gestation / 34.0) ** -3.61
    grown = days**1.03 / (half**1.03 + days**1.03)
    return (at_birth + (mature - at_birth) * grown) * _ML_MIN
