"""Tissue-to-plasma partitioning after Berezhkovskiy, J Pharm Sci 2004;93:1628-40.

Poulin and Theil's picture with one change: only drug that is dissolved in water binds to proteins,
so that binding counts in the water alone.
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
    """Return the tissue-to-plasma partition coefficient, both of total drug.

    Parameters
    ----------
    tissue : str
        An organ; adipose takes vegetable oil for octanol, at the tissue's pH.
    drug : DrugChemistry
        Its logP, fup and pKa.
    composition : Composition, optional
        By default ``pksim-lipid``, in which nothing is bound in adipose.
    ops : Ops
        Not needed.

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
