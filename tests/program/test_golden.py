"""Whole programs of the library's models, to be read and reviewed like code.

``--update-golden`` writes them. The Stan backend differs in the solver's functions alone.
"""

from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.library import names
from pkqsp_bayes.program.bind import BindOptions, bind_model
from tests.emit.stanc import canonical, check
from tests.program.studies import study_of

GOLDEN = Path(__file__).parents[2] / "stan" / "programs"
EXTERNAL = "--allow-undefined"


@pytest.mark.parametrize("name", names())
def test_program_is_the_reviewed_one(name: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{name}.stan"
    model = pq.load_model(name)
    text = canonical(bind_model(model, study_of(model)).program, EXTERNAL)
    if request.config.getoption("--update-golden"):
        path.write_text(text)
    assert text == path.read_text(), f"{path} differs; review, then --update-golden"


@pytest.mark.parametrize("samples", [1, 30])
@pytest.mark.parametrize("name", names())
def test_stanc_accepts_without_warnings(name: str, samples: int) -> None:
    """Centred with thirty samples a subject, non-centred with one."""
    model = pq.load_model(name)
    check(bind_model(model, study_of(model, samples=samples)).program, EXTERNAL)


@pytest.mark.parametrize("name", names())
def test_backends_differ_in_the_solver_alone(name: str) -> None:
    model = pq.load_model(name)
    native, stan = (
        bind_model(model, study_of(model), options=BindOptions(backend=backend)).program
        for backend in ("native", "stan")
    )
    check(stan)
    mark = "// Individual parameters: one vector per subject."
    assert native.partition(mark)[2] == stan.partition(mark)[2] != ""


def test_no_program_is_left_over() -> None:
    known = {f"{name}.stan" for name in names()}
    assert {p.name for p in GOLDEN.glob("*.stan")} == known


def test_the_folder_says_that_it_is_generated() -> None:
    text = (GOLDEN / "README.md").read_text()
    assert "Do not edit" in text
    assert (
        f"python -m pytest {Path(__file__).relative_to(GOLDEN.parents[1])} --update-golden" in text
    )
