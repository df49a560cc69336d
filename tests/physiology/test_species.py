"""Animals, bodies of species, and refused covariates."""

from dataclasses import replace

import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.physiology.body import check_body
from pkqsp_bayes.physiology.size import allometric, fit_allometry
from pkqsp_bayes.physiology.species import body_covariates, reference_body, species_names


@pytest.mark.parametrize("species", species_names())
def test_every_body_adds_up(species):
    body = check_body(reference_body(species))
    assert body.organs["lungs"].flow is None
    assert body.organs["lungs"].position == "series"
    assert "gut" in body.portal_organs
    assert body.sources


def test_rat_after_brown():
    """Brown et al. 1997: liver 3.66 % of 250 g, kidneys 14.1 % of 0.235 BW^0.75 L/min."""
    rat = reference_body("rat", WT=0.25)
    assert rat.organs["liver"].mass == pytest.approx(0.0366 * 0.25, rel=1e-12)
    assert rat.blood_volume == pytest.approx(0.064 * 0.25, rel=1e-12)
    assert rat.venous_volume == pytest.approx(2 * rat.arterial_volume, rel=1e-12)
    output = 0.235 * 0.25**0.75 * 60
    assert rat.cardiac_output == pytest.approx(output, rel=1e-12)
    assert rat.organs["kidneys"].flow == pytest.approx(0.141 * output, rel=1e-12)


def test_dog_after_davies_and_morris():
    """As in httk: muscle 0.4385 L/kg, liver 54.95 mL/min/kg^0.75, GFR 10.9 mL/min/kg^0.75."""
    dog = reference_body("dog", WT=10.0)
    assert dog.organs["muscle"].volume == pytest.approx(4.385, rel=1e-12)
    assert dog.organs["liver"].flow == pytest.approx(54.95 * 10**0.75 * 0.06, rel=1e-12)
    assert dog.gfr == pytest.approx(10.9 * 10**0.75 * 0.06, rel=1e-12)
    assert dog.plasma_volume == pytest.approx(0.515, rel=1e-12)


def test_borrowed_volumes_are_stated():
    assert any("as in humans: bone, brain" in text for text in reference_body("monkey").sources)
    assert not any("as in humans" in text for text in reference_body("dog").sources)


def test_bodies_scale_between_weights():
    small, large = (reference_body("rat", WT=w) for w in (0.2, 0.4))
    assert large.cardiac_output == pytest.approx(
        allometric(small.cardiac_output, 0.4, 0.2, 0.75), rel=1e-12
    )
    assert large.organs["muscle"].volume == pytest.approx(2 * small.organs["muscle"].volume)


def test_unknown_species_and_covariates():
    with pytest.raises(CheckError, match="did you mean rat"):
        reference_body("ratt")
    with pytest.raises(CheckError, match="does not depend on AGE"):
        reference_body("dog", AGE=3.0)
    assert set(body_covariates("human")) == {"WT", "HT", "AGE", "SEX"}


def test_figures_in_another_unit_are_refused_together():
    with pytest.raises(CheckError) as caught:
        reference_body("human", WT=-70.0, HT=1.76, SEX=2.0)
    assert [issue.where for issue in caught.value.issues] == ["body.WT", "body.HT", "body.SEX"]
    assert "cm" in str(caught.value)


def test_unphysical_bodies_are_refused_with_all_that_is_wrong():
    body = reference_body("human")
    liver = replace(body.organs["liver"], volume=-1.0)
    broken = replace(body, organs={**body.organs, "liver": liver}, cardiac_output=500.0)
    broken = replace(broken, haematocrit=1.2)
    with pytest.raises(CheckError) as caught:
        check_body(broken)
    where = [issue.where for issue in caught.value.issues]
    assert where == ["organs.liver.volume", "body.cardiac_output", "body.haematocrit"]


def test_portal_flow_above_the_livers():
    body = reference_body("human")
    gut = replace(body.organs["gut"], flow=200.0)
    with pytest.raises(CheckError, match="portal organs contribute"):
        check_body(replace(body, organs={**body.organs, "gut": gut}))


def test_too_slim_for_scaling_by_height():
    with pytest.raises(CheckError, match=r"organs\.adipose\.volume"):
        check_body(reference_body("human", WT=50.0, HT=176.0, scaling="height"))
    check_body(reference_body("human", WT=50.0, HT=176.0))


def test_allometry_over_species():
    """Cardiac outputs of rats of any weight give back Brown's 0.235 BW^0.75 L/min."""
    weights = [0.02, 0.25, 1.0]
    outputs = [float(reference_body("rat", WT=w).cardiac_output) for w in weights]
    coefficient, exponent = fit_allometry(weights, outputs)
    assert coefficient == pytest.approx(0.235 * 60, rel=1e-9)
    assert exponent == pytest.approx(0.75, rel=1e-9)
    with pytest.raises(CheckError, match="two or more"):
        fit_allometry([1.0, 1.0], [2.0, 3.0])
    with pytest.raises(CheckError, match="not above 0"):
        fit_allometry([1.0, 2.0], [2.0, -3.0])
