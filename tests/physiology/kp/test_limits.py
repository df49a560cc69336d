"""Limits in which partition coefficients are known in closed form."""

from dataclasses import replace

import pytest

from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.physiology.kp import DrugChemistry, kp_function, kp_methods, load_composition
from pkqsp_bayes.physiology.kp.rodgers_rowland import _lipids, _phospholipid_affinity, kpu


@pytest.mark.parametrize("method", ["poulin-theil", "berezhkovskiy"])
def test_a_tissue_made_of_plasma_takes_up_what_plasma_does(method):
    figures = load_composition("pksim-lipid")
    plasma = replace(figures.rows["plasma"], binding_ratio=1.0)
    twin = replace(figures, rows={**figures.rows, "liver": plasma})
    drug = DrugChemistry(logP=2.0, fup=0.3)
    assert kp_function(method)("liver", drug, composition=twin) == pytest.approx(1.0)


def test_without_binding_berezhkovskiy_is_poulin_and_theil():
    drug = DrugChemistry(logP=3.0, fup=1.0, pKa_base=(8.0,))
    for tissue in load_composition("pksim-lipid").tissues:
        one = kp_function("poulin-theil")(tissue, drug)
        assert one == pytest.approx(kp_function("berezhkovskiy")(tissue, drug), rel=1e-12)


def test_hydrophilic_neutral_drug_after_rodgers_and_rowland():
    row = load_composition("rodgers-rowland-2006").rows["muscle"]
    plasma = load_composition("rodgers-rowland-2006").rows["plasma"]
    drug = DrugChemistry(logP=-12.0, fup=0.2)
    water = row.extracellular_water + row.intracellular_water + 0.7 * row.neutral_phospholipid
    bound = (1 / 0.2 - 1 - 0.7 * plasma.neutral_phospholipid) * row.lipoprotein_ratio
    assert kpu("muscle", drug) == pytest.approx(water + bound, rel=1e-9)


def test_red_cells_give_back_the_measured_ratio():
    drug = DrugChemistry(logP=1.87, fup=0.85, BP=1.36, pKa_base=(9.4,))
    cells = load_composition("rodgers-rowland-2005").rows["erythrocytes"]
    inside, outside = 10 ** (9.4 - 7.22), 1 + 10 ** (9.4 - 7.4)
    affinity = _phospholipid_affinity(cells, drug, NUMPY)
    total = (
        (1 + inside) * cells.intracellular_water
        + _lipids(cells, 10**1.87)
        + affinity * cells.acidic_phospholipid_mg_per_g * inside
    ) / outside
    assert total == pytest.approx((0.45 - 1 + 1.36) / (0.45 * 0.85), rel=1e-12)


def test_a_base_that_red_cells_do_not_bind_is_not_held_by_phospholipids_either():
    drug = DrugChemistry(logP=1.0, fup=0.9, BP=0.56, pKa_base=(9.0,))
    cells = load_composition("rodgers-rowland-2005").rows["erythrocytes"]
    assert _phospholipid_affinity(cells, drug, NUMPY) == 0.0


@pytest.mark.parametrize("method", kp_methods())
def test_more_unbound_drug_is_more_drug_in_tissue(method):
    kp = kp_function(method)
    drugs = [DrugChemistry(logP=2.0, fup=fup, pKa_acid=(4.0,)) for fup in (0.01, 0.1, 0.9)]
    values = [float(kp("muscle", drug)) for drug in drugs]
    assert values == sorted(values)
    assert values[0] > 0.0
