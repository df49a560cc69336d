"""The SciPy oracle against closed forms: bolus, infusion, oral, steady state, and each event."""

from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import Covariate, Parameter
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem, Output, State
from tests.oracles.records import make_timeline
from tests.oracles.reference_solver import reference, reference_sensitivities

P = {"ka": 1.3, "CL": 4.0, "V": 20.0, "Q": 3.0, "V2": 35.0, "F": 0.7, "lag": 0.4, "D": 2.5}
P |= {"R": 30.0}


def system(*, peripheral: bool = False) -> OdeSystem:
    """Depot, central and (or not) a peripheral compartment; two dosing compartments."""
    ka, cl, v, q, v2 = (symbol(n) for n in ("ka", "CL", "V", "Q", "V2"))
    depot, central, deep = symbol("depot"), symbol("central"), symbol("deep")
    exchange = q * (central / v - deep / v2) if peripheral else sp.Integer(0)
    states = [
        State(name="depot", rhs=-ka * depot),
        State(name="central", rhs=ka * depot - cl / v * central - exchange),
    ]
    states += [State(name="deep", rhs=exchange)] if peripheral else []
    return OdeSystem(
        title="closed form",
        states=tuple(states),
        parameters=tuple(Parameter(name=n) for n in P),
        outputs=(Output(name="A", expr=central),),
        doses=(
            DoseTarget(name="iv", state="central", duration=symbol("D"), rate=symbol("R")),
            DoseTarget(name="oral", state="depot", bioavailability=symbol("F"), lag=symbol("lag")),
        ),
    )


Response = Callable[[np.ndarray], np.ndarray]


