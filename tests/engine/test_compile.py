"""Compilation of programs: cached by content; errors show the output of the compilers."""

import pytest

from pkqsp_bayes.engine.compile import compile_program, load_program
from pkqsp_bayes.errors import ToolchainError

PROGRAM = "functions { real twice(real x); }\nparameters { real x; }\n"
PROGRAM += "model { x ~ normal(twice(1.5), 2); }\n"
HEADER = """
template <class T>
T twice(const T& x, std::ostream*) { return FACTOR * x; }
"""


def test_a_user_header_is_part_of_what_is_compiled() -> None:
    two = load_program(PROGRAM, user_header="#define FACTOR 2" + HEADER, name="twice")
    six = load_program(PROGRAM, user_header="#define FACTOR 6" + HEADER, name="twice")
    assert two.exe_file != six.exe_file
    means = []
    for model in (two, six):
        fit = model.sample(chains=1, seed=1, iter_sampling=2000, show_progress=False)
        means.append(fit.stan_variable("x").mean())
    assert abs(means[0] - 3) < 0.3
    assert abs(means[1] - 9) < 0.3


def test_the_same_program_is_compiled_once() -> None:
    header = "#define FACTOR 2" + HEADER
    first = compile_program(PROGRAM, user_header=header, name="twice")
    changed = first.stat().st_mtime_ns
    assert compile_program(PROGRAM, user_header=header, name="twice") == first
    assert first.stat().st_mtime_ns == changed
    assert first.with_suffix(".stan").read_text() == PROGRAM


def test_an_error_of_the_program_names_the_line() -> None:
    with pytest.raises(ToolchainError, match="line 1"):
        compile_program("parameters { real x }", name="wrong")


def test_an_error_of_the_header_is_shown() -> None:
    with pytest.raises(ToolchainError, match="no_such_thing"):
        compile_program(PROGRAM, user_header="no_such_thing here;", name="twice")
