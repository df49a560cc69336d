"""The oracle of tables against closed forms, brute force and SciPy."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from tests.oracles.table_oracle import (
    LinearModel,
    Target,
    exponential,
    fill_column,
    predict,
)

NO_DOSE = {"AMT": 0.0, "RATE": 0.0, "II": 0.0, "ADDL": 0, "SS": 0, "CMT": "iv", "OCC": "1"}


def rows_of(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [NO_DOSE | {"EVID": int("AMT" in r or "SS" in r), "WT": 70.0} | r for r in rows]


def one(**options: Any) -> LinearModel:
    """One compartment: A' = kin - k A, k = 0.1 WT/70; outputs the amount and amount/WT."""
    target = Target(
        state=0,
        bioavailability=lambda c: c["WT"] / 70,
        lag=lambda c: c.get("lag", 0.0),
        rate=lambda c: 10 * c["WT"] / 70,
        duration=lambda c: 5 * c["WT"] / 70,
    )
    settings: dict[str, Any] = {
        "size": 1,
        "system": lambda c: (
            np.array([[-0.1 * c["WT"] / 70]]),
            np.array([c.get("kin", 0.0) * 1.0]),
        ),
        "outputs": lambda c, y: [y[0], y[0] / c["WT"]],
        "targets": {"iv": target},
        "covariates": {"WT": "locf"},
    }
    return LinearModel(**(settings | options))


def amounts(model: LinearModel, rows: Sequence[dict[str, Any]], **parameters: float) -> list[float]:
    found: list[float] = predict(model, rows, parameters)[:, 0].tolist()
    return found


def test_the_exponential_is_scipys() -> None:
    rng = np.random.default_rng(1)
    for scale in (1e-3, 1.0, 30.0):
        a = scale * rng.normal(size=(3, 3))
        a -= np.eye(3) * np.abs(a).sum()
        np.testing.assert_allclose(exponential(a), expm(a), rtol=1e-12, atol=1e-15)


def test_a_row_sees_its_own_covariate() -> None:
    """Trough with weight 70, then a dose with 35; the output divides by the row's own weight."""
    rows = rows_of(
        {"TIME": 0, "AMT": 100}, {"TIME": 2}, {"TIME": 2, "AMT": 100, "WT": 35.0},
        {"TIME": 2, "WT": 35.0}, {"TIME": 3, "WT": 140.0},
    )  # fmt: skip
    trough = 100 * math.exp(-0.2)
    found = predict(one(), rows, {})
    later = (trough + 50) * math.exp(-0.05)
    exact = [[100, 70], [trough, 70], [trough + 50, 35], [trough + 50, 35], [later, 140]]
    np.testing.assert_allclose(found, [[a, a / w] for a, w in exact], rtol=1e-14)


@pytest.mark.parametrize(
    ("rule", "integral"),
    [("locf", 2 * 140 + 1 * 35), ("nocb", 2 * 35 + 1 * 280), ("linear", 2 * 87.5 + 1 * 157.5)],
)
def test_between_rows_the_interpolation_decides(rule: str, integral: float) -> None:
    """Exponent: the integral of WT over the intervals [0, 2] and [2, 3]."""
    rows = rows_of(
        {"TIME": 0, "AMT": 100}, {"TIME": 0, "WT": 140.0}, {"TIME": 2, "WT": 35.0},
        {"TIME": 2, "WT": 35.0}, {"TIME": 3, "WT": 280.0},
    )  # fmt: skip
    found = amounts(one(covariates={"WT": rule}), rows)
    assert found[-1] == pytest.approx(100 * math.exp(-0.1 * integral / 70), rel=1e-13)


def test_missing_values() -> None:
    rows = rows_of(
        {"TIME": 0, "WT": None}, {"TIME": 1, "WT": 10}, {"TIME": 1, "WT": None},
        {"TIME": 2, "WT": None}, {"TIME": 3, "WT": 30}, {"TIME": 4, "WT": None},
        {"TIME": 0, "WT": 5, "EVID": 3}, {"TIME": 9, "WT": None},
    )  # fmt: skip
    assert fill_column(rows, "WT", "nocb") == [10, 10, 30, 30, 30, 5, 5, 5]
    assert fill_column(rows[1:], "WT", "locf") == [10, 10, 10, 30, 30, 5, 5]
    assert fill_column(rows[1:], "WT", "linear") == [10, 10, 20, 30, 30, 5, 5]


