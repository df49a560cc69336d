"""Conditions on time against a closed form: where edges lie, and their sensitivities."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import Parameter
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.system import OdeSystem, Output, State
from tests.kernel.tools import compiled, observe, vector
from tests.oracles.records import make_timeline
from tests.oracles.windows import WINDOW, exact_gradient, exact_values, windows

TIMES = (0.0, 10.0, 23.0, 25.0, 26.0, 30.0, 48.0)
RISING = ((-1e9, 30.0, 0.5), (35.0, 60.0, -0.5))
"""Albumin crosses 40 at 20 h, falls from 42.5 at 35 h on and crosses it again at 40 h."""


@dataclass(frozen=True)
class Case:
    p: dict[str, float] = field(default_factory=dict)
    times: tuple[float, ...] = TIMES
    doses: tuple[tuple[float, float], ...] = ()
    albumin: tuple[tuple[float, float, float], ...] = ((-1e9, 0.0, 0.0),)
    smooth: bool = True
    """Whether the solution has a derivative by each parameter."""


CASES = {
    "inside": Case(),
    "edges in the wrong order": Case(p={"d": -3.0}),
    "before the first record": Case(p={"tau": -5.0}),
    "begins before the first record": Case(p={"tau": -1.0}),
    "after the last record": Case(p={"tau": 60.0}),
    "edges at records": Case(p={"tau": 23.0, "d": 3.0}, smooth=False),
    "an edge at the first record": Case(p={"tau": 0.0}, smooth=False),
    "two edges at one time": Case(p={"d": 0.0}, smooth=False),
    "an edge at a dose": Case(p={"tau": 12.5}, doses=((12.0, 50.0),)),
    "an edge just after a dose": Case(p={"tau": 12.5 + 1e-9}, doses=((12.0, 50.0),)),
    "doses in the window": Case(doses=((24.25, 50.0), (29.75, 20.0))),
    "a threshold of a covariate": Case(albumin=RISING, p={"d": 14.2}),
    "a covariate that changes at an edge": Case(albumin=RISING, p={"tau": 35.0}, smooth=False),
    "a short window": Case(p={"d": 1e-4}, times=(0.0, 48.0)),
}


def timeline(case: Case) -> Any:
    records = [{"time": t, "amount": a} for t, a in case.doses]
    records = sorted([*observe(*case.times), *records], key=lambda r: r["time"])
    starts = [line[0] for line in case.albumin]
    return make_timeline(records, breaks=starts, segments=[line[1:] for line in case.albumin])


@pytest.mark.parametrize("name", CASES)
def test_against_the_closed_form(name: str) -> None:
    case, kernel = CASES[name], compiled(windows)
    p = WINDOW | case.p
    line = timeline(case)
    solved = kernel.solve(line, vector(kernel, p))
    seen = line.evid == 0
    given = {"doses": case.doses, "albumin": case.albumin}
    exact = exact_values(p, case.times, **given)
    np.testing.assert_allclose(solved.values[seen, 0], exact, rtol=1e-6)
    if case.smooth:
        size = vector(kernel, p)  # tolerances are those of p dy/dp
        exact = size * exact_gradient(p, case.times, **given)
        assert solved.sensitivities is not None
        found = size * solved.sensitivities[seen, 0]
        np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-5)


def test_outputs_see_the_condition_at_their_own_time() -> None:
    kernel, line = compiled(windows), timeline(Case(times=(0.0, 24.0, 24.5, 26.5, 27.0)))
    solved = kernel.solve(line, vector(kernel, WINDOW))
    np.testing.assert_array_equal(solved.values[:, 1], [0, 0, 1, 0, 0])


def test_a_restart_sets_conditions_anew() -> None:
    kernel = compiled(windows)
    records = [*observe(0.0, 25.0), {"time": 1.0, "evid": 3}, *observe(25.0, 48.0)]
    line = make_timeline(records, breaks=[-1e9], segments=[[0.0, 0.0]])
    solved = kernel.solve(line, vector(kernel, WINDOW))
    exact = exact_values(WINDOW, (0.0, 25.0, 48.0))
    np.testing.assert_allclose(solved.values[:, 0], exact[[0, 1, 0, 1, 2]], rtol=1e-6)


def test_a_steady_state_holds_conditions_as_they_are() -> None:
    """Inside the window nothing is produced: 8-hourly doses of 20 alone, at trough."""
    kernel = compiled(windows)
    dose = {"time": 25.0, "amount": 20.0, "steady": 1, "interval": 8.0}
    line = make_timeline([dose, *observe(25.25)], breaks=[-1e9], segments=[[0.0, 0.0]])
    p = WINDOW | {"lag": 0.0}
    solved = kernel.solve(line, vector(kernel, p))
    peak = 20.0 / (1 - np.exp(-0.8))
    np.testing.assert_allclose(solved.values[:, 0], [peak, peak * np.exp(-0.025)], rtol=1e-6)


def test_windows_are_linear_and_autonomous() -> None:
    lowered = lower_system(windows())
    assert lowered.linear
    assert lowered.autonomous
    assert len(lowered.switches) == 3


def kinks() -> OdeSystem:
    """A ramp from t0 on, of at most `top`, into a state that nothing leaves."""
    top, t0, x = symbol("top"), symbol("t0"), symbol("x")
    ramp = sp.Piecewise((0, t0 >= TIME), (TIME - t0, True))
    held = sp.Piecewise((ramp, ramp <= top), (top, True))
    return OdeSystem(
        title="kinks",
        states=(State(name="x", rhs=held),),
        parameters=(Parameter(name="top"), Parameter(name="t0")),
        outputs=(Output(name="x", expr=x),),
    )


def test_nested_minimum_and_maximum_of_time() -> None:
    kernel, line = compiled(kinks), make_timeline(observe(0, 100.0, 101.5, 104.0))
    options = SolverSettings(rtol=1e-9)
    solved = kernel.solve(line, vector(kernel, {"top": 2.0, "t0": 100.5}), options=options)
    np.testing.assert_allclose(solved.values[:, 0], [0, 0, 0.5, 2 + 2 * 1.5], atol=1e-8)
    exact = [[0, 0], [0, 0], [0, -1.0], [1.5, -2.0]]
    assert solved.sensitivities is not None
    np.testing.assert_allclose(solved.sensitivities[:, 0], exact, atol=1e-7)


def jumps() -> OdeSystem:
    """A state that counts the time for which another lies above a threshold."""
    k, q, x, y = (symbol(n) for n in ("k", "q", "x", "y"))
    above = sp.Piecewise((1, x > q), (0, True))
    return OdeSystem(
        title="jumps",
        states=(State(name="x", rhs=k * (10 - x)), State(name="y", rhs=above)),
        parameters=(Parameter(name="k"), Parameter(name="q")),
        outputs=(Output(name="y", expr=y),),
    )


@pytest.mark.parametrize(("k", "q"), [(0.3, 5.0), (0.01, 7.0), (3.0, 9.99)])
def test_a_jump_that_depends_on_a_state(k: float, q: float) -> None:
    kernel, times = compiled(jumps), (0.0, 1.0, 3.0, 40.0, 200.0)
    solved = kernel.solve(make_timeline(observe(*times)), [k, q], sensitivities=False)
    begins = -np.log(1 - q / 10) / k
    exact = np.maximum(0, np.array(times) - begins)
    tolerance = 1e-5 / (k * (10 - q))  # an error of x of 1e-6 times its size, as a time
    np.testing.assert_allclose(solved.values[:, 0], exact, rtol=0, atol=tolerance)
