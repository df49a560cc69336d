"""The Stan functions against the SciPy oracle: values and gradients, every kind of event."""

import logging
from dataclasses import dataclass

import numpy as np
import pytest

from pkqsp_bayes.study.timeline import Timeline
from tests.emit.expressions import POINTS, evaluate, sample_expressions
from tests.emit.stan_program import SYSTEMS, StanProgram
from tests.kernel.test_time_conditions import RISING, timeline
from tests.kernel.test_time_conditions import Case as Windows
from tests.oracles.random_timelines import random_timeline
from tests.oracles.records import make_timeline
from tests.oracles.reference_solver import reference, reference_sensitivities
from tests.oracles.windows import WINDOW, exact_gradient, exact_values

EXPRESSIONS = 40
PARAMETERS = {
    "one": {"ka": 1.3, "CL": 4.0, "V": 20.0, "F": 0.7, "lag": 0.4},
    "everything": {"Vmax": 2.0, "Km": 1.5, "kin": 0.6, "kout": 0.35},
    "body": {"CL": 0.8, "Kp0": 1.2, "Kp1": 3.0, "Kp2": 0.7},
}


def at(*times: float) -> list[dict[str, float]]:
    return [{"time": t} for t in times]


COVARIATES = {
    "breaks": [0, 3, 8],
    "segments": [[1.2, 0, 38, 0.5], [0.8, 0, 42, -0.5], [1, 0, 38, 0]],
}


@dataclass(frozen=True)
class Case:
    system: str
    line: Timeline


CASES = {
    "lagged, additional, steady, reset": Case(
        "one",
        make_timeline(
            [
                {"time": 0, "amount": 100, "additional": 2, "interval": 6},
                *at(1, 6, 9.5),
                {"time": 20, "amount": 50, "steady": 1, "interval": 8, "additional": 1},
                *at(21, 29.7),
                {"time": 33, "evid": 3},
                {"time": 34},
                {"time": 2, "evid": 4, "amount": 80, "rate": 20},
                *at(3, 4.9, 5.3, 9),
            ]
        ),
    ),
    "infusions longer than II, then SS = 2": Case(
        "one",
        make_timeline(
            [
                {"time": 1},
                {"time": 1, "amount": 100, "rate": 10, "steady": 1, "interval": 5},
                *at(2, 6.5, 9),
                {"time": 10, "amount": 60, "steady": 2, "interval": 12},
                *at(10, 11),
                {"time": 20, "evid": 2},
            ]
        ),
    ),
    "times that differ by rounding": Case(
        "body",
        make_timeline(
            [{"time": 0, "amount": 1, "additional": 3, "interval": 0.1}, *at(0.1, 0.3, 2)]
        ),
    ),
    "constant infusion": Case(
        "one", make_timeline([{"time": 0, "rate": 15, "steady": 1}, *at(0, 2, 8)])
    ),
    "modelled rates and covariates": Case(
        "everything",
        make_timeline(
            [
                {"time": 0},
                {"time": 0, "amount": 20, "rate": -2, "additional": 1, "interval": 7},
                *at(1, 2.5),
                {"time": 4, "amount": 15, "rate": -1},
                {"time": 5, "amount": 3, "dose": 1},
                *at(5.4, 6, 9, 12, 13),
                {"time": 14, "amount": 10, "rate": 2.5},
                {"time": 20},
            ],
            fixed=[80],
            **COVARIATES,
        ),
    ),
    "steady state with time frozen": Case(
        "everything",
        make_timeline(
            [
                {"time": 0, "amount": 5},
                {"time": 2, "amount": 6, "steady": 1, "interval": 6, "rate": -2},
                *at(3, 5, 9),
            ],
            fixed=[60],
            **COVARIATES,
        ),
    ),
    "times that are data": Case(
        "body",
        make_timeline(
            [
                {"time": 0, "amount": 10, "rate": 4, "additional": 1, "interval": 5},
                *at(1, 2.5, 3, 5, 5.5, 9),
            ]
        ),
    ),
    "steady state with times that are data": Case(
        "body",
        make_timeline(
            [{"time": 2, "amount": 5, "steady": 1, "interval": 6, "rate": 10}, *at(2.2, 7)]
        ),
    ),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> StanProgram:
    logging.getLogger("cmdstanpy").setLevel(logging.WARNING)
    folder = tmp_path_factory.mktemp("timelines")
    return StanProgram.build(folder, sample_expressions(EXPRESSIONS))


@pytest.mark.parametrize("name", CASES)
def test_values(program: StanProgram, name: str) -> None:
    case = CASES[name]
    parameters = PARAMETERS[case.system]
    found = program.values(case.system, case.line, list(parameters.values()))
    exact = reference(SYSTEMS[case.system][0], case.line, parameters, method="DOP853")
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-8)