def test_linear_coefficients_agree_with_scipy() -> None:
    """Volume and clearance on lines, an oral dose and a lagged infusion in between."""

    def system(c: Any) -> tuple[Any, Any]:
        k = 0.3 * (1 + c["FORM"]) / (c["WT"] / 70)
        return np.array([[-0.8, 0.0], [0.8, -k]]), np.array([0.0, math.cos(c["t"])])

    model = LinearModel(
        size=2, system=system, outputs=lambda _, y: list(y),
        targets={"po": Target(state=0), "iv": Target(state=1, lag=lambda _: 0.7)},
        covariates={"WT": "linear", "FORM": "nocb"},
    )  # fmt: skip
    rows = rows_of(
        {"TIME": 0, "AMT": 100, "CMT": "po", "FORM": 9}, {"TIME": 2, "WT": 35.0, "FORM": 1},
        {"TIME": 2, "AMT": 50, "RATE": 100, "WT": 140.0, "FORM": 0},
        {"TIME": 10, "WT": 20, "FORM": 0},
    )  # fmt: skip

    def slope(t: float, y: Any) -> Any:
        weight = 70 - 17.5 * t if t < 2 else 140 - 15 * (t - 2)
        a, b = system({"WT": weight, "FORM": float(t < 2), "t": t})
        return a @ y + b + np.array([0, 100.0 * (2.7 < t < 3.2)])

    exact = np.array([100.0, 0.0])
    for start, end in ((0, 2), (2, 2.7), (2.7, 3.2), (3.2, 10)):
        inner = (start + 1e-15, end - 1e-15)
        exact = solve_ivp(slope, inner, exact, "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    np.testing.assert_allclose(predict(model, rows, {})[-1], exact, rtol=1e-10)


@pytest.mark.parametrize("rate", [0.0, 40.0, 9.0, -1.0, -2.0])
@pytest.mark.parametrize("lag", [0.0, 0.5, 4.0, 5.5, 13.0])
@pytest.mark.parametrize("ss", [1, 2])
def test_steady_states_by_brute_force(rate: float, lag: float, ss: int) -> None:
    """80 doses before the record, of which those that have not ended go on after it."""
    dose = {"AMT": 100, "RATE": rate, "II": 4.0}
    after = [{"TIME": t} for t in (400, 400.3, 401, 404, 412.5, 430)]
    given = rows_of({"TIME": 400, "SS": ss, "ADDL": 1, **dose}, *after)
    history = rows_of({"TIME": 0, "ADDL": 101, **dose}, *after)
    kin = 3.0 if ss == 1 else 0.0
    found = amounts(one(), given, lag=lag, kin=kin)[1:]
    exact = amounts(one(initial=lambda _: np.array([kin / 0.1])), history, lag=lag, kin=kin)[1:]
    np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_constant_infusion_and_rest() -> None:
    rows = rows_of(
        {"TIME": 0, "AMT": 500.0}, {"TIME": 1, "SS": 1, "RATE": 20.0}, {"TIME": 3},
        {"TIME": 3, "SS": 1, "RATE": -1.0, "WT": 35.0}, {"TIME": 3, "SS": 1}, {"TIME": 5},
    )  # fmt: skip
    found = amounts(one(), rows, kin=2.0, lag=7.0)
    decayed = 20 + 200 * math.exp(-0.2)
    np.testing.assert_allclose(found, [0, 220, decayed, (2 + 5) / 0.05, 20, 20], rtol=1e-13)


def test_steady_states_and_resets_drop_what_is_pending() -> None:
    """A lagged dose and a running infusion, then SS = 1, 2, or a new stretch."""
    begin = [{"TIME": 0, "AMT": 100, "RATE": 10}, {"TIME": 1, "AMT": 70}]
    steady = {"TIME": 1.5, "AMT": 10, "II": 4.0}
    ends = {
        1: rows_of(*begin, steady | {"SS": 1}, {"TIME": 8}),
        2: rows_of(*begin, steady | {"SS": 2}, {"TIME": 8}),
        3: rows_of(*begin, {"TIME": 0.5, "EVID": 3}, {"TIME": 8}),
    }
    found = {k: amounts(one(), rows, lag=1.0) for k, rows in ends.items()}
    own = 10 * math.exp(-0.3) / (1 - math.exp(-0.4)) + 0  # the last dose entered 3 h ago
    later = own * math.exp(-0.65) + 10 * math.exp(-0.55)
    assert found[1][2:] == pytest.approx([own, later], rel=1e-13)
    running = 100 * (1 - math.exp(-0.05))
    assert found[2][2] == pytest.approx(own + running, rel=1e-13)
    rest = 100 * (1 - math.exp(-0.7)) + 70 * math.exp(-0.6)
    assert found[2][3] == pytest.approx(later + rest, rel=1e-13)
    assert found[3][2:] == [0, 0]


def test_a_pending_dose_enters_before_the_rows_of_its_time() -> None:
    rows = rows_of(
        {"TIME": 0, "AMT": 100, "ADDL": 1, "II": 2.0}, {"TIME": 1}, {"TIME": 3},
        {"TIME": 3, "AMT": 50, "EVID": 4}, {"TIME": 4},
    )  # fmt: skip
    found = amounts(one(), rows, lag=1.0)
    assert found == pytest.approx([0, 100, 100 * math.exp(-0.2) + 100, 0, 50], rel=1e-13)


def test_additional_doses_keep_what_their_record_saw() -> None:
    """F, duration (5 h) and rate of the record, though the weight has changed."""
    rows = rows_of(
        {"TIME": 0, "AMT": 100, "RATE": -2, "ADDL": 1, "II": 10.0},
        {"TIME": 5, "WT": 35.0}, {"TIME": 10, "WT": 35.0}, {"TIME": 15, "WT": 35.0},
    )  # fmt: skip
    first = 200 * (1 - math.exp(-0.5))
    second = first * math.exp(-0.25)
    third = second * math.exp(-0.25) + 400 * (1 - math.exp(-0.25))
    assert amounts(one(), rows) == pytest.approx([0, first, second, third], rel=1e-13)


def test_initial_values_are_those_of_the_row_that_begins() -> None:
    model = one(initial=lambda c: np.array([c["WT"]]))
    rows = rows_of(
        {"TIME": 0}, {"TIME": 1, "WT": 35.0}, {"TIME": 1, "EVID": 4, "AMT": 100, "WT": 140.0}
    )
    assert amounts(model, rows) == pytest.approx([70, 70 * math.exp(-0.1), 340], rel=1e-14)


def test_a_row_sees_its_own_occasion_which_lasts_until_the_next() -> None:
    """k = 0.1 in occasion 1 and 0.3 in occasion 2."""

    def bind(env: dict[str, Any]) -> dict[str, Any]:
        return env | {"k": env["k"] + env[f"kappa[k,{env['OCC']}]"]}

    model = one(
        bind=bind,
        system=lambda c: (np.array([[-c["k"]]]), np.zeros(1)),
        outputs=lambda c, y: [y[0] * c["k"]],
    )
    rows = rows_of(
        {"TIME": 0, "AMT": 100}, {"TIME": 0, "OCC": "2"}, {"TIME": 2, "OCC": "1"},
        {"TIME": 3, "OCC": None}, {"TIME": 4, "OCC": "2"},
    )  # fmt: skip
    found = amounts(model, rows, **{"k": 0.1, "kappa[k,1]": 0.0, "kappa[k,2]": 0.2})
    left = [100, 100, 100 * math.exp(-0.6), 100 * math.exp(-0.7), 100 * math.exp(-0.8)]
    exact = np.array(left) * [0.1, 0.3, 0.1, 0.1, 0.3]
    np.testing.assert_allclose(found, exact, rtol=1e-14)


def test_a_second_steady_state_brings_what_is_made_inside_again() -> None:
    """As in NONMEM: SS = 2 adds the steady state of the whole system, found from nothing."""
    rows = rows_of({"TIME": 0, "SS": 1}, {"TIME": 1, "SS": 2, "AMT": 100, "II": 4.0}, {"TIME": 2})
    last = 100 * math.exp(-0.4) / (1 - math.exp(-0.4))
    found = amounts(one(), rows, kin=3.0)
    assert found[:2] == pytest.approx([30, 30 + 30 + last + 100], rel=1e-13)
    assert found[2] == pytest.approx(30 + (30 + last + 100) * math.exp(-0.1), rel=1e-13)
