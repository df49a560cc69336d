"""Every library model: it is complete, passes the checks, and conserves drug in simulation."""

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.library import names, path
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.lowering.lower import covariate_symbols, lower_system
from pkqsp_bayes.ode.lowering.lowered import Stage
from pkqsp_bayes.spec.reading.toml import read_model
from tests.ode.checking import check_model
from tests.ode.numeric import Numeric

HORIZON = {"tmdd-antibody": 500.0, "mab-tmdd": 500.0, "myelosuppression": 300.0, "warfarin": 120.0}


def test_the_promised_models_are_there() -> None:
    promised = {"mavoglurant", "one-compartment", "theophylline", "warfarin", "tmdd-antibody"}
    assert promised <= set(names())


def test_an_unknown_model_is_refused_with_a_suggestion() -> None:
    with pytest.raises(CheckError, match="did you mean warfarin"):
        path("warfrin")


@pytest.mark.parametrize("name", names())
def test_model_states_its_source_and_passes_all_checks(name: str) -> None:
    spec = read_model(path(name))
    assert spec.source
    assert check_model(spec) == []


@pytest.mark.parametrize("name", names())
def test_drug_is_conserved_in_simulation(name: str) -> None:
    system = compose_model(read_model(path(name)))
    model = Numeric(system)
    times = np.linspace(0, HORIZON.get(name, 48.0), 25)
    holds = {s.name for s in system.states if s.drug != 0}
    doses = [(target, dose) for target, dose in enumerate(system.doses) if dose.state in holds]
    assert doses
    for target, dose in doses:
        start = model.dosed(100.0, target)
        given = 100.0 * float(dose.bioavailability.xreplace(model.table))
        assert model.drug(0.0, start) == pytest.approx(given, rel=1e-12)
        states, lost = model.simulate(start, times)
        total = [model.drug(t, y) for t, y in zip(times, states, strict=True)] + lost
        np.testing.assert_allclose(total, given, rtol=1e-10)
        assert lost[-1] > 0.01 * given


@pytest.mark.parametrize("name", names())
def test_lowered_form_has_the_numbers_of_the_equations(name: str) -> None:
    system = compose_model(read_model(path(name)))
    lowered, model = lower_system(system), Numeric(system)
    at = {symbol(s): model.table[symbol(s)] for s in lowered.parameters}
    at |= {symbol(c): model.table[symbol(c)] for c in lowered.fixed_covariates}
    for c in lowered.varying_covariates:
        intercept, slope = covariate_symbols(c.name)
        at |= {intercept: model.table[symbol(c.name)], slope: sp.Integer(0)}
    for c in sorted(lowered.coefficients, key=lambda c: list(Stage).index(c.stage)):
        at[c.symbol] = c.expr.xreplace(at)
    y = np.random.default_rng(3).uniform(0.1, 5, len(lowered.states))
    at |= {symbol(s): sp.Float(v) for s, v in zip(lowered.states, y, strict=True)}
    values = [float(sp.N(e.xreplace(at).xreplace(at))) for e in lowered.rhs.values]
    np.testing.assert_allclose(values, model.rhs(0.0, y), rtol=1e-9, atol=1e-9)
    assert emit_stan(lowered, prefix="library")
    assert emit_cpp(lowered)


@pytest.mark.parametrize("name", names())
def test_every_parameter_moves_an_output(name: str) -> None:
    lowered = lower_system(compose_model(read_model(path(name))))
    moved = {j for c in lowered.coefficients for j, _ in c.gradient}
    assert moved == set(range(len(lowered.parameters)))
