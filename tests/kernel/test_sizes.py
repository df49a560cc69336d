"""Tolerances relative to the size of each state, and dense output of stiff steps."""

import numpy as np
import pytest

from pkqsp_bayes.engine.solver_settings import Method, SolverSettings
from tests.emit.systems import forcing
from tests.kernel.systems import PK, TMDD, linear_pk, tmdd
from tests.kernel.tools import TIGHT, compiled, observe, relative, vector
from tests.oracles.records import make_timeline

TIMES = (0.0, 0.2, 1.0, 4.0, 24.0, 48.0, 96.0)


@pytest.mark.parametrize("amount", [1e-12, 1e-6, 1e9])
@pytest.mark.parametrize("event", [{}, {"rate": -2}, {"steady": 1}, {"additional": 2}])
def test_no_unit_of_a_dose_matters(event: dict[str, float], amount: float) -> None:
    """The same digits: a linear system, in which every amount is multiplied by one factor."""
    kernel = compiled(linear_pk)
    p = vector(kernel, PK)
    dose = {"time": 0, "dose": 2 if "rate" in event else 1, "interval": 8, **event}
    lines = [make_timeline([{**dose, "amount": a}, *observe(*TIMES)]) for a in (1.0, amount)]
    one, other = (kernel.solve(line, p) for line in lines)
    assert other.ok
    assert one.statistics == other.statistics
    np.testing.assert_allclose(other.values / amount, one.values, rtol=1e-9)
    assert one.sensitivities is not None
    assert other.sensitivities is not None
    size = np.abs(one.sensitivities).max()
    np.testing.assert_allclose(
        other.sensitivities / amount, one.sensitivities, rtol=1e-6, atol=1e-9 * size
    )


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e6])
def test_no_unit_of_a_nonlinear_state_matters(unit: float) -> None:
    """Amounts in another unit: what has the dimension of an amount, or its inverse, changes."""
    kernel = compiled(tmdd)
    changed = {"ksyn": TMDD["ksyn"] * unit, "kon": TMDD["kon"] / unit}
    records = observe(0.01, 1, 24, 100, 300)
    one = kernel.solve(make_timeline([{"time": 0, "amount": 400}, *records]), vector(kernel, TMDD))
    line = make_timeline([{"time": 0, "amount": 400 * unit}, *records])
    other = kernel.solve(line, vector(kernel, TMDD | changed))
    assert other.ok
    np.testing.assert_allclose(other.values / unit, one.values, rtol=1e-6)


def test_a_decayed_state_has_digits() -> None:
    """The default tolerances at 96 h, where 1e-9 of the dose is left."""
    kernel = compiled(linear_pk)
    p = vector(kernel, PK)
    line = make_timeline([{"time": 0, "amount": 1e-6, "dose": 1}, *observe(*TIMES)])
    found, exact = kernel.solve(line, p), kernel.solve(line, p, options=TIGHT)
    assert relative(found.values[1:], exact.values[1:], 1e-300) < 1e-4


@pytest.mark.parametrize("k", [1e2, 1e4, 1e6, 1e8, 1e10])
@pytest.mark.parametrize("method", [Method.AUTOMATIC, Method.RODAS4])
def test_a_fast_state_that_follows_time(k: float, method: Method) -> None:
    """x' = -k (x - cos t): steps are long, as their ends are right; what lies between must be."""
    kernel, times = compiled(forcing), np.array([0, 1, 2.5, 10, 47, 100.0])
    options = SolverSettings(method=method)
    solved = kernel.solve(make_timeline(observe(*times)), [k], options=options)
    settled = (k**2 * np.cos(times) + k * np.sin(times)) / (k**2 + 1)
    exact = settled + np.exp(-k * times) / (k**2 + 1)
    np.testing.assert_allclose(solved.values[:, 0], exact, rtol=0, atol=3e-6)
    slope = ((1 - k**2) * np.sin(times) + 2 * k * np.cos(times)) / (k**2 + 1) ** 2
    assert solved.sensitivities is not None  # the transient is over at each record but the first
    np.testing.assert_allclose(k * solved.sensitivities[1:, 0, 0], k * slope[1:], rtol=0, atol=3e-6)
