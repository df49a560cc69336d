"""The liver: its mass, its microsomal protein, and in vitro-in vivo extrapolation of clearance."""

from pkqsp_bayes.ops import Value
from pkqsp_bayes.physiology.formula_ranges import require

__all__ = [
    "HEPATOCYTES_PER_GRAM",
    "clearance_in_hepatocytes",
    "clearance_in_microsomes",
    "liver_mass",
    "microsomal_protein",
    "well_stirred",
]

# Million cells/g liver, geometric mean of 7: Wilson et al., Br J Clin Pharmacol 2003;56:433-40.
HEPATOCYTES_PER_GRAM = 107.0

_UL_MIN = 60.0 / 1e6  # L/h

_ANY = (0.0, float("inf"))


def liver_mass(surface: Value) -> Value:
    """Return the mass of the liver, kg, from the body surface in m2.

    Notes
    -----
    0.722 BSA^1.176: Johnson et al., Liver Transpl 2005;11:1481-93, as restated by Miyagi & Collier,
    Drug Metab Dispos 2011;39:912-9.

    Examples
    --------
    >>> round(liver_mass(1.85), 3)
    1.488
    """
    require(surface=(surface, 0.1, 3.5))
    return 0.722 * surface**1.176


def microsomal_protein(age: Value) -> Value:
    """Return the microsomal protein of the liver, mg/g, at an age in years.

    Notes
    -----
    Barter et al., Drug Metab Dispos 2008;36:2405-9: a cubic polynomial; it rises beyond 90 years.

    Examples
    --------
    The paper reports 26 mg/g at two months:

    >>> round(microsomal_protein(2 / 12))
    26
    """
    require(age=(age, 0.0, 90.0))
    return 10.0 ** (1.407 + 0.0158 * age - 0.00038 * age**2 + 0.0000024 * age**3)


def clearance_in_microsomes(clearance: Value, protein: Value, mass: Value) -> Value:
    """Return the intrinsic clearance of a liver, L/h, from that in microsomes.

    Parameters
    ----------
    clearance : Value
        Clearance, uL/min/mg microsomal protein.
    protein : Value
        mg/g liver; `microsomal_protein`.
    mass : Value
        Mass of the liver, kg.

    Examples
    --------
    >>> round(clearance_in_microsomes(20.0, 38.0, 1.8), 2)
    82.08
    """
    require(clearance=(clearance, *_ANY), protein=(protein, *_ANY), mass=(mass, *_ANY))
    return clearance * protein * (mass * 1000.0) * _UL_MIN


def clearance_in_hepatocytes(
    clearance: Value, mass: Value, cells: Value = HEPATOCYTES_PER_GRAM
) -> Value:
    """Return the intrinsic clearance of a liver, L/h, from that in hepatocytes.

    Parameters
    ----------
    clearance : Value
        Clearance, uL/min/million cells.
    mass : Value
        Mass of the liver, kg.
    cells : Value
        Hepatocellularity, million/g liver.

    Examples
    --------
    >>> round(clearance_in_hepatocytes(10.0, 1.8), 3)
    115.56
    """
    require(clearance=(clearance, *_ANY), cells=(cells, *_ANY), mass=(mass, *_ANY))
    return clearance * cells * (mass * 1000.0) * _UL_MIN


def well_stirred(flow: Value, unbound_clearance: Value) -> Value:
    """Return the blood clearance of an organ by the well-stirred model, in the unit of the flow.

    Parameters
    ----------
    flow : Value
        Blood flow.
    unbound_clearance : Value
        Unbound fraction in blood (fup / BP) times intrinsic clearance.

    Notes
    -----
    Rowland, Benet & Graham, J Pharmacokinet Biopharm 1973;1:123-36.

    Examples
    --------
    >>> well_stirred(90.0, 30.0)
    22.5
    """
    require(flow=(flow, *_ANY), unbound_clearance=(unbound_clearance, *_ANY))
    return flow * unbound_clearance / (flow + unbound_clearance)
