"""Absorption, elimination, dosing, the antibody: against closed forms and numbers."""

import math

import numpy as np
import pytest

from pkqsp_bayes.library import path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.spec.model import dose_numbers
from pkqsp_bayes.spec.reading.toml import parse_model, read_model
from tests.ode.components.models import BODY, compose
from tests.ode.components.test_organs import derivative, state_of
from tests.ode.numeric import Numeric

SINK = """
title = "absorption into a sink"
[equations]
text = "d(central)/dt = 0"
units = { central = "mg" }
drug = { central = 1 }
eliminated = 0
"""


def arrived(text: str, times: np.ndarray) -> np.ndarray:
    model = Numeric(compose(SINK + text))
    states, _ = model.simulate(model.dosed(1.0), times)
    return states[:, [s.name for s in model.system.states].index("central")]


def test_first_order_absorption() -> None:
    times = np.array([0.5, 2.0])
    got = arrived('[absorption.oral]\ninto = "central"\nka = 0.9\n', times)
    np.testing.assert_allclose(got, 1 - np.exp(-0.9 * times), rtol=1e-9)


def test_transit_chain_is_an_erlang_distribution() -> None:
    # n + 1 = 4 steps of rate 4 / MTT: P(arrived) = 1 - sum exp(-kt) (kt)^i / i!
    times, k = np.array([0.5, 1.5, 4.0]), 4 / 1.5
    got = arrived(
        '[absorption.oral]\nkind = "transit"\ninto = "central"\nn = 3\nMTT = 1.5\n', times
    )
    tail = sum((k * times) ** i / math.factorial(i) for i in range(4)) * np.exp(-k * times)
    np.testing.assert_allclose(got, 1 - tail, rtol=1e-8)


def test_transit_chain_ends_in_the_absorption_compartment_if_ka_is_stated() -> None:
    # One step of rate 1 / MTT and one of ka: the sum of two exponentials.
    times, k, ka = np.array([0.5, 2.0]), 1 / 0.7, 1.3
    got = arrived(
        '[absorption.oral]\nkind = "transit"\ninto = "central"\nn = 0\nMTT = 0.7\nka = 1.3\n', times
    )
    expected = 1 - (ka * np.exp(-k * times) - k * np.exp(-ka * times)) / (ka - k)
    np.testing.assert_allclose(got, expected, rtol=1e-8)


def test_gut_lumen_absorbs_by_permeability_and_loses_the_rest() -> None:
    text = """[absorption.oral]
kind = "gut-lumen"
into = "central"
volume = 0.25
PS = 0.5
k_transit = 1
segments = 3
"""
    model = Numeric(compose(SINK + text))
    states, lost = model.simulate(model.dosed(1.0), np.array([60.0]))
    # In each segment PS/V = 2 competes with the transit of 1: a third passes on.
    assert lost[-1] == pytest.approx((1 / 3) ** 3, rel=1e-7)
    assert model.drug(0, states[-1]) + lost[-1] == pytest.approx(1, rel=1e-10)


def test_zero_order_route_is_a_target_with_a_modelled_duration() -> None:
    system = compose(
        SINK + '[absorption.oral]\nkind = "zero-order"\ninto = "central"\nduration = 2\n'
    )
    dose = system.doses[0]
    assert (dose.name, dose.state) == ("oral", "central")
    assert dose.duration is not None
    assert float(dose.duration.xreplace(Numeric(system).table)) == 2


def test_doses_are_numbered_in_the_order_of_the_file_then_routes() -> None:
    text = BODY + '[absorption.oral]\ninto = "gut"\nka = 1\n[absorption.pr]\ninto = "gut"\nka = 2\n'
    spec = parse_model(text, where="m")
    assert dose_numbers(spec) == {"iv": 1, "oral": 2, "pr": 3}
    spec = parse_model(text.replace('to = "venous"', 'to = "venous"\ncmt = 3'), where="m")
    assert dose_numbers(spec) == {"oral": 1, "pr": 2, "iv": 3}
    assert [d.name for d in compose_model(spec).doses] == ["oral", "pr", "iv"]


def test_a_dose_to_a_route_takes_the_place_of_the_route() -> None:
    text = BODY + '[absorption.oral]\ninto = "gut"\nka = 1\nbioavailability = 0.7\nlag = 0.2\n'
    text += '[dose.tablet]\nto = "oral"\nlag = 0.5\n'
    system = compose(text)
    assert [d.name for d in system.doses] == ["iv", "tablet"]
    table = Numeric(system).table
    tablet = system.doses[1]
    assert tablet.state == "oral.A"
    assert float(tablet.bioavailability.xreplace(table)) == pytest.approx(0.7)
    assert float(tablet.lag.xreplace(table)) == pytest.approx(0.5)


