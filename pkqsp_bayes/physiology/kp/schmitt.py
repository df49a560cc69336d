"""Tissue-to-plasma partitioning after Schmitt, Toxicol In Vitro 2008;22:457-67.

Neutral lipids, neutral and acidic phospholipids and proteins take up drug by its membrane affinity
and by its charge at the tissue's pH. Acidic phospholipids bind cations 20 times and anions 1/20
times as strongly as neutral molecules.
"""

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.kp.composition import Composition, load_composition
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.protein import protein_partition

__all__ = ["kp"]

CATION_AFFINITY = 20.0
ANION_AFFINITY = 0.05

# Ratio of the uptake of an ion by neutral lipid and by octanol.
ION_IN_LIPID = 1e-3


def kp(
    tissue: str,
    drug: DrugChemistry,
    *,
    composition: Composition | None = None,
    ops: Ops = NUMPY,  # noqa: ARG001 (all methods are called alike)
) -> Value:
    """Return the tissue-to-plasma partition coefficient of total drug.

    Parameters
    ----------
    tissue : str
        An organ.
    drug : DrugChemistry
        Drug with logP (or logMA), fup and pKa. The net charge counts: a molecule with two charges
        of one sign is treated as an ion with one charge, and a molecule with as many anionic as
        cationic groups as a neutral one.
    composition : Composition, optional
        By default ``pksim-schmitt``.
    ops : Ops
        Not used.

    Raises
    ------
    ValueError
        If the tissue is unknown.

    Examples
    --------
    PK-Sim returns 22.23 for quinidine in brain:

    >>> quinidine = DrugChemistry(logP=2.3, fup=0.33, pKa_base=(8.6,))
    >>> round(kp("brain", quinidine), 2)
    22.23
    """
    row = (composition or load_composition("pksim-schmitt")).tissue(tissue)
    affinity = drug.membrane_affinity
    lipid, acidic = _relative_uptake(drug, row.pH)
    return drug.fup * (
        row.water
        + affinity * (lipid * row.neutral_lipid + row.neutral_phospholipid)
        + affinity * acidic * row.acidic_phospholipid
        + protein_partition(affinity) * row.protein
    )


def _relative_uptake(drug: DrugChemistry, pH: Value) -> tuple[Value, Value]:
    """Return the uptake by neutral lipid and acidic phospholipid relative to a neutral drug."""
    shares = drug.charge_fractions(pH)
    even = shares.get(0, 0.0)
    anion = sum(share for charge, share in shares.items() if charge < 0)
    cation = sum(share for charge, share in shares.items() if charge > 0)
    lipid = even + ION_IN_LIPID * (anion + cation)
    return lipid, even + ANION_AFFINITY * anion + CATION_AFFINITY * cation
