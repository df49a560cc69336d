"""Binding, blood, ion trapping, clearance: worked numbers and limits."""

import numpy as np
import pytest
from scipy.optimize import brentq

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.physiology.binding import (
    bound_ratio,
    dissociation_constant,
    fu_at_concentration,
    fu_from_affinity,
    fu_from_ratios,
    fu_saturable,
)
from pkqsp_bayes.physiology.blood import (
    blood_to_plasma,
    cell_partition,
    erythrocyte_ratio,
    filtration_clearance,
)
from pkqsp_bayes.physiology.ionisation import ion_trapping, ionised_ratio
from pkqsp_bayes.physiology.kp import steady_state_volume
from pkqsp_bayes.physiology.liver import (
    clearance_in_hepatocytes,
    clearance_in_microsomes,
    well_stirred,
)


def test_oxprenolol_in_dogs():
    """AAG 0.47 -> 2.85 g/L, fu 0.25 -> 0.06 observed (abstract); the formula gives 0.0521."""
    fu = fu_at_concentration(0.25, 2.85, 0.47)
    assert fu == pytest.approx(0.0521, abs=5e-5)
    assert fu == pytest.approx(0.06, abs=0.015)


def test_one_affinity_and_one_fraction_are_equivalent():
    Kd = dissociation_constant(0.03, 650.0, sites=2.0)
    for protein in (200.0, 650.0, 900.0):
        by_affinity = fu_from_affinity(protein, Kd, sites=2.0)
        assert by_affinity == pytest.approx(fu_at_concentration(0.03, protein, 650.0), rel=1e-12)


def test_proteins_add_up_in_their_ratios():
    both = fu_from_ratios(bound_ratio(0.5), bound_ratio(0.2))
    assert both == pytest.approx(1 / (1 + 1 + 4))


@pytest.mark.parametrize("drug", [0.0, 1e-6, 50.0, 650.0, 5e3, 1e6])
def test_saturable_binding_solves_the_mass_balance(drug):
    protein, Kd, sites = 650.0, 12.0, 2.0
    fu = float(fu_saturable(drug, protein, Kd, sites))
    if drug == 0.0:
        assert fu == pytest.approx(Kd / (Kd + sites * protein), rel=1e-12)
        return
    free = brentq(
        lambda c: c + sites * protein * c / (Kd + c) - drug, 0.0, drug, xtol=1e-15, rtol=1e-14
    )
    assert fu == pytest.approx(free / drug, rel=1e-9)


@pytest.mark.parametrize("fu", [0.0, 1.1, -0.2])
def test_fractions_out_of_range(fu):
    with pytest.raises(CheckError, match=r"\(0, 1\]"):
        fu_at_concentration(fu, 1.0, 1.0)


def test_blood_to_plasma_depends_on_haematocrit():
    cells = cell_partition(0.7, 0.1, 0.45)
    assert blood_to_plasma(0.45, 0.1, cells) == pytest.approx(0.7)
    assert blood_to_plasma(0.0, 0.1, cells) == pytest.approx(1.0)
    anaemic = blood_to_plasma(0.225, 0.1, cells)
    assert anaemic == pytest.approx((1.0 + 0.7) / 2)


@pytest.mark.parametrize(
    ("pH", "groups", "expected"),
    [
        (7.0, {"base": (9.0,)}, 2.4748),
        (6.5, {"base": (9.0,)}, 7.7731),
        (6.5, {"acid": (4.0,)}, 0.1262),
        (7.4, {"acid": (4.0,), "base": (9.0,)}, 1.0),
        (6.0, {}, 1.0),
    ],
)
def test_ions_are_trapped(pH, groups, expected):
    assert ion_trapping(pH, **groups) == pytest.approx(expected, abs=5e-5)


def test_strong_ions_partition_as_protons():
    """10^0.4 for a strong base between pH 7.4 and 7.0, 10^-0.4 for a strong acid."""
    assert ion_trapping(7.0, base=(14.0,)) == pytest.approx(10**0.4, rel=1e-5)
    assert ion_trapping(7.0, acid=(1.0,)) == pytest.approx(10**-0.4, rel=1e-5)


def test_second_groups_find_the_first_ionised():
    diacid = ionised_ratio(7.4, acid=(6.0, 5.0))
    assert diacid == pytest.approx(10 ** (7.4 - 5.0) + 10 ** (2 * 7.4 - 11.0))
    dibase = ionised_ratio(7.4, base=(8.0, 9.0))
    assert dibase == pytest.approx(10 ** (9.0 - 7.4) + 10 ** (17.0 - 2 * 7.4))


def test_a_drug_of_plasma_alone_that_is_filtered():
    """V_ss = V_plasma, CL = fu GFR: 0.1 * 125 mL/min = 0.75 L/h."""
    assert filtration_clearance(0.1, 7.5) == pytest.approx(0.75)
    in_cells = erythrocyte_ratio(1 - 0.434, 0.434)
    volume = steady_state_volume(3.0, 2.3, in_cells, [(29.0, 0.0), (1.8, 0.0)])
    assert volume == pytest.approx(3.0)


def test_clearance_from_the_test_tube():
    assert clearance_in_microsomes(20.0, 38.0, 1.8) == pytest.approx(82.08, rel=1e-9)
    # 20 uL/min/10^6 cells * 107e6 cells/g * 1800 g = 3852 mL/min
    assert clearance_in_hepatocytes(20.0, 1.8) == pytest.approx(3852 * 0.06, rel=1e-9)


def test_well_stirred_liver():
    assert well_stirred(90.0, 30.0) == pytest.approx(22.5)
    flows = np.array([1e9, 90.0])
    assert well_stirred(flows[0], 30.0) == pytest.approx(30.0)
    assert well_stirred(90.0, 1e9) == pytest.approx(90.0)
