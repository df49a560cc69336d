"""Midazolam, put together from what is known of drug and body, against measured exposures.

Nothing of the model was fitted to them. Hohmann et al., Br J Clin Pharmacol 2015;79:278-285 (16
healthy, 1 mg i.v. and 3 mg oral), abstract: bioavailability 0.209 (95 % CI 0.171 to 0.255) and
0.234 (0.200 to 0.273) after a microdose, extraction in liver 0.43 (0.37 to 0.49), in gut 0.53
(0.45 to 0.63) to 0.61. Allonen, Ziegler & Klotz, Clin Pharmacol Ther 1981;30:653-661 (6 healthy),
abstract: half-life 2.4 +- 0.8 h, plasma clearance 283 +- 43 mL/min, bioavailability 0.44. Label:
clearance 0.25 to 0.54 L/h/kg, volume 1.0 to 3.1 L/kg.
"""

import numpy as np
import pytest

from pkqsp_bayes.library import path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.spec.reading.toml import read_model
from tests.library.areas import area, state_after
from tests.ode.numeric import Numeric

INTRINSIC = 0.389 * 10 ** (1.407 + 0.0158 * 40 - 0.00038 * 40**2 + 0.0000024 * 40**3) * 1800 * 0.06
GUT = (34 + 134.6 + 78.51) * 0.06
"""L/h: Han et al. 2025, with microsomal protein by Barter et al. 2008 at 40 years."""


@pytest.fixture(scope="module")
def model() -> Numeric:
    return Numeric(compose_model(read_model(path("midazolam"))))


def secondary(model: Numeric) -> dict[str, float]:
    values = model.outputs(0.0, model.initial())
    return dict(zip((o.name for o in model.system.outputs), values, strict=True))


def test_clearances_are_those_of_the_microsomes(model: Numeric) -> None:
    values = {p.name: p.value for p in model.system.parameters}
    assert values["CLint"] == pytest.approx(INTRINSIC, rel=2e-3)
    assert values["CLgut"] == pytest.approx(GUT, rel=3e-3)


def test_areas_are_those_of_first_pass_by_hand(model: Numeric) -> None:
    """Well-stirred liver of blood, a wall with its own flow: 5 mg, ug h/L."""
    flow, free = 0.255 * 390.0, 1617 * 0.031 / 0.6
    clearance = 0.6 * flow * free / (flow + free)
    villi = 0.484 * 0.1 * 390.0
    available = 0.88 * villi / (villi + 14.8) * flow / (flow + free)
    assert area(model, 5.0, "iv") == pytest.approx(5000 / clearance, rel=1e-9)
    assert area(model, 5.0, "oral") == pytest.approx(5000 * available / clearance, rel=1e-9)
    told = secondary(model)
    assert (told["CL"], told["F"]) == pytest.approx((clearance, available), rel=1e-9)


def test_clearance_and_bioavailability_are_in_the_range_of_what_was_measured(
    model: Numeric,
) -> None:
    told = secondary(model)
    assert 0.25 < told["CL"] / 73 < 0.54
    assert 0.171 < told["F"] < 0.44
    assert 0.37 < told["CL"] / (0.6 * model.helper("liver.Q")) < 0.49
    absorbed = 0.88 * model.helper("Qvilli") / (model.helper("Qvilli") + 14.8)
    assert 0.45 < 1 - absorbed < 0.63


def test_volume_and_half_life(model: Numeric) -> None:
    """Partition by Rodgers & Rowland gives a volume just below the label's range (0.8 L/kg)."""
    assert secondary(model)["Vss"] / 73 == pytest.approx(0.9, abs=0.2)
    times = np.array([0.0, 4.0, 10.0])
    states, _ = model.simulate(state_after(model, 5.0, "iv"), times, rtol=1e-9)
    early, late = (model.outputs(0.0, y)[0] for y in states[1:])
    assert np.log(2) * 6.0 / np.log(early / late) == pytest.approx(2.4, abs=0.8)


def test_a_dose_by_mouth_peaks_within_the_hour(model: Numeric) -> None:
    times = np.linspace(0.0, 3.0, 181)
    states, _ = model.simulate(state_after(model, 7.5, "oral"), times, rtol=1e-9)
    concentration = [model.outputs(0.0, y)[0] for y in states]
    assert 0.1 < times[np.argmax(concentration)] < 1.0
