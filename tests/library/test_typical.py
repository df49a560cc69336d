"""Library models at their typical values against published estimates."""

import numpy as np
import pytest

from pkqsp_bayes.library import path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.spec.reading.toml import read_model
from tests.ode.numeric import Numeric


def exposure(name: str, dose: float, horizon: float) -> tuple[float, float, np.ndarray]:
    """Return apparent clearance, its mean residence time, and all outputs."""
    model = Numeric(compose_model(read_model(path(name))))
    times = np.linspace(0, horizon, 6001)
    states, _ = model.simulate(model.dosed(dose), times, rtol=1e-9)
    outputs = np.array([model.outputs(t, y) for t, y in zip(times, states, strict=True)])
    area = np.trapezoid(outputs[:, 0], times)
    moment = np.trapezoid(outputs[:, 0] * times, times)
    return dose / area, moment / area, outputs


def test_warfarin_clears_and_distributes_as_estimated() -> None:
    # poppk_estimates.toml [warfarin.nlmixr_saem]: CL 0.133 L/h, V 7.73 L, E0 96.6
    clearance, residence, outputs = exposure("warfarin", 100.0, 1500.0)
    absorption = 0.77 + 1.0
    assert clearance == pytest.approx(0.133, rel=0.05)
    assert clearance * (residence - absorption) == pytest.approx(7.73, rel=0.05)
    assert outputs[0, 1] == pytest.approx(96.6, rel=0.01)
    assert 5 < outputs[:, 1].min() < 30  # % of normal, the deepest point after 100 mg


def test_theophylline_clears_and_distributes_as_published() -> None:
    # Steinijans, Eicke & Ahrens 1982, Eur J Clin Pharmacol 22:417: 0.044 L/h/kg, 0.451 L/kg
    clearance, residence, _ = exposure("theophylline", 320.0, 150.0)
    assert clearance / 70 == pytest.approx(0.044, rel=0.05)
    assert clearance * (residence - 1 / 1.5) / 70 == pytest.approx(0.451, rel=0.1)


def test_antibody_without_target_has_the_clearance_that_it_states() -> None:
    model = Numeric(
        compose_model(read_model(path("tmdd-antibody"))),
        {"CL": 0.01, "R0": 1e-12, "kdeg": 0.05, "kon": 1.0, "koff": 0.5, "kint": 0.03},
    )
    times = np.linspace(0, 8000, 8001)
    states, _ = model.simulate(model.dosed(100.0), times, rtol=1e-9)
    area = np.trapezoid([model.outputs(0, y)[0] for y in states], times)
    assert 100 / area == pytest.approx(0.01, rel=1e-2)


def test_target_makes_the_antibody_go_faster_at_low_doses() -> None:
    model = Numeric(compose_model(read_model(path("tmdd-antibody"))))
    times = np.linspace(0, 3000, 3001)
    clearances = []
    for dose in (3.0, 300.0):
        states, _ = model.simulate(model.dosed(dose), times, rtol=1e-9)
        clearances.append(dose / np.trapezoid([model.outputs(0, y)[0] for y in states], times))
    assert clearances[0] > 3 * clearances[1]