def iv_response(*, peripheral: bool) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and rates of the amount after a unit bolus: sum of c exp(-l t)."""
    k = P["CL"] / P["V"]
    if not peripheral:
        return np.array([1.0]), np.array([k])
    k12, k21 = P["Q"] / P["V"], P["Q"] / P["V2"]
    total, product = k + k12 + k21, k * k21
    root = np.sqrt(total**2 - 4 * product)
    alpha, beta = (total + root) / 2, (total - root) / 2
    return np.array([alpha - k21, k21 - beta]) / (alpha - beta), np.array([alpha, beta])


def exponentials(kind: str, *, peripheral: bool) -> tuple[np.ndarray, np.ndarray]:
    """The same for a unit dose of a kind (bolus, oral with F = 1 and no lag)."""
    c, rates = iv_response(peripheral=peripheral)
    if kind == "bolus":
        return c, rates
    ka = P["ka"]
    weights = c * ka / (ka - rates)
    return np.append(weights, -weights.sum()), np.append(rates, ka)


def single(kind: str, t: np.ndarray, *, peripheral: bool, duration: float = 0.0) -> np.ndarray:
    """Amount at t after a unit dose at 0 (an infusion of unit amount if duration > 0)."""
    c, rates = exponentials(kind, peripheral=peripheral)
    t = np.asarray(t, dtype=float)[:, None]
    if duration == 0:
        return np.sum(c * np.exp(-rates * np.maximum(t, 0)) * (t >= 0), axis=1)
    inside = np.clip(t, 0, duration)
    decay = np.exp(-rates * np.maximum(t - duration, 0))
    return np.sum(c / rates / duration * (1 - np.exp(-rates * inside)) * decay, axis=1)


def train(kind: str, t: np.ndarray, interval: float, **options: object) -> np.ndarray:
    """Superposition of unit doses at 0, -interval, -2 interval, ... of the infinite past."""
    doses = range(600)
    return sum(single(kind, t + k * interval, **options) for k in doses)  # type: ignore[arg-type]


TIMES = np.array([0.25, 1.0, 2.0, 3.5, 7.0, 11.5, 23.0])


def solve(
    records: list[dict[str, float]], *, peripheral: bool = False, method: str = "DOP853"
) -> np.ndarray:
    line = make_timeline(records)
    return reference(system(peripheral=peripheral), line, P, method=method)[:, 0]


def observed(dose: dict[str, float], times: np.ndarray = TIMES) -> list[dict[str, float]]:
    return [dose, *({"time": float(t)} for t in times)]


def close(computed: np.ndarray, exact: np.ndarray, rtol: float = 1e-8) -> None:
    np.testing.assert_allclose(computed, exact, rtol=rtol, atol=1e-9)


both = pytest.mark.parametrize("peripheral", [False, True])


@both
@pytest.mark.parametrize("method", ["Radau", "LSODA", "DOP853"])
def test_bolus(peripheral: bool, method: str) -> None:
    dose = {"time": 0, "amount": 100}
    found = solve(observed(dose), peripheral=peripheral, method=method)
    close(found, 100 * single("bolus", np.append(0, TIMES), peripheral=peripheral))


@both
@pytest.mark.parametrize(
    ("rate", "duration"), [(40.0, 2.5), (-2, P["D"]), (-1, 100 / P["R"])], ids=["R", "D1", "R1"]
)
def test_infusion(peripheral: bool, rate: float, duration: float) -> None:
    found = solve(observed({"time": 0, "amount": 100, "rate": rate}), peripheral=peripheral)
    exact = single("bolus", np.append(0, TIMES), peripheral=peripheral, duration=duration)
    close(found, 100 * exact)


@both
def test_oral_with_bioavailability_and_lag(peripheral: bool) -> None:
    found = solve(observed({"time": 0, "amount": 100, "dose": 1}), peripheral=peripheral)
    exact = 100 * P["F"] * single("oral", np.append(0, TIMES) - P["lag"], peripheral=peripheral)
    close(found, exact)


def test_bioavailability_scales_the_duration_of_an_infusion_not_its_rate() -> None:
    found = solve(observed({"time": 0, "amount": 100, "dose": 1, "rate": 50}))
    exact = (
        100
        * P["F"]
        * single("oral", np.append(0, TIMES) - P["lag"], peripheral=False, duration=P["F"] * 2)
    )
    close(found, exact)


@both
@pytest.mark.parametrize("duration", [0.0, 3.0, 19.0], ids=["bolus", "short", "longer than II"])
def test_steady_state(peripheral: bool, duration: float) -> None:
    rate = 100 / duration if duration else 0
    dose = {"time": 5, "amount": 100, "steady": 1, "interval": 8, "rate": rate}
    found = solve(observed(dose, TIMES + 5), peripheral=peripheral)
    options = {"peripheral": peripheral, "duration": duration}
    close(found, 100 * train("bolus", np.append(0, TIMES), 8, **options), rtol=1e-7)


@both
def test_oral_steady_state_with_lag_and_further_doses(peripheral: bool) -> None:
    dose = {"time": 0, "amount": 100, "steady": 1, "interval": 8, "additional": 2, "dose": 1}
    found = solve(observed(dose), peripheral=peripheral)
    t = np.append(0, TIMES) - P["lag"]
    exact = sum(single("oral", t - 8 * k, peripheral=peripheral) for k in (1, 2))
    exact = exact + train("oral", t, 8, peripheral=peripheral)
    close(found, 100 * P["F"] * exact, rtol=1e-7)


def test_lag_longer_than_the_interval_keeps_the_implied_doses_under_way() -> None:
    line = make_timeline(
        observed({"time": 0, "amount": 100, "steady": 1, "interval": 3, "dose": 1})
    )
    found = reference(system(), line, {**P, "lag": 7.0}, method="DOP853")[:, 0]
    t = np.append(0, TIMES) - 7.0
    close(found, 100 * P["F"] * train("oral", t, 3, peripheral=False), rtol=1e-7)


def test_constant_infusion_to_steady_state_ends_at_its_record() -> None:
    found = solve(observed({"time": 0, "amount": 0, "rate": 20, "steady": 1}))
    k = P["CL"] / P["V"]
    close(found, 20 / k * np.exp(-k * np.append(0, TIMES)))


def test_second_steady_state_is_added() -> None:
    first = {"time": 0, "amount": 100, "steady": 1, "interval": 8}
    second = {"time": 2, "amount": 50, "steady": 2, "interval": 12}
    found = solve([first, second, {"time": 5}])
    at = lambda t, ii: train("bolus", np.array([t]), ii, peripheral=False)[0]  # noqa: E731
    close(found[2], 100 * at(5.0, 8) + 50 * at(3.0, 12), rtol=1e-7)


def test_additional_doses_come_before_a_record_at_their_time() -> None:
    dose = {"time": 0, "amount": 100, "additional": 2, "interval": 4}
    found = solve([{"time": 0}, dose, {"time": 4}, {"time": 4, "amount": 10}, {"time": 9}])
    one = lambda t: single("bolus", np.array([t]), peripheral=False)[0]  # noqa: E731
    exact = [0, 100, 100 * (1 + one(4.0)), 100 * (1 + one(4.0)) + 10]
    close(found[:4], np.array(exact))
    close(found[4], 100 * (one(9.0) + one(5.0) + one(1.0)) + 10 * one(5.0))


def test_times_that_differ_by_rounding_are_one_time() -> None:
    found = solve([{"time": 0, "amount": 1, "additional": 3, "interval": 0.1}, {"time": 0.3}])
    assert 3 * 0.1 > 0.3
    ages = np.array([0, 0.1, 0.2, 0.3])
    close(found[1], single("bolus", ages, peripheral=False).sum())


def test_resets_drop_what_runs_and_what_is_pending() -> None:
    infusion = {"time": 0, "amount": 100, "rate": 10, "additional": 3, "interval": 12}
    found = solve([infusion, {"time": 5, "evid": 3}, {"time": 6}, {"time": 30}])
    close(found[1:], np.zeros(3))
    found = solve([infusion, {"time": 2, "evid": 4, "amount": 7}, {"time": 2}, {"time": 30}])
    close(found[1:3], np.array([7.0, 7.0]))
    close(found[3], 7 * single("bolus", np.array([28.0]), peripheral=False)[0])


def test_time_may_start_again_after_a_reset_only() -> None:
    found = solve([{"time": 9, "amount": 5}, {"time": 1, "evid": 4, "amount": 7}])
    close(found, np.array([5.0, 7.0]))
    with pytest.raises(ValueError, match="goes back"):
        solve([{"time": 9, "amount": 5}, {"time": 1}])


def test_a_rate_that_is_not_modelled_is_refused() -> None:
    with pytest.raises(ValueError, match="modelled"):
        solve([{"time": 0, "amount": 5, "rate": -2, "dose": 1}])


def decay(kind: str) -> OdeSystem:
    """dA/dt = -x A with a covariate x."""
    k, x, a = symbol("k"), symbol("x"), symbol("A")
    return OdeSystem(
        title="decay",
        states=(State(name="A", rhs=-k * x * a, initial=x),),
        parameters=(Parameter(name="k"),),
        covariates=(Covariate(name="x", interpolation=kind),),  # type: ignore[arg-type]
        outputs=(Output(name="A", expr=a * x),),
    )


def test_covariates_that_step() -> None:
    line = make_timeline(
        [{"time": t} for t in (0, 1, 2, 3)], breaks=[0, 2], segments=[[0.5, 0], [0.1, 0]]
    )
    found = reference(decay("locf"), line, {"k": 1.0})[:, 0]
    amounts = 0.5 * np.exp([0, -0.5, -1.0, -1.1])
    close(found, amounts * [0.5, 0.5, 0.1, 0.1])


def test_covariates_that_are_linear_between_breaks() -> None:
    line = make_timeline(
        [{"time": t} for t in (0, 1, 3)], breaks=[0, 2], segments=[[1, -0.25], [0.5, 0]]
    )
    found = reference(decay("linear"), line, {"k": 1.0})[:, 0]
    amounts = np.exp([0, -(1 - 0.125), -(1.5 + 0.5)])
    close(found, amounts * [1, 0.75, 0.5])


def test_steady_state_freezes_time() -> None:
    """Production 1 + t at the record's time, frozen for the steady state."""
    rhs = 1 + TIME - symbol("k") * symbol("A")
    model = OdeSystem(
        title="frozen",
        states=(State(name="A", rhs=rhs),),
        parameters=(Parameter(name="k"),),
        outputs=(Output(name="A", expr=symbol("A")),),
        doses=(DoseTarget(name="in", state="A"),),
    )
    line = make_timeline([{"time": 3, "evid": 1, "amount": 2, "steady": 1, "interval": 5}])
    exact = 4 / 0.5 + 2 / (1 - np.exp(-2.5))
    close(reference(model, line, {"k": 0.5}, method="DOP853")[0], np.array([exact]), rtol=1e-7)


def test_sensitivities_of_a_bolus_and_of_a_lag() -> None:
    times = np.array([1.0, 4.0])
    line = make_timeline(observed({"time": 0, "amount": 100, "dose": 1}, times))
    found = reference_sensitivities(system(), line, P)[1:, 0]
    ka, k, lag = P["ka"], P["CL"] / P["V"], P["lag"]
    scale = 100 * P["F"] * ka / (ka - k)
    names = list(P)
    by_lag = scale * (k * np.exp(-k * (times - lag)) - ka * np.exp(-ka * (times - lag)))
    np.testing.assert_allclose(found[:, names.index("lag")], by_lag, rtol=1e-6)
    amount = scale * (np.exp(-k * (times - lag)) - np.exp(-ka * (times - lag)))
    np.testing.assert_allclose(found[:, names.index("F")], amount / P["F"], rtol=1e-6)
