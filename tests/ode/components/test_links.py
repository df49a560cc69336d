"""Links against steady states worked out by hand, and against the same model without the link."""

import numpy as np
import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.checks.balance import prove_balance
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model
from tests.ode.components.models import BODY, compose
from tests.ode.components.steady import Rest
from tests.ode.numeric import Numeric

MOVING = """
[covariates]
X = { interpolation = "linear", reference = 1 }
[elimination.liver]
CLint = "CLint"
driving = "unbound"
[elimination.kidney]
GFR = 7.5
[population]
CLint = { typical = 100.0, unit = "L/h", iiv = "lognormal" }
[observe.liver]
value = "liver.C"
[observe.art]
value = "arterial.C"
[observe.muscle]
value = "rest.C"
"""
RATE = 10.0


def link(target: str, value: str = "base * X") -> str:
    return f'[[link]]\ntarget = "{target}"\nvalue = "{value}"\n'


def by_hand(
    *, fup: float = 0.2, BP: float = 0.8, CLint: float = 100.0, Q: float = 90.0, GFR: float = 7.5
) -> float:
    """Arterial blood concentration: well-stirred liver and filtration, both of blood."""
    free = CLint * fup / BP
    return RATE / (Q * free / (Q + free) + fup * GFR / BP)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("fup", by_hand(fup=0.1)),
        ("BP", by_hand(BP=0.4)),
        ("CLint", by_hand(CLint=50.0)),
        ("liver.CLint", by_hand(CLint=50.0)),
        ("kidney.GFR", by_hand(GFR=3.75)),
        ("liver.Kp", by_hand()),
    ],
)
def test_what_is_driven_is_driven_wherever_it_enters(target: str, expected: float) -> None:
    text = BODY + MOVING
    rest = Rest(text + link(target), {"venous.A": RATE}, X=0.5)
    assert rest.outputs["art"] == pytest.approx(expected, rel=1e-12)
    off = Rest(text, {"venous.A": RATE}, X=0.5)
    assert off.outputs["art"] == pytest.approx(by_hand(), rel=1e-12)


def test_a_driven_partition_coefficient_moves_its_organ_alone() -> None:
    text = BODY + MOVING + link("rest.Kp")
    rest = Rest(text, {"venous.A": RATE}, X=0.5)
    assert rest.outputs["muscle"] == pytest.approx(0.5 * 0.9 / 0.8 * by_hand(), rel=1e-12)
    off = Rest(BODY + MOVING, {"venous.A": RATE}, X=0.5)
    assert rest.outputs["liver"] == pytest.approx(off.outputs["liver"], rel=1e-12)


def test_driven_flows_still_add_up() -> None:
    text = BODY + MOVING + link("CO")
    rest = Rest(text, {"venous.A": RATE}, X=0.8)
    assert rest.outputs["art"] == pytest.approx(by_hand(), rel=1e-12)
    numeric = rest.numeric
    flows = [numeric.helper(f"{n}.Q") for n in ("kidney", "liver", "rest")]
    assert sum(flows) == pytest.approx(240.0)
    assert numeric.helper("rest.Q") == pytest.approx(90.0)


@pytest.mark.parametrize(
    "target", ["fup", "BP", "rest.Kp", "CO", "liver.V", "arterial.V", "CLint", "Hct"]
)
def test_drug_is_conserved_whatever_moves(target: str) -> None:
    text = BODY.replace("cardiac_output = 300", "cardiac_output = 300\nhaematocrit = 0.45\n")
    text = text + "[blood]\n" + MOVING + link(target, "base * (1 + 0.3 * sin(t)) * X")
    system = compose(text)
    assert prove_balance(system).holds
    numeric = Numeric(system, covariates={"X": 0.7})
    start = numeric.dosed(100.0)
    times = np.array([0.0, 1.0, 3.0, 10.0])
    states, lost = numeric.simulate(start, times, rtol=1e-10)
    total = [numeric.drug(t, y) + gone for t, y, gone in zip(times, states, lost, strict=True)]
    np.testing.assert_allclose(total, 100.0, rtol=1e-8)


GUT = """
[absorption.oral]
kind = "gut-lumen"
into = "gut"
volume = 0.25
PS = 0.3
k_transit = 0.4
[observe.lumen]
value = "oral.lumen.A"
"""


def test_permeability_of_the_gut_sets_the_fraction_absorbed() -> None:
    """P-gp halves the net permeability: Fa = PS / (PS + k V), and Q / (Q + CLint fub) is left."""
    escaped = 90 / (90 + 100 * 0.2 / 0.8)
    for text, ps in ((link("oral.PS"), 0.15), ("", 0.3)):
        rest = Rest(BODY + MOVING + GUT + text, {"oral.lumen.A": RATE}, X=0.5)
        absorbed = ps / (ps + 0.4 * 0.25)
        assert rest.outputs["art"] == pytest.approx(by_hand() * absorbed * escaped, rel=1e-12)


def test_haematocrit_moves_the_blood_to_plasma_ratio() -> None:
    text = BODY.replace("cardiac_output = 300", "cardiac_output = 300\nhaematocrit = 0.45\n")
    numeric = Numeric(compose(text + "[blood]\n" + MOVING + link("Hct")), covariates={"X": 0.5})
    cells = (0.45 - 1 + 0.8) / 0.45
    assert numeric.helper("BP.driven") == pytest.approx(1 + 0.225 * (cells - 1))
    plain = Numeric(compose(text + "[blood]\n" + MOVING), covariates={"X": 0.5})
    assert plain.helper("BP.driven") == pytest.approx(0.8)


PERMEABLE = """
[organs.muscle]
volume = 20
flow = 40
model = "permeability"
Kp = 2
PS = 5
fraction_vascular = 0.03
fraction_interstitial = 0.12
"""


def test_permeability_of_a_tissue_sets_its_uptake() -> None:
    text = BODY.replace("[organs.rest]", PERMEABLE + "[organs.rest]") + MOVING
    uptake = {}
    for name, extra in (("on", link("muscle.PS")), ("off", "")):
        numeric = Numeric(compose(text + extra), covariates={"X": 0.5})
        names = [s.name for s in numeric.system.states]
        y = np.zeros(len(names))
        y[names.index("muscle.extracellular.A")] = 3.0
        uptake[name] = numeric.rhs(0.0, y)[names.index("muscle.cellular.A")]
    assert uptake["off"] == pytest.approx(5 * 0.2 / 0.8)
    assert uptake["on"] == pytest.approx(uptake["off"] / 2)


def test_a_link_in_another_unit_is_converted_and_a_wrong_one_refused() -> None:
    good = '[[link]]\ntarget = "kidney.GFR"\nvalue = { value = 60, unit = "mL/min" }\n'
    numeric = Numeric(compose(BODY + MOVING + good), covariates={"X": 1.0})
    assert numeric.helper("kidney.GFR.driven") == pytest.approx(3.6)
    wrong = good.replace("mL/min", "mg")
    with pytest.raises(CheckError, match=r"link\[0\]"):
        compose(BODY + MOVING + wrong)


def test_links_in_a_circle_are_refused_and_a_chain_is_not() -> None:
    chain = BODY + MOVING + link("fup", "base * BP") + link("BP", "base * X")
    assert not [i for i in check_model(parse_model(chain)) if i.severity == "error"]
    circle = BODY + MOVING + link("fup", "base * BP") + link("BP", "base * fup")
    found = [i for i in check_model(parse_model(circle)) if "loop" in i.what]
    assert len(found) == 1
    assert "fup.driven" in found[0].what
    assert "BP.driven" in found[0].what
