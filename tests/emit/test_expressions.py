"""Random expressions of the grammar and their derivatives have the same value in C++ as here."""

import ctypes
import random
import subprocess

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pkqsp_bayes.emit.printers import CppPrinter, StanPrinter
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.expressions.grammar import parse_expression
from pkqsp_bayes.ode.expressions.symbols import symbol
from tests.emit.expressions import (
    POINTS,
    VARIABLES,
    evaluate,
    random_expression,
    sample_expressions,
)
from tests.emit.stanc import check

COUNT = 60


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("expressions")
    printer = CppPrinter({symbol(v): f"v[{i}]" for i, v in enumerate(VARIABLES)})
    lines = [f"e[{i}] = {printer.text(e)};" for i, e in enumerate(sample_expressions(COUNT))]
    body = "\n".join(lines)
    code = f'#include <cmath>\nextern "C" void all(const double* v, double* e) {{\n{body}\n}}\n'
    (folder / "e.cpp").write_text(code)
    command = ["g++", "-std=c++17", "-O0", "-Wall", "-Werror", "-fPIC", "-shared"]
    command += [str(folder / "e.cpp"), "-o", str(folder / "e.so")]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return ctypes.CDLL(str(folder / "e.so"))


@pytest.mark.parametrize("point", POINTS)
def test_cpp_computes_what_the_grammar_says(library: ctypes.CDLL, point: tuple[float, ...]) -> None:
    found = np.zeros(2 * COUNT)
    at = np.array(point)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (at, found)]
    library.all(*pointers)
    exact = [evaluate(e, point) for e in sample_expressions(COUNT)]
    known = [i for i, e in enumerate(exact) if e is not None]
    assert len(known) > COUNT
    wanted = np.array([exact[i] for i in known], dtype=float)
    np.testing.assert_allclose(found[known], wanted, rtol=1e-9, atol=1e-12)


def test_stanc_accepts_all_of_them() -> None:
    printer = StanPrinter({symbol(v): f"v[{i}]" for i, v in enumerate(VARIABLES, start=1)})
    lines = [f"  e[{i + 1}] = {printer.text(e)};" for i, e in enumerate(sample_expressions(COUNT))]
    body = "\n".join(lines)
    check(f"functions {{ vector f(vector v) {{ vector[{2 * COUNT}] e;\n{body}\nreturn e; }} }}")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(min_value=0, max_value=10**6))
def test_everything_of_the_grammar_has_a_text(seed: int) -> None:
    try:
        expr = parse_expression(random_expression(random.Random(seed), 2), where="x")
    except CheckError:
        return
    for form in (expr, *(sp.diff(expr, symbol(v)) for v in VARIABLES)):
        for text in (CppPrinter().text(form), StanPrinter().text(form)):
            assert "Piecewise" not in text
            assert "//" not in text


@pytest.mark.parametrize("printer", [CppPrinter(), StanPrinter()])
def test_numbers_are_reals_in_the_range_of_a_double(printer: StanPrinter) -> None:
    assert printer.text(sp.Integer(3)) == "3.0"
    assert printer.text(sp.Rational(1, 3)) == "1.0/3.0"
    assert float(printer.text(sp.Integer(10) ** 40)) == 1e40
    assert float(printer.text(sp.Rational(1, 10**320))) == 1e-320
    assert float(printer.text(sp.E)) == pytest.approx(np.e, rel=1e-15)


@pytest.mark.parametrize("expr", [sp.oo, sp.nan, sp.zoo, sp.I, sp.Function("f")(symbol("x"))])
@pytest.mark.parametrize("printer", [CppPrinter(), StanPrinter()])
def test_what_has_no_text_is_refused(printer: StanPrinter, expr: sp.Expr) -> None:
    with pytest.raises(ValueError, match="cannot print"):
        printer.text(1 + expr if expr.is_Function else expr)


def test_choices_of_sympy_itself() -> None:
    x, y = symbol("x"), symbol("y")
    assert StanPrinter().text(sp.Max(x, y)) == "fmax(x, y)"
    assert StanPrinter().text(sp.Abs(x).diff(x)) == "(x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : 0.0))"
    assert "0.5" in CppPrinter().text(sp.Max(x, y).diff(x))
    with pytest.raises(ValueError, match="otherwise"):
        StanPrinter().text(sp.Piecewise((x, x > y)))


def test_a_power_of_a_choice_has_a_finite_derivative() -> None:
    expr = sp.diff(parse_expression("max(0, a - b)^0.75", where="x"), symbol("a"))
    assert evaluate(expr, (0.3, 1.7, 0.0)) == 0


def test_conditions_that_sympy_cannot_bring_into_form() -> None:
    expr = parse_expression("min(a - b, c.d - a) * a", where="x")
    assert evaluate(sp.diff(expr, symbol("a")), (0.3, 0.1, 2.0)) == pytest.approx(2 * 0.3 - 0.1)
