"""Formulas refuse numbers outside the range of their source; symbols pass."""

import math

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.physiology import (
    binding,
    blood,
    enzymes,
    filtration,
    ionisation,
    liver,
    proteins,
    size,
)
from pkqsp_bayes.physiology.kp import DrugChemistry, kp_table
from pkqsp_bayes.physiology.ontogeny import ontogeny_factor
from pkqsp_bayes.physiology.species import reference_body

_WRONG = [
    (filtration.adult_filtration, (-70.0,), "weight"),
    (filtration.filtration_maturation, (5.0,), "weeks"),
    (filtration.filtration_ageing, (150.0,), "age"),
    (filtration.filtration_per_kidney, (-1.0, 1600.0), "age"),
    (filtration.filtration_of_infants, (1.0, 70.0, 3.0, 40.0), "weight"),
    (proteins.albumin_in_children, (-0.1,), "age"),
    (proteins.albumin_in_elderly, (5.0,), "age"),
    (proteins.aag_in_children, (math.nan,), "age"),
    (liver.liver_mass, (185.0,), "surface"),
    (liver.microsomal_protein, (120.0,), "age"),
    (liver.well_stirred, (90.0, -1.0), "unbound_clearance"),
    (blood.blood_to_plasma, (45.0, 0.1, 1.0), "haematocrit"),
    (blood.cell_partition, (1.0, 0.0, 0.45), "fup"),
    (blood.erythrocyte_ratio, (0.3, 0.45), "BP"),
    (binding.fu_from_affinity, (600.0, 0.0), "Kd"),
    (binding.fu_at_concentration, (0.1, -1.0, 1.0), "concentration"),
    (enzymes.suppressed_activity, (-5.0,), "cytokine"),
    (size.body_mass_index, (73.0, 1.76), "height"),
    (size.lean_weight, (73.0, 176.0, 2.0), "sex"),
    (size.allometric, (1.0, 0.0, 70.0, 0.75), "weight"),
    (ionisation.ionised_ratio, (74.0,), "pH"),
    (ontogeny_factor, ("CYP3A4", 500.0), "age"),
    (ontogeny_factor, ("CYP3A4", True), "age"),
]


@pytest.mark.parametrize(("formula", "arguments", "name"), _WRONG)
def test_numbers_outside_are_refused_by_name(formula, arguments, name):
    with pytest.raises(CheckError) as caught:
        formula(*arguments)
    assert [issue.where for issue in caught.value.issues] == [name]


def test_curves_of_postnatal_age_begin_at_birth():
    assert ontogeny_factor("CYP3A4", -0.1) < ontogeny_factor("CYP3A4", 0.0)
    with pytest.raises(CheckError, match=r"age is -0\.1"):
        ontogeny_factor("CYP3A4", -0.1, source="salem-2013")
    with pytest.raises(CheckError, match="gestation is 280"):
        ontogeny_factor("CYP3A4", 0.5, gestation=280.0)


def test_one_element_of_an_array_is_enough():
    with pytest.raises(CheckError, match="weight is -1 at index 1"):
        filtration.adult_filtration(np.array([70.0, -1.0]))
    with pytest.raises(CheckError, match="WT is 5 at index 1"):
        reference_body("human", WT=np.array([73.0, 5.0]))


def test_symbols_pass():
    weight = sp.Symbol("WT", positive=True)
    assert filtration.adult_filtration(weight).has(weight)
    assert reference_body("rat", WT=weight).cardiac_output.has(weight)


@pytest.mark.parametrize(
    ("species", "covariates", "where"),
    [
        ("human", {"WT": 1.0}, "WT"),
        ("human", {"WT": math.nan}, "WT"),
        ("human", {"WT": 1.0, "AGE": 0.0}, "WT"),
        ("human", {"HT": 1.76}, "HT"),
        ("human", {"AGE": -0.1}, "AGE"),
        ("human", {"SEX": 2.0}, "SEX"),
        ("rat", {"WT": 250.0}, "WT"),
        ("mouse", {"WT": 25.0}, "WT"),
        ("dog", {"WT": 0.1}, "WT"),
        ("monkey", {"WT": 70.0}, "WT"),
    ],
)
def test_bodies_outside_their_source(species, covariates, where):
    with pytest.raises(CheckError) as caught:
        reference_body(species, **covariates)
    assert [issue.where for issue in caught.value.issues] == [f"body.{where}"]


@pytest.mark.parametrize("age", [0.0, 1.0, 7.0, 16.0, 18.0, 40.0, 95.0])
@pytest.mark.parametrize("sex", [0.0, 1.0])
@pytest.mark.parametrize(("weight", "height"), [(0.52, 0.8), (1, 1), (1.8, None), (3.4, 1.2)])
def test_no_body_within_the_range_is_impossible(age, sex, weight, height):
    usual = reference_body("human", AGE=age, SEX=sex)
    size = {"WT": float(usual.weight) * weight}
    if height is not None:
        size["HT"] = float(usual.height) * height
    body = reference_body("human", AGE=age, SEX=sex, **size)
    assert all(organ.volume > 0 for organ in body.organs.values())


def test_gfr_of_a_monkey():
    """Davies & Morris, Pharm Res 1993;10:1093-5: 10.4 mL/min at 5 kg; a dog's 61.3 at 10 kg."""
    assert reference_body("monkey", WT=5.0).gfr / 0.06 == pytest.approx(10.4, rel=1e-12)
    assert reference_body("dog", WT=10.0).gfr / 0.06 == pytest.approx(61.3, rel=1e-3)


def test_a_table_of_coefficients_needs_a_drug():
    with pytest.raises(CheckError, match="DrugChemistry"):
        kp_table("theophylline")
    with pytest.raises(CheckError, match="did you mean schmitt"):
        kp_table(DrugChemistry(logP=1.0, fup=0.5), methods="schmit")
    table = kp_table(DrugChemistry(logP=1.0, fup=0.5), methods="schmitt", tissues="liver")
    assert table.shape == (1, 1)
