"""Failure is a value with its reason; threads and lanes change nothing."""

import functools

import numpy as np
import pytest

from pkqsp_bayes.engine.solver_settings import Instructions, Method, SolverSettings
from pkqsp_bayes.study.timeline import Timeline
from tests.kernel.systems import LINEAR, SATURABLE, chain, linear_pk, saturable, van_der_pol
from tests.kernel.tools import TIGHT, compiled, differences, observe, relative, vector
from tests.oracles.records import make_timeline


def outcome(records: list[dict[str, float]], **changes: float) -> str:
    """Reason of a solve of the linear system."""
    kernel = compiled(linear_pk)
    solved = kernel.solve(make_timeline(records), vector(kernel, {**LINEAR, **changes}))
    if not solved.ok:
        assert np.isnan(solved.values).all()
        assert np.isnan(solved.sensitivities).all()
    return solved.reason


DOSE = {"time": 0, "amount": 10}


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([{**DOSE, "evid": 7}], "a record"),
        ([{**DOSE, "dose": 9}], "a record"),
        ([{**DOSE, "dose": -1}], "a record"),
        ([{**DOSE, "rate": -3}], "a record"),
        ([{**DOSE, "rate": -1, "dose": 1}], "a record"),
        ([{**DOSE, "steady": 1}], "a record"),
        ([{**DOSE, "steady": 5, "interval": 3}], "a record"),
        ([{**DOSE, "additional": 2}], "a record"),
        ([{**DOSE, "amount": -4}], "a dose"),
        ([DOSE, *observe(3, 1)], "an interval of negative duration"),
        ([DOSE, *observe(float("nan"))], "a state, derivative or parameter is not finite"),
    ],
)
def test_bad_records(records: list[dict[str, float]], reason: str) -> None:
    assert outcome([*records, *observe(5)]).startswith(reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CL": float("nan")}, "a state, derivative or parameter is not finite"),
        ({"V": 0.0}, "a state, derivative or parameter is not finite"),
        ({"lag": -1.0}, "a dose"),
        ({"F": -0.5}, "a dose"),
        ({"CL": float("inf")}, "a state, derivative or parameter is not finite"),
    ],
)
def test_bad_parameters(changes: dict[str, float], reason: str) -> None:
    assert outcome([{**DOSE, "dose": 1}, *observe(5)], **changes).startswith(reason)


def test_step_limit() -> None:
    kernel, line = compiled(van_der_pol), make_timeline(observe(0, 3000))
    solved = kernel.solve(line, [1000.0], options=SolverSettings(max_steps=50))
    assert solved.reason == "more steps than max_steps allows"
    assert solved.steps <= 50


def test_step_floor() -> None:
    kernel, line = compiled(van_der_pol), make_timeline(observe(0, 3000))
    options = SolverSettings(min_step=0.5, method=Method.RODAS5P)
    assert kernel.solve(line, [1000.0], options=options).reason.startswith("the step size fell")


def test_explosion_ends() -> None:
    """Growth beyond all numbers is noticed, not integrated for ever."""
    assert outcome([DOSE, *observe(1e4)], CL=-400.0).startswith(("a state", "the step", "more"))


@pytest.mark.parametrize("dose", [{"amount": 100, "interval": 8}, {"amount": 0, "rate": 10}])
def test_no_steady_state_above_capacity(dose: dict[str, float]) -> None:
    kernel = compiled(saturable)
    line = make_timeline([{"time": 0, "steady": 1, "dose": 1, **dose}, *observe(1)])
    options = SolverSettings(method=Method.RODAS5P)
    reason = kernel.solve(line, vector(kernel, SATURABLE), options=options).reason
    assert reason == "no steady state was found"


def test_no_steady_state_without_elimination() -> None:
    records = [{**DOSE, "steady": 1, "interval": 8}, *observe(1)]
    assert outcome(records, CL=0.0) == "no steady state was found"


def subjects(n: int) -> tuple[list[Timeline], np.ndarray]:
    rng = np.random.default_rng(1)
    lines = [
        make_timeline([{"time": 0, "amount": 10.0 + s, "dose": s % 3}, *observe(*range(1, 3 + s))])
        for s in range(n)
    ]
    typical = vector(compiled(linear_pk), LINEAR)
    return lines, typical * np.exp(0.2 * rng.normal(size=(n, len(typical))))


def test_many_subjects_equal_one_by_one_whatever_the_threads() -> None:
    kernel, (lines, p) = compiled(linear_pk), subjects(23)
    p[5, 1] = np.nan
    one = [kernel.solve(line, q) for line, q in zip(lines, p, strict=True)]
    for threads in (1, 2, 5):
        many = kernel.solve_many(lines, p, sensitivities=True, threads=threads)
        assert [s.ok for s in many] == [s != 5 for s in range(23)]
        for a, b in zip(one, many, strict=True):
            np.testing.assert_array_equal(a.values, b.values)
            np.testing.assert_array_equal(a.sensitivities, b.sensitivities)


def test_no_subjects_and_no_records() -> None:
    kernel = compiled(linear_pk)
    assert kernel.solve_many([], np.empty((0, 9))) == []
    with pytest.raises(ValueError, match="shape"):
        kernel.solve_many([], np.empty((1, 9)))


@pytest.mark.parametrize(
    "parameters", [0, 8, 9, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 7, 24))]
)
def test_numbers_of_lanes(parameters: int) -> None:
    make = CHAINS[parameters]
    kernel = compiled(make)
    p = np.linspace(0.5, 1.5, parameters)
    dose = {"time": 0, "amount": 10, "steady": 1, "interval": 30, "rate": 4}
    line = make_timeline([dose, *observe(0.1, 3, 20)])
    solved = kernel.solve(line, p)
    assert solved.ok
    assert solved.sensitivities.shape == (4, 2, parameters)
    plain = kernel.solve(line, p, sensitivities=False)
    assert plain.sensitivities is None
    np.testing.assert_allclose(plain.values, solved.values, rtol=1e-5, atol=1e-6)
    if parameters:
        which = sorted({0, parameters // 2, parameters - 1})
        exact = differences(kernel, line, p, which)
        assert relative(solved.sensitivities[..., which], exact, 0.1) < 1e-4


CHAINS = {n: functools.partial(chain, n) for n in (0, 1, 7, 8, 9, 24)}


@pytest.mark.parametrize("instructions", list(Instructions))
def test_instruction_sets_agree(instructions: Instructions) -> None:
    kernel = compiled(linear_pk)
    dose = {"time": 0, "amount": 30, "steady": 1, "interval": 6, "dose": 2, "rate": -2}
    line, p = make_timeline([dose, *observe(1, 5, 20)]), vector(kernel, LINEAR)
    options = SolverSettings(rtol=1e-8, atol=1e-8, instructions=instructions)
    solved, best = kernel.solve(line, p, options=options), kernel.solve(line, p, options=TIGHT)
    assert relative(solved.values, best.values, 1e-3) < 1e-6
    assert relative(solved.sensitivities, best.sensitivities, 1e-2) < 1e-5


def test_values_alone_cost_no_lanes() -> None:
    kernel, (lines, p) = compiled(linear_pk), subjects(3)
    with_lanes = kernel.solve(lines[0], p[0])
    alone = kernel.solve(lines[0], p[0], sensitivities=False)
    assert alone.steps <= with_lanes.steps
