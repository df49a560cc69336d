"""Stiff problems and the choice of method."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.engine.solver_settings import Method, SolverSettings
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import OdeSystem, Output
from tests.emit.systems import body
from tests.kernel.mavoglurant import PARAMETERS, mavoglurant
from tests.kernel.systems import TMDD, robertson, tmdd, van_der_pol
from tests.kernel.tools import TIGHT, compiled, differences, observe, relative, vector
from tests.oracles.records import make_timeline
from tests.oracles.reference_solver import reference

RATES = {"a": 0.04, "b": 1e4, "c": 3e7}


def test_robertson() -> None:
    kernel, times = compiled(robertson), [0.4, 40.0, 4e3, 4e5, 4e7, 4e9]
    p = vector(kernel, RATES)
    line = make_timeline(observe(0.0, *times))
    options = SolverSettings(rtol=1e-8, atol=1e-12)
    solved = kernel.solve(line, p, options=options)
    exact = reference(robertson(), line, RATES, rtol=1e-11, atol=1e-18)
    assert solved.steps < 700
    assert relative(solved.values, exact, 1e-12) < 1e-5
    np.testing.assert_allclose(solved.values.sum(axis=1), 1.0, rtol=1e-10)
    np.testing.assert_allclose(solved.sensitivities.sum(axis=1), 0.0, atol=1e-9)


def test_van_der_pol() -> None:
    """Along the slow branch: past a jump, a sensitivity measures the time of the jump alone."""
    kernel, line = compiled(van_der_pol), make_timeline(observe(0.0, 50.0, 300.0, 600.0))
    p, options = np.array([1000.0]), SolverSettings(rtol=1e-7, atol=1e-7)
    solved = kernel.solve(line, p, options=options)
    exact = reference(van_der_pol(), line, {"mu": 1000.0})
    assert solved.statistics.explicit_steps < 0.5 * solved.steps
    assert relative(solved.values, exact, 1e-4) < 1e-5
    assert relative(solved.sensitivities, differences(kernel, line, p), 1e-7) < 1e-4


def test_target_mediated_disposition() -> None:
    kernel = compiled(tmdd)
    p = vector(kernel, TMDD)
    line = make_timeline([{"time": 0, "amount": 400}, *observe(0.01, 0.1, 1, 24, 100, 300, 900)])
    solved = kernel.solve(line, p)
    exact = reference(tmdd(), line, TMDD)
    floor = 1e-2 * np.abs(exact).max(axis=0)  # what a state has lost a hundredfold
    assert relative(solved.values, exact, floor) < 1e-5
    lanes = relative(solved.sensitivities * p, differences(kernel, line, p) * p, floor[:, None])
    assert lanes < 1e-4


def test_whole_body() -> None:
    kernel = compiled(mavoglurant)
    p = vector(kernel, PARAMETERS)
    times = (0.2, 0.25, 0.367, 0.7, 1, 2, 4, 8, 12, 24, 36, 48)
    line = make_timeline([{"time": 0, "amount": 25, "rate": 75}, *observe(*times)], fixed=[94.3])
    solved = kernel.solve(line, p)
    exact = reference(mavoglurant(), line, PARAMETERS)
    assert solved.steps < 110
    assert relative(solved.values[1:], exact[1:], 1e-6) < 1e-5
    lanes = solved.sensitivities[1:] * p
    expected = differences(kernel, line, p)[1:] * p
    assert relative(lanes, expected, 1e-3 * exact[1:, :, None]) < 1e-4


def closed_body() -> OdeSystem:
    """A body without elimination whose output is all that is in it."""
    system = body(6)
    total = sum((symbol(s.name) for s in system.states), sp.Integer(0))
    return replace(system, outputs=(Output(name="total", expr=total),))


@pytest.mark.parametrize("method", [Method.AUTOMATIC, Method.RODAS4, Method.RODAS5P])
def test_a_closed_body_keeps_its_drug(method: Method) -> None:
    kernel = compiled(closed_body)
    p = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 30.0])
    dose = {"time": 0, "amount": 5, "rate": 10, "additional": 2, "interval": 3}
    line = make_timeline([{"time": 0, "amount": 20}, dose, *observe(0.3, 0.5, 20, 100)])
    solved = kernel.solve(line, p, options=SolverSettings(method=method))
    np.testing.assert_allclose(solved.values[2:, 0], [23, 25, 35, 35], rtol=1e-10)
    assert np.abs(solved.sensitivities[2:, 0, 1:]).max() < 1e-9


def test_the_choice_follows_stiffness() -> None:
    line = make_timeline([{"time": 0, "amount": 400}, *observe(5, 1000)])
    kernel = compiled(tmdd)
    gentle = kernel.solve(line, vector(kernel, {**TMDD, "kon": 1e-3}))
    stiff = kernel.solve(line, vector(kernel, {**TMDD, "kon": 50.0, "koff": 5.0}))
    assert gentle.statistics.explicit_steps > 0.5 * gentle.steps
    assert stiff.statistics.explicit_steps < 0.5 * stiff.steps


@pytest.mark.parametrize("method", [Method.RODAS4, Method.RODAS5P, Method.DOPRI5])
def test_methods_agree(method: Method) -> None:
    kernel = compiled(tmdd)
    line = make_timeline([{"time": 0, "amount": 400}, *observe(1, 24, 200)])
    p = vector(kernel, TMDD)
    options = SolverSettings(rtol=1e-9, atol=1e-13, method=method)
    one, other = kernel.solve(line, p, options=options), kernel.solve(line, p, options=TIGHT)
    assert one.ok
    assert relative(one.values, other.values, 1e-3) < 1e-6
    assert relative(one.sensitivities, other.sensitivities, 1e-3) < 1e-5
