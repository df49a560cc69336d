"""The human body: ICRP 89 exactly, Huisinga's individual, sums, growth, symbols."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.physiology.body import check_body
from pkqsp_bayes.physiology.human import human_body
from pkqsp_bayes.physiology.human_reference import BLOOD_DENSITY, human_reference
from pkqsp_bayes.physiology.size import body_surface, lean_weight
from pkqsp_bayes.physiology.species import reference_body
from tests.physiology.helpers import SymbolOps

_ORACLES = Path(__file__).parent.parent / "oracles" / "physiology"
_PERSONS = [(80.0, 180.0, 35.0, 1.0), (50.0, 160.0, 70.0, 0.0), (20.0, 110.0, 6.0, 1.0)]


def _oracle(name):
    return tomllib.loads((_ORACLES / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("sex", ["female", "male"])
def test_reference_adults_are_those_of_icrp89(sex):
    expected = _oracle("icrp89_adult")[sex]
    body = reference_body("human", SEX=float(sex == "male"))
    assert body.weight == expected["weight"]
    assert body.height == expected["height"]
    assert body.cardiac_output == pytest.approx(60 * expected["cardiac_output"], rel=1e-12)
    assert body.blood_volume == pytest.approx(expected["blood"], rel=1e-12)
    assert body.plasma_volume == pytest.approx(expected["plasma"], rel=1e-12)
    assert body.haematocrit == pytest.approx(expected["haematocrit"], abs=5e-4)
    for name, parts in expected["mass"].items():
        assert body.organs[name].mass == pytest.approx(sum(parts) / 1000, rel=1e-12), name
    for name, percent in expected["flow"].items():
        share = body.organs[name].flow / body.cardiac_output
        assert share == pytest.approx(percent / 100, rel=1e-12), name


def test_the_individual_of_huisinga():
    """Each organ against the liver, so that the toolkit's other reference man cancels."""
    expected = _oracle("huisinga_73kg")
    assert body_surface(73.0, 176.0) == pytest.approx(expected["bsa"], rel=1e-8)
    assert lean_weight(73.0, 176.0, 1.0) == pytest.approx(expected["lean_weight"], rel=1e-8)
    body = human_body(WT=73.0, HT=176.0)
    assert body.organs["brain"].mass == expected["brain"]
    liver = expected["volume"]["liver"]
    for name, volume in expected["volume"].items():
        ratio = body.organs[name].mass / body.organs["liver"].mass
        assert ratio == pytest.approx(volume / liver, rel=1e-6), name
    output = expected["flow"].pop("lungs")
    for name, flow in expected["flow"].items():
        share = body.organs[name].flow / body.cardiac_output
        assert share == pytest.approx(flow / output, rel=1e-6), name
    pools = expected["pools"]
    share = pools["arterial"] / (pools["arterial"] + pools["venous"])
    assert body.arterial_volume / body.blood_volume == pytest.approx(share, rel=1e-6)


def test_lean_weight_of_women():
    """9270 W / (8780 + 244 BMI), Janmahasatian 2005: 60 kg at 22.583 kg/m2."""
    assert lean_weight(60.0, 163.0, 0.0) == pytest.approx(556200 / 14290.19, rel=1e-5)


@pytest.mark.parametrize("scaling", ["lean", "height"])
@pytest.mark.parametrize("person", _PERSONS)
def test_masses_are_the_weight_and_flows_the_output(person, scaling):
    weight, height, age, sex = person
    body = human_body(WT=weight, HT=height, AGE=age, SEX=sex, scaling=scaling)
    mass = sum(organ.mass for organ in body.organs.values())
    assert mass + body.blood_volume * BLOOD_DENSITY == pytest.approx(weight, rel=1e-12)
    veins = [o.flow for o in body.organs.values() if o.drains_to is None and o.flow is not None]
    assert sum(veins) == pytest.approx(body.cardiac_output, rel=1e-12)
    assert check_body(body) is body


def test_taller_subjects_after_willmann():
    short, tall = (human_body(WT=80.0, HT=h, scaling="height") for h in (176.0, 193.6))
    for name, exponent in {"muscle": 2.0, "brain": 0.0, "skin": 1.6, "liver": 0.75}.items():
        ratio = tall.organs[name].volume / short.organs[name].volume
        assert ratio == pytest.approx(1.1**exponent, rel=1e-12), name


def test_weight_alone_keeps_the_body_mass_index():
    body = human_body(WT=100.0)
    assert body.weight / body.height**2 == pytest.approx(73.0 / 176.0**2)


@pytest.mark.parametrize(
    ("age", "sex", "weight", "brain", "liver", "output"),
    [
        (0.0, 1.0, 3.5, 0.380, 0.130, 44.0),
        (1.0, 0.0, 10.0, 0.950, 0.330, 109.0),
        (5.0, 1.0, 19.0, 1.245, 0.570, 204.0),
        (15.0, 0.0, 53.0, 1.300, 1.300, 366.0),
    ],
)
def test_children_are_those_of_icrp89(age, sex, weight, brain, liver, output):
    """Cardiac output at 0 and 1 y: 44 and 109 L/h, Alverson 1987 in Abraham 2005."""
    body = human_body(AGE=age, SEX=sex)
    assert body.weight == pytest.approx(weight, rel=1e-12)
    assert body.organs["brain"].mass == pytest.approx(brain, rel=1e-12)
    assert body.organs["liver"].mass == pytest.approx(liver, rel=1e-12)
    assert body.cardiac_output == pytest.approx(output, rel=1e-4)
    check_body(body)


def test_a_newborns_brain_takes_a_large_share():
    shares = [
        body.organs["brain"].flow / body.cardiac_output
        for body in (human_body(AGE=0.0), human_body(AGE=30.0))
    ]
    assert shares[0] > 2 * shares[1]
    assert shares[1] == pytest.approx(0.12, rel=1e-12)


def test_between_ages_organs_grow_in_straight_lines():
    at = {age: human_reference(age).mass["liver"] for age in (5.0, 7.5, 10.0)}
    assert at[7.5] == pytest.approx((at[5.0] + at[10.0]) / 2, rel=1e-12)


@pytest.mark.parametrize("scaling", ["lean", "height"])
def test_symbols_have_the_value_of_numbers(scaling):
    names = sp.symbols("WT HT AGE SEX", positive=True)
    symbolic = human_body(**{s.name: s for s in names}, scaling=scaling, ops=SymbolOps())
    for person in _PERSONS:
        numeric = human_body(
            **{s.name: v for s, v in zip(names, person, strict=True)}, scaling=scaling
        )
        values = dict(zip(names, person, strict=True))
        for name in ("liver", "adipose", "rest"):
            for field in ("volume", "flow"):
                expr = getattr(symbolic.organs[name], field).subs(values)
                expected = getattr(numeric.organs[name], field)
                assert float(expr) == pytest.approx(float(expected), rel=1e-9)
        assert float(symbolic.gfr.subs(values)) == pytest.approx(float(numeric.gfr), rel=1e-9)


def test_arrays_are_several_subjects():
    weights = np.array([60.0, 80.0])
    together = human_body(WT=weights, SEX=np.array([0.0, 1.0]))
    apart = [human_body(WT=w, SEX=s) for w, s in ((60.0, 0.0), (80.0, 1.0))]
    volumes = [body.organs["muscle"].volume for body in apart]
    np.testing.assert_allclose(together.organs["muscle"].volume, volumes, rtol=1e-14)
