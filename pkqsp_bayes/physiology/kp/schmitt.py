"""Tissue-to-plasma partitioning after Schmitt, Toxicol In Vitro 2008;22:457-67.

Neutral lipids, neutral and acidic phospholipids and proteins take up drug by its membrane affinity
and by its charge at the tissue's pH: acidic phospholipids hold cations 20 times and anions a 20th
as strongly as the neutral molecule.
"""

from pkqsp_bayes.physiology.kp.composition import Composition, load_composition
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.protein import protein_partition
from pkqsp_bayes.physiology.ops import NUMPY, Ops, Value

__all__ = ["kp"]

CATION_AFFINITY = 20.0
ANION_AFFINITY = 0.05

# Neutral lipid against octanol, for an ion.
ION_IN_LIPID = 1e-3


def kp(
    tissue: str,
    drug: DrugChemistry,
    *,
    composition: Composition | None = None,
    ops: Ops = NUMPY,  # noqa: ARG001 (all methods are called alike)
) -> Value:
    """Return the tissue-to-plasma partition coefficient, both of total drug.

    Parameters
    ----------
    tissue : str
        An organ.
    drug : DrugChemistry
        Its logP (or logMA), fup and pKa: at most one acidic and one basic group, since the
        published forms for more were not verified.
    composition : Composition, optional
        By default ``pksim-schmitt``.
    ops : Ops
        Not needed.

    Raises
    ------
    ValueError
        If the tissue is unknown, or the drug has several groups of one kind.

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


def _relative_uptake(drug: DrugChemistry, pH: float) -> tuple[Value, Value]:
    """Return uptake by neutral lipid and by acidic phospholipid against the neutral molecule's."""
    if max(len(drug.pKa_acid), len(drug.pKa_base)) > 1:
        raise ValueError("Schmitt's method takes one acidic and one basic pKa at most")
    if drug.drug_class == "zwitterion":
        return _zwitterion(drug, pH)
    neutral = 1.0 / (1.0 + drug.ionised_ratio(pH))
    charge = CATION_AFFINITY if drug.drug_class == "base" else ANION_AFFINITY
    ionised = 1.0 - neutral
    return neutral + ION_IN_LIPID * ionised, neutral + charge * ionised


def _zwitterion(drug: DrugChemistry, pH: float) -> tuple[Value, Value]:
    acid = 1.0 / (1.0 + 10.0 ** (pH - drug.pKa_acid[0]))  # protonated, without charge
    base = 1.0 / (1.0 + 10.0 ** (drug.pKa_base[0] - pH))  # without proton, without charge
    even = acid * base + (1.0 - acid) * (1.0 - base)
    anion, cation = (1.0 - acid) * base, acid * (1.0 - base)
    lipid = even + ION_IN_LIPID * (anion + cation)
    return lipid, even + ANION_AFFINITY * anion + CATION_AFFINITY * cation
