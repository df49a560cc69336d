"""Tissue-to-plasma partitioning after Rodgers, Leahy and Rowland.

Unbound drug dissolves in the waters of a tissue, partitions into its neutral lipids and
phospholipids, and binds. Drugs with a basic pKa of 7 or more, including zwitterions, bind to acidic
phospholipids, as strongly as in red cells; all others bind to albumin or lipoprotein, as strongly
as in plasma. J Pharm Sci 2005;94:1259-76 (strong bases) and 2006;95:1238-57 (zwitterions and
all others).
"""

from pkqsp_bayes.ops import NUMPY, Ops, Value, is_number
from pkqsp_bayes.physiology.ionisation import PLASMA_PH
from pkqsp_bayes.physiology.kp.composition import Composition, Tissue, load_composition
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.physiology.kp.lipid import vegetable_oil
from pkqsp_bayes.physiology.organ_names import canonical_organ

__all__ = ["choose_composition", "is_strong_base", "kp", "kpu"]

# pH of the water in cells, the reference for a stated pH of a tissue; the tables have it by tissue.
CELL_PH = 7.0
ERYTHROCYTE_PH = 7.22

# At or above this pKa the cation binds to acidic phospholipids; below it the drug binds to albumin.
STRONG_BASE_PKA = 7.0


def is_strong_base(drug: DrugChemistry) -> bool:
    """Return whether a basic pKa is 7 or more: of a base or of a zwitterion (group 1 of the paper).

    Raises
    ------
    ValueError
        If a basic pKa is a symbol, because the equation depends on its value.

    Examples
    --------
    >>> is_strong_base(DrugChemistry(logP=2.2, fup=0.11, pKa_base=(6.5,)))
    False
    """
    if not drug.pKa_base:
        return False
    if not all(map(is_number, drug.pKa_base)):
        raise ValueError(
            "Rodgers & Rowland needs pKa_base as numbers, to distinguish strong from weak bases"
        )
    return bool(max(drug.pKa_base) >= STRONG_BASE_PKA)


def choose_composition(drug: DrugChemistry) -> Composition:
    """Return the composition for the drug: that of 2005 for strong bases, otherwise that of 2006.

    The water of 2006 is corrected for residual blood; zwitterions are described in that paper.
    """
    year = 2005 if is_strong_base(drug) and not drug.pKa_acid else 2006
    return load_composition(f"rodgers-rowland-{year}")


def kpu(
    tissue: str,
    drug: DrugChemistry,
    *,
    composition: Composition | None = None,
    ops: Ops = NUMPY,
) -> Value:
    """Return the ratio of total drug in tissue to unbound drug in plasma.

    Parameters
    ----------
    tissue : str
        An organ.
    drug : DrugChemistry
        Drug with logP, fup, BP and pKa.
    composition : Composition, optional
        By default `choose_composition`.
    ops : Ops
        Operations for the type of the drug's numbers.

    Raises
    ------
    ValueError
        If the tissue is unknown.

    Examples
    --------
    Rodgers 2005 reports 21.4 for bisoprolol in rat kidney:

    >>> bisoprolol = DrugChemistry(logP=1.87, fup=0.85, BP=1.36, pKa_base=(9.4,))
    >>> round(float(kpu("kidneys", bisoprolol)), 1)
    21.6
    """
    figures = composition or choose_composition(drug)
    row = figures.tissue(tissue)
    fat = canonical_organ(tissue) == "adipose"
    partition = vegetable_oil(drug) if fat else 10.0**drug.logP
    unionised = 1.0 / (1.0 + drug.ionised_ratio(PLASMA_PH))
    ionised = drug.ionised_ratio(row.cell_pH)
    water = row.extracellular_water + (1.0 + ionised) * unionised * row.intracellular_water
    lipid = _lipids(row, partition) * unionised
    if is_strong_base(drug):
        strength = _phospholipid_affinity(figures.rows["erythrocytes"], drug, ops)
        bound = strength * row.acidic_phospholipid_mg_per_g * ionised * unionised
    else:
        bound = _protein_binding(figures.rows["plasma"], drug, ops) * _protein_ratio(row, drug)
    return water + lipid + bound


def kp(
    tissue: str,
    drug: DrugChemistry,
    *,
    composition: Composition | None = None,
    ops: Ops = NUMPY,
) -> Value:
    """Return the tissue-to-plasma partition coefficient of total drug; see `kpu`."""
    return drug.fup * kpu(tissue, drug, composition=composition, ops=ops)


def _lipids(row: Tissue, partition: Value) -> Value:
    """Return the uptake by neutral lipids and by phospholipids (30 % octanol, 70 % water)."""
    return partition * row.neutral_lipid + (0.3 * partition + 0.7) * row.neutral_phospholipid


def _phospholipid_affinity(cells: Tissue, drug: DrugChemistry, ops: Ops) -> Value:
    """Return the affinity of the cation to acidic phospholipids, g/mg, from the red cells."""
    in_cells = drug.ionised_ratio(ERYTHROCYTE_PH)
    total = 1.0 + drug.ionised_ratio(PLASMA_PH)
    measured = (drug.haematocrit - 1.0 + drug.BP) / (drug.haematocrit * drug.fup)
    explained = (1.0 + in_cells) * cells.intracellular_water + _lipids(cells, 10.0**drug.logP)
    bound = ops.maximum(measured - explained / total, 0.0)
    return bound * total / (in_cells * cells.acidic_phospholipid_mg_per_g)


def _protein_binding(plasma: Tissue, drug: DrugChemistry, ops: Ops) -> Value:
    """Return the ratio of bound to unbound drug in plasma, without its lipids."""
    total = 1.0 + drug.ionised_ratio(PLASMA_PH)
    lipid = _lipids(plasma, 10.0**drug.logP) / total
    return ops.maximum(1.0 / drug.fup - 1.0 - lipid, 0.0)


def _protein_ratio(row: Tissue, drug: DrugChemistry) -> float:
    return row.lipoprotein_ratio if drug.drug_class == "neutral" else row.albumin_ratio
