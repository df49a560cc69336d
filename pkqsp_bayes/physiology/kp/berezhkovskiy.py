"""Tissue-to-plasma partitioning after Berezhkovskiy, J Pharm Sci 2004;93:1628-40.

The model of Poulin and Theil with one change: only drug dissolved in water binds to proteins, so
that binding applies to the water only.
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
        By default ``pksim-lipid``, which has no binding in adipose.
    ops : Ops
        Not used.

    Raises
    ------
    ValueError
        If the tissue is unknown.

    Examples
    --------
    PK-Sim returns 7.75 for alprazolam in adipose:

    >>> round(kp("adipose", DrugChemistry(logP=2.5, fup=0.35, pKa_base=(2.4,))), 2)
    7.71
    """
    figures = composition or load_composition("pksim-lipid")
    row = figures.tissue(tissue)
    fat = canonical_organ(tissue) == "adipose"
    partition = vegetable_oil(drug, row.pH) if fat else 10.0**drug.logP
    free = unbound_in_tissue(drug.fup, row.binding_ratio)
    return _uptake(row, partition, free) / _uptake(figures.rows["plasma"], partition, drug.fup)


def _uptake(row: Tissue, partition: Value, free: Value) -> Value:
    lipid = row.neutral_lipid + 0.3 * row.phospholipid
    return partition * lipid + 0.7 * row.phospholipid + row.water / free
