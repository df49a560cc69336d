"""Unbound fraction in plasma from the proteins that bind the drug.

Ratios of bound to unbound drug add up over proteins. Therefore one affinity (Kd and n sites), or
one fu at a reference concentration, describes a protein completely.
"""

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.formula_ranges import ABOVE_ZERO, require

__all__ = [
    "bound_ratio",
    "dissociation_constant",
    "fu_at_concentration",
    "fu_from_affinity",
    "fu_from_ratios",
    "fu_saturable",
]

_ANY = (0.0, float("inf"))
_POSITIVE = (ABOVE_ZERO, float("inf"))


def fu_from_ratios(*ratios: Value) -> Value:
    """Return the unbound fraction from the ratio of bound to unbound drug of each protein.

    Examples
    --------
    Albumin binds as much drug as is unbound, AAG binds twice as much:

    >>> fu_from_ratios(1.0, 2.0)
    0.25
    """
    require(**{f"ratio {i + 1}": (ratio, *_ANY) for i, ratio in enumerate(ratios)})
    return 1.0 / (1.0 + sum(ratios))


def bound_ratio(fu: Value) -> Value:
    """Return the ratio of bound to unbound drug.

    Raises
    ------
    CheckError
        If fu is not in (0, 1].

    Examples
    --------
    >>> bound_ratio(0.25)
    3.0
    """
    require(fu=(fu, ABOVE_ZERO, 1.0))
    return (1.0 - fu) / fu


def fu_at_concentration(fu: Value, concentration: Value, reference: Value) -> Value:
    """Return the unbound fraction at another concentration of the single binding protein.

    Parameters
    ----------
    fu : Value
        Unbound fraction at the reference concentration.
    concentration, reference : Value
        Concentrations of the protein, in the same unit.

    Raises
    ------
    CheckError
        If fu is not in (0, 1].

    Notes
    -----
    Linear binding: 1 / (1 + P / P_ref (1 - fu) / fu), as in McNamara & Alcorn 2002 and PK-Sim.

    Examples
    --------
    Oxprenolol in dogs, AAG from 0.47 to 2.85 g/L (observed: 0.06):

    >>> round(fu_at_concentration(0.25, 2.85, 0.47), 4)
    0.0521
    """
    require(concentration=(concentration, *_ANY), reference=(reference, *_POSITIVE))
    return fu_from_ratios(bound_ratio(fu) * concentration / reference)


def fu_from_affinity(concentration: Value, Kd: Value, sites: Value = 1.0) -> Value:
    """Return the unbound fraction for one protein, far from saturation.

    Parameters
    ----------
    concentration, Kd : Value
        Concentration of the protein and its dissociation constant, in the same unit.
    sites : Value
        Binding sites per molecule.

    Examples
    --------
    >>> fu_from_affinity(600.0, 200.0)
    0.25
    """
    require(concentration=(concentration, *_ANY), Kd=(Kd, *_POSITIVE), sites=(sites, *_ANY))
    return fu_from_ratios(sites * concentration / Kd)


def dissociation_constant(fu: Value, concentration: Value, sites: Value = 1.0) -> Value:
    """Return the Kd at which a protein of this concentration gives this unbound fraction.

    Raises
    ------
    CheckError
        If fu is not in (0, 1].

    Examples
    --------
    >>> dissociation_constant(0.25, 600.0)
    200.0
    """
    require(concentration=(concentration, *_ANY), sites=(sites, *_ANY))
    return sites * concentration / bound_ratio(fu)


def fu_saturable(
    drug: Value, concentration: Value, Kd: Value, sites: Value = 1.0, *, ops: Ops = NUMPY
) -> Value:
    """Return the unbound fraction for a protein that the drug can saturate.

    Parameters
    ----------
    drug : Value
        Total concentration in plasma.
    concentration, Kd : Value
        Concentration of the protein and its dissociation constant; all three in one molar unit.
    sites : Value
        Binding sites per molecule.
    ops : Ops
        Operations for the type of the numbers.

    Notes
    -----
    Root of Cu^2 + (n P + Kd - C) Cu - Kd C = 0, written so that C = 0 is allowed.

    Examples
    --------
    Binding is linear at low and saturated at high concentrations:

    >>> [round(float(fu_saturable(c, 600.0, 200.0)), 4) for c in (0.0, 600.0, 1e6)]
    [0.25, 0.4343, 0.9994]
    """
    require(
        drug=(drug, *_ANY),
        concentration=(concentration, *_ANY),
        Kd=(Kd, *_POSITIVE),
        sites=(sites, *_ANY),
    )
    free_sites = sites * concentration + Kd - drug
    root = ops.sqrt(free_sites**2 + 4.0 * Kd * drug)
    return 2.0 * Kd / (free_sites + root)
