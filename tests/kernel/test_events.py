"""Every kind of event: values against SciPy's interpreter, sensitivities against differences."""

import numpy as np
import pytest

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.study.timeline import Timeline
from tests.kernel.systems import (
    COVARIATES,
    LINEAR,
    SATURABLE,
    covariates,
    linear_pk,
    saturable,
)
from tests.kernel.tools import TIGHT, compiled, differences, observe, relative, vector
from tests.oracles.records import make_timeline
from tests.oracles.reference_solver import reference, reference_sensitivities

TIMES = (0.0, 0.5, 1.0, 2.0, 3.0, 5.5, 8.0, 11.0, 13.0, 17.0, 24.0, 30.0)
LATER = tuple(t + 2 for t in TIMES)

LINEAR_CASES = {
    "bolus": [{"time": 0, "amount": 100}],
    "oral with lag and F": [{"time": 0, "amount": 100, "dose": 1}],
    "infusion": [{"time": 0, "amount": 100, "rate": 40}],
    "modelled rate": [{"time": 0, "amount": 100, "rate": -1}],
    "modelled duration": [{"time": 0, "amount": 100, "rate": -2}],
    "lagged duration": [{"time": 0, "amount": 100, "rate": -2, "dose": 2}],
    "lagged rate": [{"time": 0, "amount": 100, "rate": -1, "dose": 2}],
    "additional": [{"time": 0, "amount": 100, "dose": 1, "additional": 3, "interval": 6}],
    "overlapping": [{"time": 0, "amount": 100, "rate": 15, "additional": 4, "interval": 3}],
    "steady bolus": [{"time": 0, "amount": 100, "steady": 1, "interval": 8}],
    "steady oral": [
        {"time": 0, "amount": 100, "steady": 1, "interval": 8, "dose": 1, "additional": 1}
    ],
    "steady infusion": [{"time": 0, "amount": 100, "steady": 1, "interval": 8, "rate": 30}],
    "longer than II": [{"time": 0, "amount": 100, "steady": 1, "interval": 8, "rate": 5}],
    "steady lagged": [
        {"time": 0, "amount": 100, "steady": 1, "interval": 4, "rate": -2, "dose": 2}
    ],
    "steady duration": [{"time": 0, "amount": 100, "steady": 1, "interval": 4, "rate": -2}],
    "constant": [{"time": 0, "amount": 0, "steady": 1, "rate": 7}],
}

SATURABLE_CASES = {
    "bolus": [{"time": 0, "amount": 100, "dose": 1}],
    "lag": [{"time": 0, "amount": 100}],
    "additional": [{"time": 0, "amount": 100, "rate": 20, "additional": 2, "interval": 4}],
    "duration": [{"time": 0, "amount": 100, "rate": -2}],
    "steady": [{"time": 0, "amount": 30, "steady": 1, "interval": 8, "dose": 1, "additional": 2}],
    "steady lag": [{"time": 0, "amount": 30, "steady": 1, "interval": 8}],
    "steady duration": [{"time": 0, "amount": 30, "steady": 1, "interval": 8, "rate": -2}],
    "longer than II": [{"time": 0, "amount": 30, "steady": 1, "interval": 8, "rate": 2}],
    "constant": [{"time": 0, "steady": 1, "rate": 3}],
    "own rest": [{"time": 0, "steady": 1, "evid": 1}],
}

SEGMENTS = {
    "fixed": [60.0],
    "breaks": [-1.0, 2.0, 5.5, 12.0],
    "segments": [[1, 0, 1, 0.1], [1.5, 0, 0.9, 0.15], [0.7, 0, 2, -0.05], [1.2, 0, 1.4, 0]],
}

COVARIATE_CASES = {
    "breaks": [{"time": -1}, {"time": 0, "amount": 100, "additional": 2, "interval": 5}],
    "steady": [{"time": 0, "amount": 100, "steady": 1, "interval": 5}],
}

SYSTEMS = {
    "linear": (linear_pk, LINEAR),
    "saturable": (saturable, SATURABLE),
    "covariates": (covariates, COVARIATES),
}

CASES = [
    *(("linear", name) for name in LINEAR_CASES),
    *(("saturable", name) for name in SATURABLE_CASES),
    *(("covariates", name) for name in COVARIATE_CASES),
]


def timeline(system: str, case: str) -> Timeline:
    if system == "covariates":
        return make_timeline([*COVARIATE_CASES[case], *observe(*TIMES)], **SEGMENTS)
    cases = LINEAR_CASES if system == "linear" else SATURABLE_CASES
    return make_timeline([*cases[case], *observe(*TIMES)])


