"""The exact cases that the project began with, in full simulations."""

import numpy as np
import pytest

from tests.ode.components.models import BODY, compose
from tests.ode.components.test_qsp import METABOLISM, SUBVOLUMES
from tests.ode.numeric import Numeric

TIMES = np.concatenate([[0.0], np.geomspace(1e-3, 3000, 400)])

# Areas in the same system, by equations of its own: no quadrature of a grid.
AREAS = """
[equations]
text = \"\"\"
d(AUC)/dt = venous.Cp; AUC(0) = 0
d(AUMC)/dt = t * venous.Cp; AUMC(0) = 0
\"\"\"
[observe.auc]
value = "AUC"
[observe.aumc]
value = "AUMC"
"""


def disposition(text: str, dose: float = 100.0) -> tuple[float, float]:
    """Return clearance and volume at steady state, of plasma, from the moments of a bolus."""
    numeric = Numeric(compose(text + AREAS))
    states, _ = numeric.simulate(numeric.dosed(dose), TIMES)
    _, area, moment = numeric.outputs(TIMES[-1], states[-1])
    return dose / area, dose * moment / area**2


@pytest.mark.parametrize("clearance", [30.0, 300.0])
def test_rescaled_and_calibrated_metabolism_has_the_effective_clearance(clearance: float) -> None:
    """Intrinsic CL on tissue becomes Q CLint Kb / (Q + CLint Kb) of blood, whatever is inside."""
    pathway = f"[elimination.liver]\nCLint = {clearance}\n"
    inside, _ = disposition(BODY + pathway + SUBVOLUMES + METABOLISM)
    outside, _ = disposition(BODY + pathway)
    intrinsic = clearance * 5 / 0.8
    expected = 0.8 * 90 * intrinsic / (90 + intrinsic)
    assert inside == pytest.approx(expected, rel=1e-7)
    assert outside == pytest.approx(expected, rel=1e-7)


def test_a_drug_confined_to_plasma_and_filtered() -> None:
    """Vss is the plasma volume and CL is fu GFR: 0.1 * 7.5 L/h = 0.75 L/h."""
    text = BODY.replace("fup = 0.2\nBP = 0.8", "fup = 0.1\nBP = 0.55")
    for value in ("1.6", "2.4", "4", "5", "3", "0.9"):
        text = text.replace(f"Kp = {value}\n", "Kp = 1e-9\n")
    clearance, volume = disposition(text + "[elimination.kidney]\nGFR = 7.5\n", dose=1.0)
    assert clearance == pytest.approx(0.75, rel=1e-6)
    # At BP = 1 - Hct the cells hold nothing: 6 L of blood are 3.3 L of plasma. The moments are
    # those of the veins, and filtration takes from the arteries, V / CO later.
    assert volume == pytest.approx(3.3 - 0.75 * 2 / 300, rel=1e-6)


TMDD = """
title = "target-mediated disposition in one space"
amount_unit = "nmol"
[drug]
name = "x"
[body]
basis = "plasma"
[pools.blood]
volume = 3
[elimination.blood]
CLint = 0.3
[qsp.target]
template = "receptor-turnover"
variant = "VARIANT"
organ = "blood"
concentration_unit = "nM"
parameters = { ksyn = 2, kdeg = 0.5, kint = 0.5, MORE }
[dose.iv]
to = "blood"
[observe.free]
value = "blood.C"
"""
HOURS = np.array([2.0, 5.0, 10.0, 20.0, 30.0])


def free(variant: str, more: str, text: str = TMDD, hours: np.ndarray = HOURS) -> np.ndarray:
    numeric = Numeric(compose(text.replace("VARIANT", variant).replace("MORE", more)))
    times = np.concatenate([[0.0], hours])
    states, _ = numeric.simulate(numeric.dosed(300.0), times, rtol=1e-11)
    return np.array([numeric.outputs(0.0, y)[0] for y in states[1:]])


def test_full_binding_tends_to_qss_in_first_order_of_the_rates() -> None:
    """Kss = (koff + kint) / kon held: ten times the speed, a tenth of the difference."""
    limit = free("qss", "Kss = 2")
    errors = []
    for kon in (2.0, 20.0, 200.0):
        full = free("full", f"kon = {kon}, koff = {2 * kon - 0.5}")
        errors.append(np.abs(full / limit - 1).max())
    ratios = np.array(errors[:-1]) / errors[1:]
    assert errors[-1] < 2e-3
    np.testing.assert_allclose(ratios, 10, rtol=0.25)


def test_qss_tends_to_michaelis_menten_in_first_order_of_the_target() -> None:
    """Vmax = kint R0 V held with ever less target that turns over ever faster."""
    errors = []
    for scale in (1.0, 0.1, 0.01):
        rate = 0.5 / scale
        text = TMDD.replace("kdeg = 0.5, kint = 0.5", f"kdeg = {rate}, kint = {rate}")
        # Late, when next to nothing is left, any difference is a large part of it.
        qss = free("qss", "Kss = 2", text, HOURS[:-1])
        limit = free("mm", f"kon = {rate}, koff = {rate}", text, HOURS[:-1])
        errors.append(np.abs(qss / limit - 1).max())
    assert errors[-1] < 0.02
    np.testing.assert_allclose(np.array(errors[:-1]) / errors[1:], 10, rtol=0.35)
