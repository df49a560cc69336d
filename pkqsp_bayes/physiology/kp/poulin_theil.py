"""Tissue-to-plasma partitioning after Poulin and Theil, J Pharm Sci 2002;91:129-56.

Drug dissolves in the water and the lipids of tissue and plasma, and binds to proteins. The
concentration of proteins in tissue is half of that in plasma.
"""

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.kp.composition import Composition, Tissue, load_composition
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.lipid import unbound_in_tissue, vegetable_oil
from pkqsp_bayes.physiology.organ_names import canonical_organ

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
        An organ; for adipose, vegetable oil at the tissue's pH replaces octanol.
    drug : DrugChemistry
        Drug with logP, fup and pKa.
    composition : Composition, optional
        By default ``pksim-lipid``; the paper uses ``poulin-theil-human`` and ``-rat``.
    ops : Ops
        Not used.

    Raises
    ------
    ValueError
        If the tissue is unknown.

    Examples
    --------
    >>> round(kp("brain", DrugChemistry(logP=2.0, fup=0.5)), 3)
    4.161
    """
    figures = composition or load_composition("pksim-lipid")
    row, plasma = figures.tissue(tissue), figures.rows["plasma"]
    if canonical_organ(tissue) == "adipose":
        oil = vegetable_oil(drug, row.pH)
        return _uptake(row, oil) / _uptake(plasma, oil) * drug.fup
    octanol = 10.0**drug.logP
    free = drug.fup / unbound_in_tissue(drug.fup, row.binding_ratio)
    return _uptake(row, octanol) / _uptake(plasma, octanol) * free


def _uptake(row: Tissue, partition: Value) -> Value:
    lipid = row.neutral_lipid + 0.3 * row.phospholipid
    return partition * lipid + row.water + 0.7 * row.phospholipid
