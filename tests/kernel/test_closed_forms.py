"""Closed forms of one compartment: bolus, infusion, oral, steady states, areas."""

from math import exp

import numpy as np
import pytest

from pkqsp_bayes.engine.solver_settings import Method, SolverSettings
from tests.kernel.systems import AREA, LINEAR, area, linear_pk
from tests.kernel.tools import TIGHT, compiled, observe, vector
from tests.oracles.records import make_timeline

K = AREA["CL"] / AREA["V"]
TIMES = np.array([0.5, 1.0, 4.0, 12.0, 40.0])


def amounts(records: list[dict[str, float]]) -> np.ndarray:
    """Amount at TIMES after the dose records, at tight tolerance."""
    kernel = compiled(area)
    line = make_timeline([*records, *observe(*TIMES)])
    solved = kernel.solve(line, vector(kernel, AREA), options=TIGHT)
    assert solved.ok
    return solved.values[len(records) :, 0] * AREA["V"]


def test_bolus() -> None:
    np.testing.assert_allclose(
        amounts([{"time": 0, "amount": 10}]), 10 * np.exp(-K * TIMES), rtol=1e-8
    )


def test_infusion() -> None:
    during = 5 / K * (1 - np.exp(-K * np.minimum(TIMES, 2)))
    exact = during * np.exp(-K * np.maximum(TIMES - 2, 0))
    np.testing.assert_allclose(amounts([{"time": 0, "amount": 10, "rate": 5}]), exact, rtol=1e-8)


def test_oral() -> None:
    kernel = compiled(linear_pk)
    values = {**LINEAR, "Q": 0.0}
    line = make_timeline([{"time": 0, "amount": 10, "dose": 1}, *observe(*TIMES)])
    ka, k, after = values["ka"], values["CL"] / values["V"], np.maximum(TIMES - values["lag"], 0)
    exact = 10 * values["F"] * ka / (ka - k) * (np.exp(-k * after) - np.exp(-ka * after))
    computed = kernel.solve(line, vector(kernel, values), options=TIGHT).values[1:, 0]
    np.testing.assert_allclose(computed, exact, rtol=1e-7)


def test_steady_bolus() -> None:
    exact = 10 / (1 - exp(-K * 8)) * np.exp(-K * TIMES)
    computed = amounts([{"time": 0, "amount": 10, "steady": 1, "interval": 8}])
    np.testing.assert_allclose(computed, exact, rtol=1e-8)


def test_steady_constant_infusion() -> None:
    exact = 3 / K * np.exp(-K * TIMES)
    computed = amounts([{"time": 0, "rate": 3, "steady": 1, "evid": 1}])
    np.testing.assert_allclose(computed, exact, rtol=1e-8)


def test_an_area_has_no_steady_state_and_keeps_its_value() -> None:
    kernel = compiled(area)
    line = make_timeline([{"time": 0, "amount": 10, "steady": 1, "interval": 8}, *observe(8)])
    solved = kernel.solve(line, vector(kernel, AREA), options=TIGHT)
    # over one interval at steady state the area is dose / CL, whatever the volume
    np.testing.assert_allclose(solved.values[:, 1], [0.0, 10 / AREA["CL"]], rtol=1e-8)
    np.testing.assert_allclose(
        solved.sensitivities[1, 1], [-10 / AREA["CL"] ** 2, 0.0], rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize(
    ("method", "order"), [(Method.RODAS4, 4), (Method.RODAS5P, 5), (Method.DOPRI5, 5)]
)
def test_order_of_convergence(method: Method, order: int) -> None:
    """Error against step size, which max_step fixes: values and sensitivities."""
    kernel = compiled(linear_pk)
    p = vector(kernel, {**LINEAR, "lag": 0.0})
    line = make_timeline([{"time": 0, "amount": 10, "dose": 1}, *observe(4.0)])
    exact = kernel.solve(line, p, options=TIGHT)
    errors = []
    for step in (0.4, 0.2):
        options = SolverSettings(rtol=1e3, atol=1e3, max_step=step, method=method)
        solved = kernel.solve(line, p, options=options)
        errors.append(
            [
                np.abs(solved.values[-1] - exact.values[-1]).max(),
                np.abs(solved.sensitivities[-1] - exact.sensitivities[-1])[:, :3].max(),
            ]
        )
    slopes = np.log2(np.array(errors[0]) / np.array(errors[1]))
    assert np.all(slopes > order - 0.6), slopes


@pytest.mark.parametrize("method", [Method.RODAS4, Method.RODAS5P, Method.DOPRI5])
def test_dense_output_is_nearly_as_good_as_the_steps(method: Method) -> None:
    kernel = compiled(area)
    times = np.linspace(0.01, 20, 301)
    line = make_timeline([{"time": 0, "amount": 10}, *observe(*times)])
    options = SolverSettings(rtol=1e-7, atol=1e-7, method=method)
    solved = kernel.solve(line, vector(kernel, AREA), options=options)
    exact = 10 / AREA["V"] * np.exp(-K * times)
    assert solved.steps < 100  # observations cut no steps
    np.testing.assert_allclose(solved.values[1:, 0], exact, rtol=1e-5, atol=1e-7)
