"""Tissue-to-plasma partitioning after PK-Sim's standard method (Willmann et al. 2005).

Water, lipid and protein of a tissue take up unbound drug; membrane affinity governs the lipid.
"""

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.kp.composition import Composition, load_composition
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.protein import protein_partition

__all__ = ["kp"]


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
        Drug with logMA (or logP) and fup.
    composition : Composition, optional
        By default ``pksim-standard``.
    ops : Ops
        Not used.

    Raises
    ------
    ValueError
        If the tissue is unknown.

    Examples
    --------
    >>> round(kp("muscle", DrugChemistry(logP=2.0, fup=0.5)), 3)
    1.265
    """
    row = (composition or load_composition("pksim-standard")).tissue(tissue)
    affinity = drug.membrane_affinity
    return drug.fup * (row.water + affinity * row.lipid + protein_partition(affinity) * row.protein)
