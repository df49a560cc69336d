"""Inflammation and enzymes: IL-6 suppresses CYP3A4 and induces CRP; CRP is related to clearance."""

from dataclasses import dataclass

from pkqsp_bayes.ops import Value
from pkqsp_bayes.physiology.formula_ranges import ABOVE_ZERO, require

__all__ = [
    "MACHAVARAM_2013",
    "Suppression",
    "clearance_by_crp",
    "crp_under_antibody",
    "suppressed_activity",
    "turnover_rate",
]

_ANY = (0.0, float("inf"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Suppression of the synthesis of an enzyme by a cytokine.

    Parameters
    ----------
    EC50 : Value
        Concentration at half the maximal effect, pg/mL.
    minimum : Value
        Remaining activity at high concentrations, as a fraction of baseline.
    hill : Value
        Hill exponent.
    kdeg : Value
        Degradation rate constant of the enzyme, 1/h.
    source : str
        Citation.
    """

    EC50: Value
    minimum: Value
    hill: Value
    kdeg: Value
    source: str


MACHAVARAM_2013 = Suppression(
    EC50=73.2,
    minimum=0.24,
    hill=1.0,
    kdeg=0.0193,
    source="IL-6 and hepatic CYP3A4: Machavaram et al., Clin Pharmacol Ther 2013;94:260-8",
)


def suppressed_activity(cytokine: Value, effect: Suppression = MACHAVARAM_2013) -> Value:
    """Return the activity of the enzyme at steady state, as a fraction of baseline.

    Parameters
    ----------
    cytokine : Value
        Concentration of the cytokine, pg/mL.
    effect : Suppression
        Parameters of the suppression; by default those of IL-6 on CYP3A4.

    Examples
    --------
    >>> round(suppressed_activity(100.0), 3)
    0.561
    """
    require(cytokine=(cytokine, *_ANY))
    high = cytokine**effect.hill
    return 1.0 + (effect.minimum - 1.0) * high / (effect.EC50**effect.hill + high)


def turnover_rate(activity: Value, cytokine: Value, effect: Suppression = MACHAVARAM_2013) -> Value:
    """Return dE/dt, 1/h, of an enzyme whose synthesis a cytokine suppresses.

    Parameters
    ----------
    activity : Value
        E, as a fraction of baseline.
    cytokine : Value
        Concentration of the cytokine, pg/mL.
    effect : Suppression
        Parameters of the suppression; by default those of IL-6 on CYP3A4.

    Examples
    --------
    >>> turnover_rate(1.0, 0.0)
    0.0
    """
    require(activity=(activity, *_ANY))
    return effect.kdeg * (suppressed_activity(cytokine, effect) - activity)


def crp_under_antibody(
    antibody: Value, baseline: Value, IC50: Value, Imax: Value, hill: Value = 1.0
) -> Value:
    """Return the CRP concentration at steady state under an antibody against IL-6, mg/L.

    Parameters
    ----------
    antibody, IC50 : Value
        Concentrations in the same unit.
    baseline : Value
        CRP without the antibody, mg/L.
    Imax, hill : Value
        Maximal inhibition and Hill exponent.

    Notes
    -----
    dCRP/dt = 0.0238/h (this - CRP): Li, Shoji & Beebe, Br J Clin Pharmacol 2018;84:2059-74.

    Examples
    --------
    Rheumatoid arthritis, at the IC50:

    >>> round(crp_under_antibody(41.8, 7.81, 41.8, 0.970), 3)
    4.022
    """
    require(
        antibody=(antibody, *_ANY),
        baseline=(baseline, *_ANY),
        IC50=(IC50, ABOVE_ZERO, _ANY[1]),
        Imax=(Imax, 0.0, 1.0),
        hill=(hill, *_ANY),
    )
    high = antibody**hill
    return baseline * (1.0 - Imax * high / (IC50**hill + high))


def clearance_by_crp(crp: Value, exponent: Value = -0.312, reference: Value = 32.0) -> Value:
    """Return the factor by which CRP changes midazolam's clearance in critically ill children.

    Parameters
    ----------
    crp, reference : Value
        CRP concentrations, mg/L.
    exponent : Value
        Exponent of CRP.

    Notes
    -----
    Vet et al., Am J Respir Crit Care Med 2016;194:58-66.

    Examples
    --------
    >>> round(clearance_by_crp(300.0), 4)
    0.4974
    """
    require(crp=(crp, ABOVE_ZERO, _ANY[1]), reference=(reference, ABOVE_ZERO, _ANY[1]))
    return (crp / reference) ** exponent
