"""Ionisation of a drug in water, and ion trapping by a pH difference (Henderson-Hasselbalch)."""

from collections.abc import Mapping, Sequence

from pkqsp_bayes.ops import Value, is_number
from pkqsp_bayes.physiology.formula_ranges import require

__all__ = ["PLASMA_PH", "charge_fractions", "ion_trapping", "ionised_ratio"]

PLASMA_PH = 7.4


def ionised_ratio(pH: Value, *, acid: Sequence[Value] = (), base: Sequence[Value] = ()) -> Value:
    """Return the ratio of ionised to un-ionised drug.

    Parameters
    ----------
    pH : Value
        pH of the water.
    acid, base : sequence of Value
        pKa of the acidic and of the basic groups. Numbers may be in any order; symbols must be in
        the order of ionisation (acids by rising, bases by falling pKa).

    Notes
    -----
    Constants are macroscopic: when a second group ionises, the first one is ionised. The acidic and
    basic groups of a zwitterion are counted separately (Rodgers & Rowland, J Pharm Sci
    2006;95:1238-57).

    Examples
    --------
    >>> ionised_ratio(7.4, acid=(7.4,)), ionised_ratio(7.4), round(ionised_ratio(7.0, base=(9.0,)))
    (1.0, 0.0, 100)
    """
    require(pH=(pH, 0.0, 14.0))
    zero: Value = 0.0
    return sum(_losing(pH, acid), zero) + sum(_taking(pH, base), zero)


def charge_fractions(
    pH: Value, *, acid: Sequence[Value] = (), base: Sequence[Value] = ()
) -> Mapping[int, Value]:
    """Return the share of the drug by net charge; the sum is one.

    Parameters
    ----------
    pH : Value
        pH of the water.
    acid, base : sequence of Value
        As in `ionised_ratio`.

    Notes
    -----
    Acidic and basic groups ionise independently of each other. A molecule with as many anionic as
    cationic groups counts as neutral.

    Examples
    --------
    >>> {charge: round(f, 4) for charge, f in charge_fractions(7.0, base=(8.0, 6.0)).items()}
    {0: 0.0833, 1: 0.8333, 2: 0.0833}
    """
    losing, taking = [1.0, *_losing(pH, acid)], [1.0, *_taking(pH, base)]
    whole = sum(losing) * sum(taking)
    shares: dict[int, Value] = {}
    for lost, a in enumerate(losing):
        for taken, b in enumerate(taking):
            charge = taken - lost
            shares[charge] = shares.get(charge, 0.0) + a * b / whole
    return shares


def ion_trapping(
    pH: Value,
    *,
    plasma_pH: Value = PLASMA_PH,
    acid: Sequence[Value] = (),
    base: Sequence[Value] = (),
) -> Value:
    """Return the equilibrium ratio of unbound drug in water of this pH and in plasma.

    Only un-ionised drug crosses membranes. Therefore bases accumulate in acidic water.

    Parameters
    ----------
    pH, plasma_pH : Value
        pH of the water and of the plasma.
    acid, base : sequence of Value
        As in `ionised_ratio`.

    Examples
    --------
    >>> round(ion_trapping(7.0, base=(9.0,)), 4)
    2.4748
    """
    inside = 1.0 + ionised_ratio(pH, acid=acid, base=base)
    return inside / (1.0 + ionised_ratio(plasma_pH, acid=acid, base=base))


def _sorted(constants: Sequence[Value]) -> list[Value]:
    if not all(map(is_number, constants)):
        return list(constants)
    return sorted(constants)


def _losing(pH: Value, acid: Sequence[Value]) -> list[Value]:
    """Return the ratios of molecules that lost 1, 2, ... protons to those that lost none."""
    return _cumulative([pH - pKa for pKa in _sorted(acid)])


def _taking(pH: Value, base: Sequence[Value]) -> list[Value]:
    """Return the ratios of molecules that gained 1, 2, ... protons to those that gained none."""
    return _cumulative([pKa - pH for pKa in reversed(_sorted(base))])


def _cumulative(exponents: list[Value]) -> list[Value]:
    reached: Value = 0.0
    ratios: list[Value] = []
    for exponent in exponents:
        reached = reached + exponent
        ratios.append(10.0**reached)
    return ratios
