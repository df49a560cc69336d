"""Whole generated texts, to be read and reviewed like code. ``--update-golden`` writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.equations import emit_equations, emit_json, emit_latex
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.emit.stan_timeline import emit_stan_timeline
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.system import OdeSystem
from tests.emit.stanc import canonical
from tests.emit.systems import body, everything, one_compartment

GOLDEN = Path(__file__).parent / "golden"
SYSTEMS = {
    "one_compartment": one_compartment,
    "everything": everything,
    "body": lambda: body(3),
}


def stan(system: OdeSystem) -> str:
    ode = lower_system(system)
    text = emit_stan(ode, prefix="m") + emit_stan_timeline(ode, prefix="m")
    return canonical(f"functions {{\n{text}}}\n")


def header(system: OdeSystem) -> str:
    return emit_cpp(lower_system(system))


EMITTERS: dict[str, Callable[[OdeSystem], str]] = {
    "stan": stan,
    "hpp": header,
    "txt": emit_equations,
    "tex": emit_latex,
    "json": emit_json,
}


@pytest.mark.parametrize("suffix", sorted(EMITTERS))
@pytest.mark.parametrize("name", sorted(SYSTEMS))
def test_text_is_the_reviewed_one(name: str, suffix: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{name}.{suffix}"
    text = EMITTERS[suffix](SYSTEMS[name]())
    if request.config.getoption("--update-golden"):
        path.write_text(text)
    assert text == path.read_text(), f"{path} differs; review, then --update-golden"


def test_no_golden_file_is_left_over() -> None:
    known = {f"{name}.{suffix}" for name in SYSTEMS for suffix in EMITTERS}
    assert {p.name for p in GOLDEN.iterdir()} == known
