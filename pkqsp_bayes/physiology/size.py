"""Measures of size: body surface, lean weight, postmenstrual age, and allometric scaling."""

from collections.abc import Sequence

import numpy as np

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.formula_ranges import ABOVE_ZERO, require

__all__ = [
    "AGE_RANGE",
    "GESTATION_RANGE",
    "TERM_WEEKS",
    "allometric",
    "body_mass_index",
    "body_surface",
    "fit_allometry",
    "lean_weight",
    "postmenstrual_weeks",
]

TERM_WEEKS = 40.0
_WEEKS_PER_YEAR = 365.25 / 7.0

# Largest age of humans, years; and weeks from the last menstruation to birth.
AGE_RANGE = (0.0, 120.0)
GESTATION_RANGE = (22.0, 44.0)
# First age in the tables of ontogeny.
_FIRST_WEEK = 0.0
_POSITIVE = (ABOVE_ZERO, float("inf"))


def body_mass_index(weight: Value, height: Value) -> Value:
    """Return the body mass index, kg/m2, from weight in kg and height in cm.

    Examples
    --------
    >>> round(body_mass_index(73.0, 176.0), 4)
    23.5666
    """
    _require_size(weight, height)
    return weight / (height / 100.0) ** 2


def body_surface(weight: Value, height: Value, *, ops: Ops = NUMPY) -> Value:
    """Return the body surface, m2, after Mosteller, N Engl J Med 1987;317:1098.

    Parameters
    ----------
    weight : Value
        kg.
    height : Value
        cm.
    ops : Ops
        Operations for the type of the numbers.

    Examples
    --------
    >>> round(float(body_surface(73.0, 176.0)), 6)
    1.88915
    """
    _require_size(weight, height)
    return ops.sqrt(weight * height / 3600.0)


def lean_weight(weight: Value, height: Value, sex: Value) -> Value:
    """Return the fat-free weight, kg, after Janmahasatian, Clin Pharmacokinet 2005;44:1051-65.

    Parameters
    ----------
    weight : Value
        kg.
    height : Value
        cm.
    sex : Value
        0 female, 1 male.

    Examples
    --------
    >>> round(lean_weight(73.0, 176.0, 1.0), 4)
    57.4926
    """
    require(sex=(sex, 0.0, 1.0))
    bmi = body_mass_index(weight, height)
    male = 9270.0 * weight / (6680.0 + 216.0 * bmi)
    female = 9270.0 * weight / (8780.0 + 244.0 * bmi)
    return female + (male - female) * sex


def postmenstrual_weeks(age: Value, gestation: Value = TERM_WEEKS) -> Value:
    """Return the postmenstrual age in weeks from the postnatal age in years.

    Before birth the postnatal age is negative; tables begin at conception.

    Examples
    --------
    >>> postmenstrual_weeks(0.0)
    40.0
    """
    require(age=(age, -0.85, AGE_RANGE[1]), gestation=(gestation, *GESTATION_RANGE))
    weeks = age * _WEEKS_PER_YEAR + gestation
    require(weeks=(weeks, _FIRST_WEEK, float("inf")))
    return weeks


def allometric(value: Value, weight: Value, reference: Value, exponent: Value) -> Value:
    """Return a value scaled by weight, between individuals or between species.

    Parameters
    ----------
    value : Value
        Value at the reference weight, in any unit.
    weight, reference : Value
        Weights in the same unit.
    exponent : Value
        About 0.75 for flows and clearances, 1 for volumes, -0.25 for rate constants (West, Brown &
        Enquist, Science 1997;276:122-6).

    Examples
    --------
    >>> round(allometric(7.5, 10.0, 70.0, 0.75), 4)
    1.7428
    """
    require(weight=(weight, *_POSITIVE), reference=(reference, *_POSITIVE))
    return value * (weight / reference) ** exponent


def fit_allometry(weights: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Return coefficient and exponent of value = coefficient weight^exponent over species.

    Parameters
    ----------
    weights : sequence of float
        Weight of each species, kg.
    values : sequence of float
        Value of each species, such as clearance, L/h; for unbound drug if binding differs.

    Raises
    ------
    CheckError
        If there are fewer than two different weights, or a number is not above 0.

    Notes
    -----
    Least squares on logarithms (simple allometry: Boxenbaum, J Pharmacokinet Biopharm
    1982;10:201-27).

    Examples
    --------
    >>> coefficient, exponent = fit_allometry([0.25, 10.0], [0.25**0.75 * 2, 10.0**0.75 * 2])
    >>> round(coefficient, 6), round(exponent, 6)
    (2.0, 0.75)
    """
    if len(set(weights)) < 2 or len(weights) != len(values):
        what = f"{len(weights)} weights and {len(values)} values"
        remedy = "give one value for each of two or more different weights"
        raise CheckError([Issue(where="weights", what=what, remedy=remedy)])
    if min(*weights, *values) <= 0.0:
        what = "a weight or a value is not above 0"
        raise CheckError([Issue(where="values", what=what, remedy="remove the species")])
    exponent, intercept = np.polyfit(np.log(weights), np.log(values), 1)
    return float(np.exp(intercept)), float(exponent)


def _require_size(weight: Value, height: Value) -> None:
    """Refuse a weight in g or a height in m."""
    require(weight=(weight, 0.2, 650.0), height=(height, 20.0, 280.0))