RANDOM = {
    "one": ({"targets": [[0, 0, 1.5, 5]]}, {"lag": [0.0, 0.4, 1.7, 4.3]}),
    "everything": ({"targets": [[0, 1.5, -1, -2], [0, 5]], "fixed": [75], **COVARIATES}, {}),
}
"""What random timelines are made of, and values to choose from for a parameter."""


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("system", RANDOM)
def test_values_of_random_regimens(program: StanProgram, system: str, seed: int) -> None:
    options, choices = RANDOM[system]
    line = random_timeline(seed, **options)
    parameters = PARAMETERS[system] | {k: v[seed % len(v)] for k, v in choices.items()}
    found = program.values(system, line, list(parameters.values()))
    exact = reference(SYSTEMS[system][0], line, parameters, method="DOP853")
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-7)


WINDOWS = Windows(p={"d": 14.2}, albumin=RISING, doses=((22.0, 30.0), (24.25, 50.0), (29.75, 20.0)))
SLOW = "steady state with times that are data"  # the oracle, not Stan


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == SLOW else n for n in CASES]
)
def test_gradient(program: StanProgram, name: str) -> None:
    case = CASES[name]
    parameters = PARAMETERS[case.system]
    system = SYSTEMS[case.system][0]
    weight = np.random.default_rng(1).normal(size=(len(case.line.time), len(system.outputs)))
    found = program.gradient(case.system, case.line, list(parameters.values()), weight)
    exact = reference_sensitivities(system, case.line, parameters, method="DOP853")
    exact = np.einsum("nm,nmp->p", weight, exact)
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6 * np.max(np.abs(exact)))


@pytest.mark.parametrize("point", POINTS)
def test_expressions(program: StanProgram, point: tuple[float, ...]) -> None:
    found = program.expressions(point)
    exact = [evaluate(e, point) for e in sample_expressions(EXPRESSIONS)]
    known = [i for i, e in enumerate(exact) if e is not None]
    wanted = np.array([exact[i] for i in known], dtype=float)
    np.testing.assert_allclose(found[known], wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([{"time": 1, "amount": 1}, {"time": 0}], "time goes back"),
        ([{"time": 0, "amount": 1, "steady": 1}], "without an interval"),
        ([{"time": 0, "amount": 1, "rate": -2}], "that the model has not"),
    ],
)
def test_nonsense_is_rejected(
    program: StanProgram, records: list[dict[str, float]], message: str
) -> None:
    parameters = list(PARAMETERS["one"].values())
    with pytest.raises(RuntimeError, match=message):
        program.values("one", make_timeline(records), parameters)


def test_conditions_on_time(program: StanProgram) -> None:
    """A window and a threshold of a covariate, whose edges are parameters."""
    line = timeline(WINDOWS)
    seen, p = line.evid == 0, WINDOW | WINDOWS.p
    given = {"doses": WINDOWS.doses, "albumin": WINDOWS.albumin}
    found = program.values("windows", line, list(p.values()))
    np.testing.assert_allclose(found[seen, 0], exact_values(p, WINDOWS.times, **given), rtol=1e-7)
    weight = np.zeros(found.shape)
    weight[seen, 0] = [1.0, -2.0, 0.5, 1.0, 3.0, -1.0, 2.0]
    gradient = program.gradient("windows", line, list(p.values()), weight)
    exact = weight[seen, 0] @ exact_gradient(p, WINDOWS.times, **given)
    np.testing.assert_allclose(gradient, exact, rtol=1e-6, atol=1e-6)


def test_a_fast_state_that_follows_time(program: StanProgram) -> None:
    times, k = np.array([0.0, 1.0, 10.0, 100.0]), 1e6
    found = program.values("forcing", make_timeline(at(*times)), [k])
    exact = (k**2 * np.cos(times) + k * np.sin(times)) / (k**2 + 1)
    np.testing.assert_allclose(found[:, 0], exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("amount", [1e-12, 1e-6, 1e6])
def test_no_unit_of_a_dose_matters(program: StanProgram, amount: float) -> None:
    parameters = list(PARAMETERS["one"].values())
    records = [{"amount": 1, "additional": 1, "interval": 6}, {"amount": 1, "steady": 1}]
    for record in records:
        first = {"time": 0, "interval": 8, **record}
        line = make_timeline([first, *at(0.1, 2, 12, 48)])
        other = make_timeline([{**first, "amount": amount}, *at(0.1, 2, 12, 48)])
        one = program.values("one", line, parameters)
        found = program.values("one", other, parameters)
        np.testing.assert_allclose(found / amount, one, rtol=1e-6, atol=1e-8 * one.max())
