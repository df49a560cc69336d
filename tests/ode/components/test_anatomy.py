"""Bodies of the library in a model, against the numbers of `pkqsp_bayes.physiology`."""

import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.physiology.species import reference_body
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model
from tests.ode.components.models import compose
from tests.ode.numeric import Numeric

HUMAN = """
title = "a person"
[drug]
name = "x"
fup = 0.2
BP = 0.8
logP = 2
[body]
species = "human"
source = "icrp89"
[partition]
method = "schmitt"
[elimination.kidneys]
GFR = "GFR"
[dose.iv]
to = "venous"
[observe.cp]
value = "venous.Cp"
"""
COVARIATES = """
[covariates]
WT = { unit = "kg", reference = 73 }
HT = { unit = "m", reference = 1.76 }
SEX = { category = true, levels = { male = 1, female = 2 }, reference = 1 }
"""


def person(text: str = HUMAN + COVARIATES, **covariates: float) -> Numeric:
    return Numeric(compose(text), covariates=covariates)


@pytest.mark.parametrize(("weight", "height", "sex"), [(73, 1.76, 1), (60, 1.63, 2), (95, 1.8, 1)])
def test_organs_are_those_of_the_person(weight: float, height: float, sex: int) -> None:
    made = person(WT=weight, HT=height, SEX=sex)
    known = reference_body("human", WT=weight, HT=100 * height, SEX=2.0 - sex)
    for name, organ in known.organs.items():
        assert made.helper(f"{name}.V") == pytest.approx(organ.volume, rel=1e-12)
        flow = known.cardiac_output if organ.flow is None else organ.flow
        assert made.helper(f"{name}.Q") == pytest.approx(flow, rel=1e-12)
    whole = {"CO": known.cardiac_output, "GFR": known.gfr, "Hct": known.haematocrit,
             "arterial.V": known.arterial_volume, "venous.V": known.venous_volume}  # fmt: skip
    for name, value in whole.items():
        assert made.helper(name) == pytest.approx(value, rel=1e-12)


def test_the_reference_person_needs_no_covariates() -> None:
    made, known = person(HUMAN), reference_body("human")
    assert made.helper("liver.V") == pytest.approx(known.organs["liver"].volume)
    assert any("reference person for WT, HT, AGE, SEX" in note for note in made.system.notes)
    assert any("ICRP Publication 89" in note for note in made.system.notes)


def test_it_passes_every_check() -> None:
    assert check_model(parse_model(HUMAN + COVARIATES)) == []


def test_what_the_model_states_comes_first_key_by_key() -> None:
    own = "[organs.liver]\nvolume = 2.5\n[organs.tumour]\nvolume = 0.1\nflow = 3\nKp = 2\n"
    made, known = person(HUMAN + own), reference_body("human")
    assert made.helper("liver.V") == 2.5
    assert made.helper("liver.Q") == pytest.approx(known.organs["liver"].flow)
    # The rest of the body gives what the tumour takes.
    assert made.helper("rest.Q") == pytest.approx(known.organs["rest"].flow - 3)
    assert "tumour.A" in [s.name for s in made.system.states]


def test_a_stated_cardiac_output_moves_every_flow() -> None:
    text = HUMAN.replace('source = "icrp89"', 'source = "icrp89"\ncardiac_output = 195')
    made, known = person(text), reference_body("human")
    assert made.helper("liver.Q") == pytest.approx(known.organs["liver"].flow / 2)
    assert made.helper("rest.Q") == pytest.approx(known.organs["rest"].flow / 2)


def test_multipliers_of_an_impairment() -> None:
    impaired = HUMAN + "[body.multipliers]\nGFR = 0.25\nliver.Q = 0.8\n"
    made, known = person(impaired), reference_body("human")
    assert made.helper("GFR.driven") == pytest.approx(known.gfr / 4)
    lost = 0.2 * known.organs["liver"].flow
    assert made.helper("rest.Q") == pytest.approx(known.organs["rest"].flow + lost)


