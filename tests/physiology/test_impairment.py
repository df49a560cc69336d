"""Declared multipliers: what they change, and that flows add up afterwards."""

import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.physiology.body import check_body
from pkqsp_bayes.physiology.impairment import impair_body
from pkqsp_bayes.physiology.species import reference_body


def test_a_failing_kidney_filters_less_and_nothing_else_changes():
    healthy = reference_body("human")
    sick = impair_body(healthy, {"gfr": 0.25})
    assert sick.gfr == pytest.approx(0.25 * healthy.gfr)
    assert sick.organs == healthy.organs


@pytest.mark.parametrize("name", ["liver.flow", "liver.arterial", "gut.flow", "kidneys.flow"])
def test_the_cardiac_output_stays(name):
    healthy = reference_body("human")
    sick = check_body(impair_body(healthy, {name: 0.5}))
    organ = name.partition(".")[0]
    assert sick.organs[organ].flow < healthy.organs[organ].flow
    assert sick.cardiac_output == healthy.cardiac_output


def test_liver_flow_is_all_of_it_and_arterial_the_arterys():
    healthy = reference_body("human")  # 25.5 % in all, 6.5 % by the artery, 14 % from the gut
    whole = impair_body(healthy, {"liver.flow": 0.8}).organs
    assert whole["liver"].flow == pytest.approx(0.8 * 0.255 * 390)
    assert whole["gut"].flow == pytest.approx(0.8 * 0.14 * 390)
    arterial = impair_body(healthy, {"liver.arterial": 2.0}).organs
    assert arterial["liver"].flow == pytest.approx((0.255 + 0.065) * 390)
    assert arterial["gut"].flow == healthy.organs["gut"].flow
    gut = impair_body(healthy, {"gut.flow": 0.5}).organs
    assert gut["liver"].flow == pytest.approx((0.255 - 0.07) * 390)


def test_functional_tissue_is_not_volume():
    sick = impair_body(reference_body("human"), {"liver.functional": 0.4, "albumin": 0.7})
    assert sick.organs["liver"].functional == pytest.approx(0.4)
    assert sick.organs["liver"].mass == pytest.approx(1.8)
    assert sick.albumin == pytest.approx(0.7 * 44)


def test_all_wrong_multipliers_at_once():
    with pytest.raises(CheckError) as caught:
        impair_body(reference_body("human"), {"gfrr": 0.5, "lungs.flow": 0.5, "gfr": -1.0})
    assert len(caught.value.issues) == 3
    assert "did you mean gfr" in str(caught.value)
