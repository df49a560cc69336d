"""The antibody with a target in tissue: its equations by hand, its steady states, its limits."""

import dataclasses

import numpy as np
import pytest

from pkqsp_bayes.library import path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.spec.reading.toml import read_model
from tests.library.areas import area, state_after
from tests.ode.numeric import Numeric

SPEC = read_model(path("mab-tmdd"))
PARAMETERS = {
    "CL": 0.011, "Vp": 2.8, "ISF": 14.0, "R0": 12.0,
    "kdeg": 0.025, "kon": 0.6, "koff": 0.25, "kint": 0.012,
}  # fmt: skip
TIGHT, LEAKY = 0.33 * 2.9 / 24, 0.67 * 2.9 / 24
"""Lymph flow through tight and leaky tissue, L/h (Cao et al. 2013)."""
PER_NANOMOLAR = 0.15
"""mg/L of an antibody of 150 kDa in one nM."""


@pytest.fixture(scope="module")
def model() -> Numeric:
    return Numeric(compose_model(SPEC), PARAMETERS)


def by_hand(y: np.ndarray, p: dict[str, float]) -> list[float]:
    """Return the derivatives: mg/L in plasma, tight and leaky tissue, lymph; nM of the target."""
    plasma, tight, leaky, lymph, free, bound = y
    spaces = 0.8 * p["ISF"] * np.array([0.65, 0.35])
    into = np.array([TIGHT * (1 - 0.883), LEAKY * (1 - 0.524)]) * plasma
    out = np.array([TIGHT, LEAKY]) * (1 - 0.2) * np.array([tight, leaky])
    binding = p["kon"] * free * leaky / PER_NANOMOLAR - p["koff"] * bound
    back = (TIGHT + LEAKY) * lymph
    return [
        (back - into.sum() - p["CL"] * plasma) / p["Vp"],
        (into[0] - out[0]) / spaces[0],
        (into[1] - out[1]) / spaces[1] - PER_NANOMOLAR * binding,
        (out.sum() - back) / 2.6,
        p["kdeg"] * (p["R0"] - free) - binding,
        binding - p["kint"] * bound,
    ]


def test_right_hand_side_is_that_of_the_publications(model: Numeric) -> None:
    names = [s.name for s in model.system.states]
    assert names == ["plasma.C", "tight.C", "leaky.C", "lymph.C", "target.R", "target.RC"]
    y = np.random.default_rng(4).uniform(0.1, 20, 6)
    np.testing.assert_allclose(model.rhs(0.0, y), by_hand(y, PARAMETERS), rtol=1e-12)


@pytest.mark.parametrize("leaky", [0.01, 0.3, 20.0])
def test_steady_state_under_infusion(model: Numeric, leaky: float) -> None:
    """From the concentration in leaky tissue all else follows, and at last the rate of infusion."""
    p, c = PARAMETERS, leaky / PER_NANOMOLAR
    affinity = p["kon"] / (p["koff"] + p["kint"])
    free = p["R0"] / (1 + p["kint"] / p["kdeg"] * affinity * c)
    bound = affinity * free * c
    lost = 0.35 * 0.8 * p["ISF"] * PER_NANOMOLAR * p["kint"] * bound
    plasma = (LEAKY * 0.8 * leaky + lost) / (LEAKY * (1 - 0.524))
    tight = plasma * (1 - 0.883) / 0.8
    lymph = 0.8 * (TIGHT * tight + LEAKY * leaky) / (TIGHT + LEAKY)
    change = model.rhs(0.0, np.array([plasma, tight, leaky, lymph, free, bound]))
    assert -p["Vp"] * change[0] == pytest.approx(p["CL"] * plasma + lost, rel=1e-12)
    np.testing.assert_allclose(change[1:], 0.0, atol=1e-13)


def test_without_a_target_clearance_and_volume_are_those_stated() -> None:
    """Vss 7.315 L: biologics.toml [cao2013_minimal_pbpk], derived_here."""
    bare = dataclasses.replace(SPEC, qsp={}, observe={"cp": SPEC.observe["cp"]})
    assert 100 / area(Numeric(compose_model(bare)), 100.0, "iv") == pytest.approx(0.0129, rel=1e-9)
    told = Numeric(compose_model(SPEC)).outputs(0.0, np.ones(6))[-1]
    assert told == pytest.approx(7.315, abs=5e-4)


def test_a_trace_is_cleared_by_plasma_and_by_all_of_the_target(model: Numeric) -> None:
    """Linear in the drug, free target at its baseline: the leaky tissue has a clearance of its own.

    What enters it returns by lymph or is internalised: ``V kon R0 kint / (koff + kint)``.
    """
    p = PARAMETERS
    inside = 0.35 * 0.8 * p["ISF"] * p["kon"] * p["R0"] * p["kint"] / (p["koff"] + p["kint"])
    enters, returns = LEAKY * (1 - 0.524), LEAKY * 0.8
    expected = p["CL"] + enters * inside / (returns + inside)
    assert 1e-9 / area(model, 1e-9, "iv") == pytest.approx(expected, rel=1e-5)


def test_more_drug_is_cleared_more_slowly(model: Numeric) -> None:
    times = np.linspace(0, 6000, 1501)
    clearances = []
    for dose in (20.0, 140.0, 2000.0):
        states, _ = model.simulate(state_after(model, dose, "iv"), times, rtol=1e-8)
        clearances.append(dose / np.trapezoid(states[:, 0], times))
    assert clearances[0] > 1.5 * clearances[1] > 2 * clearances[2]
    assert PARAMETERS["CL"] < clearances[2] < 1.3 * PARAMETERS["CL"]