def test_dose_units_are_converted_through_the_molar_mass() -> None:
    system = compose(BODY.replace('to = "venous"', 'to = "venous"\nunit = "umol"'))
    assert float(system.doses[0].factor.xreplace(Numeric(system).table)) == pytest.approx(0.5)
    system = compose(BODY.replace('to = "venous"', 'to = "venous"\nunit = "ug"'))
    assert float(system.doses[0].factor) == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("driving", "expected"),
    [("tissue", 1.0), ("unbound", 0.2 / 5), ("emergent", 0.8 / 5)],
)
def test_linear_elimination_by_its_driving_concentration(driving: str, expected: float) -> None:
    plain = Numeric(compose(BODY))
    text = BODY + f'[elimination.liver]\nCLint = 13\ndriving = "{driving}"\n'
    model = Numeric(compose(text))
    y = state_of(model, liver=1.8)
    loss = derivative(plain, "liver.A", y) - derivative(model, "liver.A", y)
    assert loss == pytest.approx(13 * expected, rel=1e-12)


def test_michaelis_menten() -> None:
    plain = Numeric(compose(BODY))
    model = Numeric(compose(BODY + "[elimination.liver]\nVmax = 6\nKm = 2\n"))
    y = state_of(model, liver=1.8 * 3)
    loss = derivative(plain, "liver.A", y) - derivative(model, "liver.A", y)
    assert loss == pytest.approx(6 * 3 / (2 + 3), rel=1e-12)


def test_filtration_takes_fu_gfr_of_the_plasma_that_enters() -> None:
    plain = Numeric(compose(BODY))
    text = BODY + '[elimination.renal]\norgan = "kidney"\nGFR = { value = 120, unit = "mL/min" }\n'
    model = Numeric(compose(text))
    y = state_of(model, arterial=4.0)
    loss = derivative(plain, "kidney.A", y) - derivative(model, "kidney.A", y)
    assert loss == pytest.approx(0.2 * 7.2 * (4 / 2) / 0.8, rel=1e-12)


def test_filtration_alone_from_plasma_is_fu_gfr() -> None:
    # The limiting case of the text: drug confined to plasma, CL = fu GFR (0.1 * 7.5 = 0.75 L/h).
    text = """
title = "plasma alone"
[drug]
name = "x"
fup = 0.1
[body]
basis = "plasma"
[pools.blood]
volume = 3
[elimination.renal]
organ = "blood"
GFR = { value = 125, unit = "mL/min" }
[dose.iv]
to = "blood"
"""
    model = Numeric(compose(text))
    assert derivative(model, "blood.A", state_of(model, blood=3.0)) == pytest.approx(-0.75)


ANTIBODY = """
title = "minimal PBPK"
[antibody]
plasma_volume = 2.6
interstitial_volume = 15.6
lymph_volume = 2.6
lymph_flow = { value = 2.9, unit = "L/day" }
sigma_tight = 0.883
sigma_leaky = 0.524
[dose.iv]
to = "plasma"
"""


def test_antibody_tissues_reach_the_ratios_of_the_algebra() -> None:
    # ../shared/reference/biologics/biologics.toml [cao2013_minimal_pbpk.derived_here]
    model = Numeric(compose(ANTIBODY))
    states, _ = model.simulate(model.dosed(100.0), np.array([20000.0]))
    plasma, tight, leaky, lymph = states[-1]
    assert tight / plasma == pytest.approx(0.14625, rel=1e-6)
    assert leaky / plasma == pytest.approx(0.595, rel=1e-6)
    assert lymph / plasma == pytest.approx(0.35753, rel=1e-4)
    assert 100 / plasma == pytest.approx(7.315, rel=1e-3)


def test_antibody_clearance_from_plasma_and_tissue() -> None:
    plain = Numeric(compose(ANTIBODY))
    text = ANTIBODY.replace("[dose.iv]", "CL_plasma = 0.03\nCL_tissue = 0.01\n[dose.iv]")
    model = Numeric(compose(text))
    y = np.array([5.0, 2.0, 3.0, 1.0])
    change = plain.rhs(0, y) - model.rhs(0, y)
    volumes = [2.6, 0.65 * 15.6 * 0.8, 0.35 * 15.6 * 0.8]
    expected = [0.03 * 5 / volumes[0], 0.01 * 2 / volumes[1], 0.01 * 3 / volumes[2], 0]
    np.testing.assert_allclose(change, expected, rtol=1e-10, atol=1e-14)


def test_transit_model_of_the_library_has_its_mean_arrival_time() -> None:
    system = compose_model(read_model(path("transit-absorption")))
    model = Numeric(system, {"MTT": 1.2, "ka": 2.0, "CL": 1e-9, "V": 1.0})
    times = np.linspace(0, 40, 8001)
    states, _ = model.simulate(model.dosed(1.0), times, rtol=1e-9)
    central = states[:, [s.name for s in system.states].index("central")]
    mean = np.trapezoid(1 - central, times)
    assert mean == pytest.approx(1.2 + 1 / 2.0, rel=1e-4)
