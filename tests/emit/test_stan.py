"""The Stan text: accepted by stanc without warnings, for every system, solver and hostile name."""

import pytest
import sympy as sp

from pkqsp_bayes import library
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.emit.stan_timeline import SOLVERS, emit_stan_timeline
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.interface import Parameter
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem, Output, State
from tests.emit.stanc import check
from tests.emit.systems import body, everything, one_compartment

BARE = OdeSystem(
    title="no dose, no output, no parameter",
    states=(State(name="a", rhs=-symbol("a")),),
    parameters=(),
)


def functions(system: OdeSystem, prefix: str = "m", solver: str = "bdf") -> str:
    ode = lower_system(system)
    text = emit_stan(ode, prefix=prefix) + emit_stan_timeline(ode, prefix=prefix, solver=solver)
    return f"functions {{\n{text}}}\n"


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_of_stan(solver: str) -> None:
    check(functions(everything(), solver=solver))


@pytest.mark.parametrize("system", [one_compartment(), body(4), BARE], ids=lambda s: s.title)
def test_stanc_accepts_without_warnings(system: OdeSystem) -> None:
    check(functions(system))


@pytest.mark.parametrize("name", library.names())
def test_stanc_accepts_every_model_of_the_library(name: str) -> None:
    check(functions(compose_model(library.load_model(name))))


def test_an_unknown_solver_is_refused() -> None:
    with pytest.raises(ValueError, match="use one of bdf"):
        emit_stan_timeline(lower_system(body(2)), prefix="m", solver="euler")


def test_event_times_are_data_unless_a_parameter_moves_them() -> None:
    assert "data real t0" in functions(body(3))
    assert "data real t0" not in functions(one_compartment())


@pytest.mark.parametrize(
    "name", ["beta", "lag", "rate", "T", "exp2", "sum", "normal", "s", "c", "tuple", "fatal_error"]
)
def test_names_that_stan_knows(name: str) -> None:
    state = symbol("A0")
    parameter = symbol(name)
    system = OdeSystem(
        title="names",
        states=(State(name="A0", rhs=-parameter * state + sp.exp(-state)),),
        parameters=(Parameter(name=name),),
        outputs=(Output(name="o", expr=state),),
        doses=(DoseTarget(name="A0", state="A0", lag=parameter),),
    )
    check(functions(system))