def mixed(kind: str) -> Timeline:
    """Several events in one timeline."""
    infusion = {"time": 0, "amount": 50, "rate": 20}
    if kind == "second steady state":
        steady = {"time": 1, "amount": 30, "steady": 2, "interval": 8, "dose": 1}
        return make_timeline([infusion, steady, *observe(*LATER)])
    if kind == "other at one time":
        first = [infusion, {"time": 1}, {"time": 1, "amount": 20}, {"time": 1, "evid": 2}]
        return make_timeline([*first, *observe(1, 2, 5)])
    records = [infusion, *observe(1, 2), {"time": 3, "evid": 3}, *observe(3, 4)]
    restart = {"time": 0, "evid": 4, "amount": 30, "rate": 10, "dose": 0}
    return make_timeline([*records, restart, *observe(0, 1, 5)])


def check_values(system: str, line: Timeline) -> None:
    make, values = SYSTEMS[system]
    kernel = compiled(make)
    exact = reference(make(), line, values, method="DOP853")
    floor = 1e-3 * np.abs(exact).max(axis=0) + 1e-9
    p = vector(kernel, values)
    loose = kernel.solve(line, p)
    tight = kernel.solve(line, p, options=SolverSettings(rtol=1e-10, atol=1e-10))
    assert (loose.reason, tight.reason) == ("ok", "ok")
    assert relative(loose.values, exact, floor) < 1e-5
    assert relative(tight.values, exact, floor) < 1e-8


def check_sensitivities(system: str, line: Timeline) -> None:
    make, values = SYSTEMS[system]
    kernel = compiled(make)
    p = vector(kernel, values)
    solved = kernel.solve(line, p)
    assert solved.sensitivities is not None
    exact = differences(kernel, line, p) * p
    size = np.abs(kernel.solve(line, p, options=TIGHT).values).max(axis=0)
    # a sensitivity that crosses zero is held to the size of its state, at rtol 1e-6
    floor = 1e-2 * size[None, :, None] + 1e-9
    assert relative(solved.sensitivities * p, exact, floor) < 1e-4


@pytest.mark.parametrize(("system", "case"), CASES)
def test_values_agree_with_scipy(system: str, case: str) -> None:
    check_values(system, timeline(system, case))


@pytest.mark.parametrize(("system", "case"), CASES)
def test_sensitivities_agree_with_differences(system: str, case: str) -> None:
    check_sensitivities(system, timeline(system, case))


MIXED = ("second steady state", "other at one time", "reset")


@pytest.mark.parametrize("system", ["linear", "saturable"])
@pytest.mark.parametrize("kind", MIXED)
def test_several_events(system: str, kind: str) -> None:
    check_values(system, mixed(kind))
    check_sensitivities(system, mixed(kind))


def test_sensitivities_agree_with_differences_of_scipy() -> None:
    line = make_timeline(
        [{"time": 0, "amount": 30, "rate": -2, "additional": 1, "interval": 7}, *observe(4, 9, 20)]
    )
    kernel = compiled(saturable)
    p = vector(kernel, SATURABLE)
    solved = kernel.solve(line, p)
    exact = reference_sensitivities(saturable(), line, SATURABLE, method="DOP853") * p
    assert relative(solved.sensitivities * p, exact, 1e-3) < 1e-4


def test_a_record_shows_the_state_after_its_event_and_records_keep_their_order() -> None:
    line = make_timeline([{"time": 0}, {"time": 0, "amount": 7}, {"time": 0}])
    kernel = compiled(linear_pk)
    amounts = kernel.solve(line, vector(kernel, LINEAR)).values[:, 0]
    np.testing.assert_array_equal(amounts, [0.0, 7.0, 7.0])


def test_an_additional_dose_comes_before_a_record_of_its_time() -> None:
    line = make_timeline(
        [{"time": 0, "amount": 1, "additional": 3, "interval": 0.1}, *observe(0.3)]
    )  # 3 * 0.1 is not the double 0.3
    kernel = compiled(linear_pk)
    p = vector(kernel, {**LINEAR, "CL": 0.0, "Q": 0.0})
    assert kernel.solve(line, p).values[-1, 0] == pytest.approx(4.0, abs=1e-9)


def test_reset_drops_infusions_and_additional_doses() -> None:
    dose = {"time": 0, "amount": 100, "rate": 10, "additional": 5, "interval": 2}
    line = make_timeline([dose, {"time": 1, "evid": 3}, *observe(1, 3, 12)])
    kernel = compiled(linear_pk)
    np.testing.assert_array_equal(kernel.solve(line, vector(kernel, LINEAR)).values[1:], 0.0)


@pytest.mark.parametrize("lag", [0.0, 1.5, 4.0, 9.0])
def test_steady_state_with_lag_up_to_and_beyond_the_interval(lag: float) -> None:
    dose = {"time": 0, "amount": 10, "steady": 1, "interval": 4, "dose": 1}
    line = make_timeline([dose, *observe(0.7, 3, 6, 13)])
    kernel, values = compiled(linear_pk), {**LINEAR, "lag": lag}
    exact = reference(linear_pk(), line, values, method="DOP853")
    computed = kernel.solve(line, vector(kernel, values), options=TIGHT).values
    assert relative(computed, exact, 1e-6) < 1e-7
