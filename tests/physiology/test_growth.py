"""Maturation and ontogeny at tabulated ages."""

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.physiology.filtration import (
    adult_filtration,
    filtration_ageing,
    filtration_maturation,
    filtration_of_infants,
    filtration_per_kidney,
)
from pkqsp_bayes.physiology.human import human_body
from pkqsp_bayes.physiology.liver import liver_mass, microsomal_protein
from pkqsp_bayes.physiology.ontogeny import (
    ontogeny_factor,
    ontogeny_proteins,
    ontogeny_sources,
)
from pkqsp_bayes.physiology.proteins import aag_in_children, albumin_in_children
from pkqsp_bayes.physiology.size import postmenstrual_weeks
from pkqsp_bayes.physiology.tables import read_table
from tests.physiology.helpers import SymbolOps

_TERM_YEARS = 40 * 7 / 365.25


def test_rhodin_2009():
    assert filtration_maturation(47.7) == 0.5
    assert filtration_maturation(40.0) == pytest.approx(0.3547, abs=1e-4)
    assert filtration_maturation(92.0) == pytest.approx(0.9032, abs=1e-4)


def test_adults_filter_125_ml_a_minute():
    assert adult_filtration(70.0) / 0.06 == pytest.approx(125.0)
    assert human_body(WT=70.0, AGE=30.0).gfr / 0.06 == pytest.approx(125.0, rel=1e-3)


def test_pksims_adult_filters_116_ml_a_minute():
    """0.11704 / 0.44 L/min/kg and kidneys of 0.43772 kg (MoBi template, 30 years)."""
    gfr = filtration_per_kidney(30.0, postmenstrual_weeks(30.0)) * 0.43772
    assert gfr / 0.06 == pytest.approx(116.43, abs=0.01)


def test_old_kidneys_filter_less():
    """PK-Sim: 1 - 0.9 t^1.5 / (54^1.5 + t^1.5), t years above 30."""
    assert filtration_ageing(20.0) == 1.0
    assert filtration_ageing(84.0) == pytest.approx(0.55)


def test_wu_2024_at_birth_and_late():
    assert filtration_of_infants(0.0, 1.75, 1.75, 34.0) / 0.06 == pytest.approx(1.26)
    assert filtration_of_infants(1e9, 1.75, 1.75, 34.0) / 0.06 == pytest.approx(8.98, rel=1e-4)
    halfway = filtration_of_infants(34.0, 1.75, 1.75, 34.0) / 0.06
    assert halfway == pytest.approx((1.26 + 8.98) / 2)


@pytest.mark.parametrize(("pma", "expected"), [(0.77, 0.12), (1.39, 0.49), (4.69, 0.98)])
def test_cyp3a4_in_pksims_table(pma, expected):
    age = pma - _TERM_YEARS
    table = ontogeny_factor("CYP3A4", age, source="pksim-table")
    assert table == pytest.approx(expected, abs=1e-9)
    assert ontogeny_factor("CYP3A4", age) == pytest.approx(expected, abs=0.01)


def test_every_table_follows_its_hill_curve():
    """Within 0.05 at each tabulated age (the tables were made from the curves)."""
    for row in read_table("ontogeny_tables"):
        if row["protein"] in ("CYP3A5", "UGT1A4", "AAG"):
            continue  # constant, or of another source
        curve = ontogeny_factor(row["protein"], float(row["pma"]) - _TERM_YEARS, organ=row["organ"])
        assert curve == pytest.approx(float(row["activity"]), abs=0.05), row


def test_salem_2013_by_hand():
    """CYP3A4: 1.061 t^0.78 / (0.66^0.78 + t^0.78)."""
    assert ontogeny_factor("CYP3A4", 0.66, source="salem-2013") == pytest.approx(1.061 / 2)
    assert ontogeny_factor("CYP1A2", 0.0, source="salem-2013") == pytest.approx(0.08)


def test_a_curve_is_held_from_its_cap_on():
    at_cap, later = (ontogeny_factor("CYP3A4", t, source="salem-2014") for t in (25.0, 60.0))
    assert at_cap == later


def test_preterm_infants_are_younger_than_their_age():
    """Birth at 32 weeks, 8 weeks old: as mature as a newborn at term."""
    preterm = ontogeny_factor("CYP3A4", 8 * 7 / 365.25, gestation=32.0)
    assert preterm == pytest.approx(ontogeny_factor("CYP3A4", 0.0), rel=1e-12)
    assert preterm != pytest.approx(ontogeny_factor("CYP3A4", 8 * 7 / 365.25), rel=0.1)


def test_cyp3a7_falls():
    young, old = ontogeny_factor("CYP3A7", 0.0), ontogeny_factor("CYP3A7", 20.0)
    assert young > 0.95
    assert old == pytest.approx(0.0253, abs=1e-4)


@pytest.mark.parametrize("source", ontogeny_sources())
def test_every_curve_is_a_sensible_fraction_and_goes_over_symbols(source):
    ages = np.array([0.0, 0.1, 1.0, 5.0, 20.0, 60.0])
    t = sp.Symbol("t", positive=True)
    for organ in ("liver", "duodenum", "gut", "kidneys", "plasma"):
        for protein in ontogeny_proteins(source, organ=organ):
            numbers = ontogeny_factor(protein, ages, organ=organ, source=source)
            assert np.all((numbers >= 0.0) & (numbers < 2.8)), protein
            expr = ontogeny_factor(protein, t, organ=organ, source=source, ops=SymbolOps())
            value = float(sp.sympify(expr).subs(t, 5))
            assert value == pytest.approx(float(np.broadcast_to(numbers, 6)[3]), rel=1e-9)


def test_unverified_curves_are_only_given_on_request():
    with pytest.raises(ValueError, match="unverified"):
        ontogeny_factor("CYP2A6", 1.0, source="compiled")
    assert 0.9 < ontogeny_factor("CYP2A6", 1.0, source="compiled", unverified=True) <= 1.0


def test_unknown_proteins_and_sources():
    with pytest.raises(ValueError, match="did you mean CYP3A"):
        ontogeny_factor("CYP3A", 1.0)
    with pytest.raises(ValueError, match="did you mean salem"):
        ontogeny_factor("CYP3A4", 1.0, source="salem")


def test_barter_2008_as_printed():
    assert microsomal_protein(2 / 12) == pytest.approx(26.0, abs=1.0)
    assert microsomal_protein(18.0) == pytest.approx(38.0, abs=1.0)


def test_johnson_2005():
    assert liver_mass(1.85) == pytest.approx(1.488, abs=5e-4)


def test_proteins_grow_to_the_adults():
    ages = np.array([0.0, 1.0, 18.0, 40.0])
    for concentration, adult in ((albumin_in_children, 44.0), (aag_in_children, 0.61)):
        values = concentration(ages)
        assert np.all(np.diff(values) >= 0.0)
        assert values[-1] == pytest.approx(adult, rel=0.01)
    # Johnson 2006: 43.67 g/L at 18 years, in days.
    assert albumin_in_children(18.0) == pytest.approx(43.67, abs=0.01)
