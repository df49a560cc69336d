"""The mavoglurant model against its equations written by hand.

The oracle states the published equations (Wendling et al. 2015, as restated in
metrumresearchgroup/BayesPBPK-tutorial) in numbers, with nothing of the package in it.
"""

import csv
import math
import time
from pathlib import Path

import numpy as np
import pytest

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.library import path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.reading.toml import read_model
from tests.ode.checking import check_model
from tests.ode.numeric import Numeric

ORGANS = (
    *("heart", "brain", "muscles", "adipose", "skin", "spleen"),
    *("pancreas", "liver", "stomach", "gut", "bones", "kidneys"),
)
PORTAL = ("spleen", "pancreas", "stomach", "gut")
WEIGHT_PERCENT = dict(
    zip(ORGANS, (0.47, 2, 40, 21.42, 3.71, 0.26, 0.14, 2.57, 0.21, 1.44, 14.29, 0.44), strict=True)
)
DENSITY = dict(
    zip(
        ORGANS,
        (1.03, 1.036, 1.041, 0.916, 1.116, 1.054, 1.045, 1.04, 1.05, 1.043, 1.99, 1.05),
        strict=True,
    )
)
FLOW_PERCENT = dict(zip(ORGANS, (4, 12, 17, 5, 5, 3, 1, 25.5, 1, 14, 5, 19), strict=True))
LOG_KB = {
    "heart": 1.1205,
    "skin": -0.5238,
    "spleen": 0.3224,
    "pancreas": 0.3224,
    "liver": 1.7604,
    "stomach": 0.3224,
    "gut": 1.2026,
    "kidneys": 1.3171,
}
PARAMETERS = {"CLint": 1400.0, "KbBR": 4.9, "KbMU": 1.7, "KbAD": 10.3, "KbBO": 1.1, "KbRB": 1.8}


def by_hand(a: dict[str, float], p: dict[str, float], weight: float) -> dict[str, float]:
    """Return the derivatives of the amounts, mg/h."""
    cardiac = 187.0 * weight**0.81 * 60 / 1000
    q = {o: f * cardiac / 100 for o, f in FLOW_PERCENT.items()}
    q["rest"] = cardiac - sum(q[o] for o in ORGANS if o not in PORTAL)
    v = {o: WEIGHT_PERCENT[o] * weight / 100 / DENSITY[o] for o in ORGANS}
    v |= {"rest": 3.86 * weight / 100 / 1.04, "lungs": 0.76 * weight / 100 / 1.051}
    v |= {"arterial": 2.81 * weight / 100 / 1.04, "venous": 5.62 * weight / 100 / 1.04}
    kb = {o: math.exp(value) for o, value in LOG_KB.items()}
    kb |= {"brain": p["KbBR"], "muscles": p["KbMU"], "adipose": p["KbAD"]}
    kb |= {"bones": p["KbBO"], "rest": p["KbRB"], "lungs": math.exp(0.8334)}
    art, ven = a["arterial"] / v["arterial"], a["venous"] / v["venous"]
    out = {o: a[o] / v[o] / kb[o] for o in (*ORGANS, "rest", "lungs")}
    d = {o: q[o] * (art - out[o]) for o in (*ORGANS, "rest") if o != "liver"}
    hepatic = q["liver"] - sum(q[o] for o in PORTAL)
    d["liver"] = hepatic * art + sum(q[o] * out[o] for o in PORTAL)
    d["liver"] -= (p["CLint"] * 0.028 / 0.61 + q["liver"]) * out["liver"]
    d["lungs"] = cardiac * (ven - out["lungs"])
    d["arterial"] = cardiac * (out["lungs"] - art)
    d["venous"] = sum(q[o] * out[o] for o in (*ORGANS, "rest") if o not in PORTAL) - cardiac * ven
    return d


@pytest.fixture(scope="module")
def system() -> OdeSystem:
    return compose_model(read_model(path("mavoglurant")))


@pytest.mark.parametrize("weight", [52.0, 94.3])
def test_right_hand_side_is_that_of_the_publication(system: OdeSystem, weight: float) -> None:
    rng = np.random.default_rng(1)
    names = [s.name.removesuffix(".A") for s in system.states]
    assert sorted(names) == sorted([*ORGANS, "rest", "lungs", "arterial", "venous"])
    amounts = rng.uniform(0.1, 20, len(names))
    model = Numeric(system, PARAMETERS, {"WT": weight})
    expected = by_hand(dict(zip(names, amounts, strict=True)), PARAMETERS, weight)
    np.testing.assert_allclose(
        model.rhs(0.0, amounts), [expected[n] for n in names], rtol=1e-11, atol=1e-9
    )


def test_output_is_plasma_in_nanograms(system: OdeSystem) -> None:
    model = Numeric(system, PARAMETERS, {"WT": 70.0})
    amounts = np.zeros(16)
    amounts[[s.name for s in system.states].index("venous.A")] = 3.0
    volume = 0.0562 * 70 / 1.04
    assert model.outputs(0.0, amounts)[0] == pytest.approx(3.0 / (volume * 0.61 / 1000), rel=1e-12)


def test_physiology_agrees_with_the_reference_table(system: OdeSystem) -> None:
    table = Path(__file__).parents[3] / "shared/reference/physiology"
    file = table / "mavoglurant_wendling_physiology.csv"
    if not file.exists():
        pytest.skip("the reference tables are not here")
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    names = {"arterial_blood": "arterial", "venous_blood": "venous", "rest_of_body": "rest"}
    model = Numeric(system, PARAMETERS, {"WT": 70.0})
    for row in csv.DictReader(lines):
        name = names.get(row["organ"], row["organ"])
        expected = float(row["volume_L_at_70kg_derived"])
        assert model.helper(f"{name}.V") == pytest.approx(expected, abs=6e-6)
    assert model.helper("CO") == pytest.approx(350.366, rel=1e-6)


def test_checks_pass() -> None:
    assert check_model(read_model(path("mavoglurant"))) == []


def test_it_composes_lowers_and_prints_quickly() -> None:
    start = time.perf_counter()
    lowered = lower_system(compose_model(read_model(path("mavoglurant"))))
    assert "double" in emit_cpp(lowered)
    assert lowered.linear
    assert lowered.parameters == ("CLint", "KbBR", "KbMU", "KbAD", "KbBO", "KbRB")
    assert time.perf_counter() - start < 10
