"""Partitioning into fat, which resembles vegetable oil rather than octanol."""

from pkqsp_bayes.ops import Value
from pkqsp_bayes.physiology.kp.drug import DrugChemistry

__all__ = ["unbound_in_tissue", "vegetable_oil"]


def vegetable_oil(drug: DrugChemistry, pH: Value | None = None) -> Value:
    """Return the partition coefficient between vegetable oil and water.

    Parameters
    ----------
    drug : DrugChemistry
        Drug with logP, and with its pKa if a pH is given.
    pH : Value, optional
        pH of the water, for the distribution coefficient, which assigns ionised drug to the water.
        By default the coefficient is that of un-ionised drug.

    Notes
    -----
    log P_vo = 1.115 logP - 1.35 (Leo, Hansch and Elkins, Chem Rev 1971;71:525-616).

    Examples
    --------
    >>> round(vegetable_oil(DrugChemistry(logP=2.0, fup=1.0)), 4)
    7.5858
    """
    partition = 10.0 ** (1.115 * drug.logP - 1.35)
    return partition if pH is None else partition / (1.0 + drug.ionised_ratio(pH))


def unbound_in_tissue(fup: Value, ratio: float) -> Value:
    """Return the unbound fraction in a tissue from the ratio of binding sites in tissue and plasma.

    Parameters
    ----------
    fup : Value
        Unbound fraction in plasma.
    ratio : float
        Ratio of binding protein in tissue and plasma; Poulin & Theil use 0.5.

    Examples
    --------
    >>> round(unbound_in_tissue(0.5, 0.5), 6)
    0.666667
    """
    return 1.0 / (1.0 + ratio * (1.0 - fup) / fup)