def test_a_subset_keeps_weight_and_flow() -> None:
    text = HUMAN.replace('source = "icrp89"', 'source = "icrp89"\nsubset = ["lungs", "liver", '
                         '"kidneys", "rest"]')  # fmt: skip
    made, known = person(text), reference_body("human")
    names = {s.name for s in made.system.states}
    assert names == {f"{n}.A" for n in ("arterial", "venous", "lungs", "liver", "kidneys", "rest")}
    kept = sum(known.organs[n].volume for n in ("lungs", "liver", "kidneys"))
    total = sum(organ.volume for organ in known.organs.values())
    assert made.helper("rest.V") == pytest.approx(total - kept)


@pytest.mark.parametrize("basis", ["blood", "plasma"])
def test_blood_of_an_organ_with_a_vascular_space_is_not_in_the_pools(basis: str) -> None:
    """All the blood, and each organ's tissue and interstitial fluid, stay what they are."""
    text = HUMAN.replace('source = "icrp89"', f'source = "icrp89"\nbasis = "{basis}"') + "".join(
        f'[organs.{name}]\nmodel = "permeability"\nPS = 5\nPS_capillary = 20\n'
        for name in ("muscle", "skin")
    )
    made, known = person(text), reference_body("human")
    carried = 1.0 if basis == "blood" else 1 - known.haematocrit
    held = 0.0
    for name in ("muscle", "skin"):
        organ = known.organs[name]
        blood = made.helper(f"{name}.vascular.V") / carried
        held += blood
        whole = organ.volume + blood
        assert blood / whole == pytest.approx(organ.fraction_vascular)
        fluid = made.helper(f"{name}.interstitial.V")
        assert fluid / whole == pytest.approx(organ.fraction_interstitial)
        assert made.helper(f"{name}.cellular.V") == pytest.approx(organ.volume - fluid)
    pools = (made.helper("arterial.V") + made.helper("venous.V")) / carried
    assert pools + held == pytest.approx(known.blood_volume, rel=1e-12)
    assert made.helper("arterial.V") / made.helper("venous.V") == pytest.approx(
        known.arterial_volume / known.venous_volume
    )


def test_plasma_flows_are_what_is_no_cell() -> None:
    text = HUMAN.replace('source = "icrp89"', 'source = "icrp89"\nbasis = "plasma"')
    made, known = person(text), reference_body("human")
    plasma = 1 - known.haematocrit
    assert made.helper("liver.Q") == pytest.approx(plasma * known.organs["liver"].flow)
    assert made.helper("venous.V") == pytest.approx(plasma * known.venous_volume)


def test_an_animal_in_minutes() -> None:
    text = HUMAN.replace('species = "human"', 'species = "rat"').replace("icrp89", "brown1997")
    made = person('time_unit = "min"\n' + text)
    known = reference_body("rat")
    assert made.helper("liver.Q") == pytest.approx(known.organs["liver"].flow / 60)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (HUMAN.replace('"human"', '"hman"'), "body.species", "'hman'"),
        (HUMAN.replace("icrp89", "brown1997"), "body.source", "of human"),
        (HUMAN + "[organs.kidney]\nvolume = 1\nflow = 1\n", "organs.kidney", "has kidneys"),
        (HUMAN + "[organs.tumour]\nflow = 1\n", "organs.tumour.volume", "no volume"),
        (HUMAN + "[organs.liver]\nvolume = -1\n", "organs.liver.volume", "-1"),
        (HUMAN + "[organs.liver]\nflow = 500\n", "organs.rest.flow", "rest.Q is -"),
        (HUMAN + COVARIATES.replace('"m"', '"kg"'), "covariates.HT.unit", "kg"),
        (
            HUMAN + COVARIATES.replace("male = 1, female = 2", "a = 1, b = 2"),
            "covariates.SEX.levels",
            "female",
        ),
    ],
)
def test_a_body_that_is_none_is_refused(text: str, where: str, what: str) -> None:
    found = [i for i in check_model(parse_model(text)) if i.severity == "error"]
    assert any(i.where == where and what in i.what for i in found), found


def test_organs_without_a_body_need_their_volume() -> None:
    text = HUMAN.replace('source = "icrp89"\n', "cardiac_output = 300\n")
    with pytest.raises(CheckError, match=r"liver.*no volume"):
        compose(text + "[organs.liver]\nflow = 90\n[pools.venous]\nvolume = 3\n")
