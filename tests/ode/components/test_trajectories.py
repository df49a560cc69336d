"""CL_i(t) = theta E_i(t) exp(eta_i): E given, sampled, or solved in the same system."""

import numpy as np
import pytest

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.ode.checking import check_model
from tests.ode.components.models import compose
from tests.ode.numeric import Numeric
from tests.program.studies import study_of

MODEL = """
title = "a clearance that follows an enzyme"
[equations]
text = "d(A)/dt = -CL * E * A / V; cp = A / V"
units = { A = "mg", cp = "mg/L" }
drug = { A = 1 }
eliminated = "CL * E * A / V"
[dose.iv]
to = "A"
[population]
CL = { typical = "lognormal(log(3), 0.5)", unit = "L/h", iiv = "lognormal" }
V = { typical = 20.0, unit = "L" }
[observe.cp]
value = "cp"
unit = "mg/L"
error = "proportional"
"""
JOINT = (
    MODEL
    + """
[trajectory.E]
mode = "joint"
value = "enzyme.E"
[qsp.enzyme]
template = "enzyme-turnover"
parameters = { kdeg = 0.1, signal = 1, EC50 = 1, Emin = 0.2 }
"""
)
FIXED = MODEL + '[trajectory.E]\nmode = "fixed"\nreference = 0.6\n'
UNCERTAIN = (
    MODEL
    + """
[trajectory.E]
mode = "uncertain"
knots = [0, 12, 36]
typical = "lognormal(log(1), 0.5)"
omega = "half_normal(0.3)"
error = { form = "lognormal", sigma = 0.1 }
"""
)
KNOTS = {"E_1": 1.0, "E_2": 0.7, "E_3": 0.4}


def test_joint_is_solved_with_everything_else() -> None:
    numeric = Numeric(compose(JOINT), {"CL": 3.0})
    times = np.array([0.0, 5.0, 20.0])
    states, _ = numeric.simulate(numeric.dosed(100.0), times)
    # E falls from 1 to 0.6 with 0.1 1/h, and the drug by the integral of it.
    area = 0.6 * times + 0.4 / 0.1 * (1 - np.exp(-0.1 * times))
    got = [numeric.outputs(t, y)[0] for t, y in zip(times, states, strict=True)]
    np.testing.assert_allclose(got, 5 * np.exp(-3 / 20 * area), rtol=1e-8)


def test_fixed_is_a_covariate_with_straight_lines() -> None:
    system = compose(FIXED)
    assert system.covariates[0].interpolation == "linear"
    off = Numeric(system, {"CL": 3.0}, {"E": 0.6})
    states, _ = off.simulate(off.dosed(100.0), np.array([0.0, 10.0]))
    assert off.outputs(10.0, states[-1])[0] == pytest.approx(5 * np.exp(-3 / 20 * 6), rel=1e-9)


@pytest.mark.parametrize(
    ("time", "value"), [(-5, 1.0), (0, 1.0), (6, 0.85), (12, 0.7), (30, 0.475), (50, 0.4)]
)
def test_uncertain_has_straight_lines_between_values_that_are_sampled(
    time: float, value: float
) -> None:
    numeric = Numeric(compose(UNCERTAIN), {"CL": 3.0, **KNOTS})
    assert float(numeric.table[symbol("E")].xreplace({TIME: time})) == pytest.approx(value)


def test_uncertain_is_sampled_and_observed_in_the_program() -> None:
    model = parse_model(UNCERTAIN)
    bound = bind_model(model, study_of(model))
    names = [*bound.coords["parameter"]] if "parameter" in bound.coords else []
    assert {"E_1", "E_2", "E_3"} <= set(names) | set(bound.program.split()), bound.coords


@pytest.mark.parametrize("text", [JOINT, FIXED, UNCERTAIN])
def test_each_passes_the_checks_and_survives_the_round_trip(text: str) -> None:
    model = parse_model(text)
    assert not [i for i in check_model(model) if i.severity == "error"]
    assert parse_model(format_model(model)) == model


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("knots = [0, 12, 36]", "knots = [0, 36, 12]", "trajectory.E.knots"),
        ('typical = "lognormal(log(1), 0.5)"', "", "trajectory.E.typical"),
        ('mode = "uncertain"', 'mode = "fixed"', "trajectory.E.knots"),
        ('mode = "uncertain"', 'mode = "joint"', "trajectory.E.value"),
        ("[observe.cp]", "[observe.E]", "observe.E"),
        ("V = {", "E_2 = {", "population.E_2"),
    ],
)
def test_a_trajectory_that_is_incomplete_is_refused(old: str, new: str, where: str) -> None:
    with pytest.raises(CheckError, match=where):
        parse_model(UNCERTAIN.replace(old, new))
