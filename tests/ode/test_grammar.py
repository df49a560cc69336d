"""The equation grammar: what it means, and that nothing else gets through."""

import math
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.expressions.grammar import Equations, parse_equations, parse_expression
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from tests.ode.expressions import NAMES, Node, expressions, values
from tests.ode.hostile import HOSTILE, HOSTILE_BLOCKS

MODEST = settings(derandomize=True, max_examples=150, deadline=None, database=None)


def evaluate(expr: sp.Expr, at: Mapping[str, float]) -> float:
    arguments = [symbol(name) for name in NAMES]
    plain = [sp.Symbol(f"a{i}", real=True) for i in range(len(NAMES))]
    renamed = expr.xreplace(dict(zip(arguments, plain, strict=True)))
    function = sp.lambdify(plain, renamed, modules="math")
    return float(function(*(at[name] for name in NAMES)))


def well_conditioned(node: Node, at: Mapping[str, float]) -> float:
    """Value of an expression; gives the example up where rounding alone would move it."""
    try:
        results = [
            node.value({name: value * (1 + shift) + shift for name, value in at.items()})
            for shift in (0.0, 1e-12, -1e-12)
        ]
    except (ValueError, ZeroDivisionError, OverflowError):
        assume(False)
    assume(max(results) - min(results) <= 1e-7 * max(1e-3, abs(results[0])))
    assume(abs(results[0]) < 1e100)
    return float(results[0])


OUT_OF_RANGE = re.compile(
    "not finite or not real|zero to a power|too large|more than|too many branches"
    "|inside a condition|division by zero|is not a finite number|the exponent is beyond"
    "|not a finite real number"
)


def _parse_unless_out_of_range(text: str) -> sp.Expr:
    """Parse; give the example up if it is refused for the size or the range of its numbers."""
    try:
        return parse_expression(text, where="test")
    except CheckError as error:
        if not OUT_OF_RANGE.search(error.issues[0].what):
            raise
    assume(False)
    return sp.Integer(0)


@MODEST
@given(expressions, values)
def test_expressions_mean_what_python_says(node: Node, at: dict[str, float]) -> None:
    expected = well_conditioned(node, at)
    expr = _parse_unless_out_of_range(node.text)
    assert evaluate(expr, at) == pytest.approx(expected, rel=1e-5, abs=1e-8), node.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x^2", -9.0), ("2^-x", 0.125), ("2^3^2", 512.0), ("-2^2", -4.0), ("x - 1 - 1", 1.0),
        ("12 / 2 / 3", 2.0), ("12 / 2 * 3", 18.0), ("1 if x < 2 else 5", 5.0),
        ("1 if 2 < x < 4 else 5", 1.0), ("1 if not x < 2 and x < 4 else 0", 1.0),
        ("piecewise(1, x < 1, 2, x < 4, 3)", 2.0), ("max(x, 1, 5, 2)", 5.0),
        ("min(x, 4)", 3.0), ("abs(1 - x)", 2.0), ("log10(1000)", 3.0), ("log2(8)", 3.0),
        ("sqrt(x + 6)", 3.0), ("1.5e1 + .5", 15.5), ("1e-400 * 0 + 1", None),
        ("x # a comment", 3.0), ("(x\n+ 1)", 4.0), ("x \\\n + 1", 4.0), ("+x", 3.0),
        ("1 if x == 3 else 0", 1.0), ("1 if x != 3 else 0", 0.0),
    ],
)  # fmt: skip
def test_known_values(text: str, expected: float | None) -> None:
    if expected is None:
        with pytest.raises(CheckError, match="outside the range of a double"):
            parse_expression(text, where="test")
    else:
        expr = parse_expression(text, where="test")
        assert float(expr.subs(symbol("x"), 3)) == pytest.approx(expected, rel=1e-14)


def test_numbers_are_exact_and_names_are_the_house_symbols() -> None:
    expr = parse_expression("0.1 * liver.C + t", where="test")
    assert expr == sp.Rational(1, 10) * symbol("liver.C") + TIME


def test_a_block_of_equations() -> None:
    block = parse_equations(
        """
        # target turnover
        bound = kon * R *
                C                     # goes on after an operator
        d(R)/dt = ksyn - kdeg*R - bound; R(0) = ksyn/kdeg
        d/dt(C) = -bound
        """,
        where="test",
    )
    assert list(block.derivatives) == ["R", "C"]
    assert list(block.assignments) == ["bound"]
    assert block.initials["R"] == symbol("ksyn") / symbol("kdeg")
    assert block.names_used == {"kon", "R", "C", "ksyn", "kdeg", "bound"}
    assert (block.positions["R"].line, block.positions["C"].line) == (5, 6)


def test_every_statement_of_a_block_is_checked() -> None:
    text = "a = 1 +\nb = sinn(x)\nc = (1\nd(e)/dt = 1\ne = 2\nz(0) = 1\nexp = 1\n1 = 2\n x y"
    with pytest.raises(CheckError) as caught:
        parse_equations(text, where="m")
    found = {(i.where.split(",")[1].strip(), i.what) for i in caught.value.issues}
    lines = [line for line, _ in found]
    assert {f"line {n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)} <= set(lines), sorted(found)
    remedies = [i.remedy for i in caught.value.issues]
    assert "did you mean sin?" in remedies
    assert any("second time" in what for _, what in found)


def test_messages_carry_line_and_column() -> None:
    with pytest.raises(CheckError) as caught:
        parse_equations("a = 1\nb = 2 + foo(3)", where="m")
    assert caught.value.issues[0].where == "m, line 2, column 9"


EVENTS: list[str] = []
_listening = False
FORBIDDEN = ("exec", "open", "import", "os.", "subprocess.", "socket.", "shutil.", "ctypes.",
             "pickle.", "code.__new__", "sys._getframe")  # fmt: skip


def _audit(event: str, arguments: Any) -> None:
    if _listening and event.startswith(FORBIDDEN):
        EVENTS.append(event)


sys.addaudithook(_audit)


@contextmanager
def nothing_happens(limit: float = 1.0) -> Iterator[None]:
    """Within a second, and nothing is run, opened or imported meanwhile."""
    global _listening
    EVENTS.clear()
    start = time.process_time()  # not the clock on the wall: the machine may be busy
    _listening = True
    try:
        yield
    finally:
        _listening = False
    assert time.process_time() - start < limit
    assert not EVENTS


def test_the_watch_sees_what_happens(tmp_path: Any) -> None:
    with pytest.raises(AssertionError), nothing_happens():
        (tmp_path / "x").write_text("x")


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Let SymPy import what it imports late before the watch begins."""
    for text in ("exp(x) + tanh(min(x, 1)) ^ 0.5", "log(2)^1.5 + sin(2)", "1 if x < 1 else abs(x)"):
        parse_expression(text, where="test")
    for text in ("foo(1)", "1 +", "((", "exp(1000)", "9^9^9"):
        with pytest.raises(CheckError):
            parse_expression(text, where="test")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_expressions_are_refused(text: str) -> None:
    with nothing_happens(), pytest.raises(CheckError) as caught:
        parse_expression(text, where="test")
    assert caught.value.issues[0].where.startswith("test, line")
    assert caught.value.issues[0].remedy
    assert len(str(caught.value)) < 5000


@pytest.mark.parametrize("text", HOSTILE_BLOCKS, ids=range(len(HOSTILE_BLOCKS)))
def test_hostile_blocks_are_refused(text: str) -> None:
    with nothing_happens(), pytest.raises(CheckError) as caught:
        parse_equations(text, where="test")
    assert len(str(caught.value)) < 20_000


ALPHABET = "xyAt0123456789.+-*/^<>=!(), \n;#\\_[]{}:@'\"eEé\u0445\x00\u2028"
WORDS = ("x", "liver.C", "t", "1", "2.5", "1e9", "0", "+", "-", "*", "/", "^", "**", "(", ")",
         ",", "<", "<=", "==", "if", "else", "and", "or", "not", "exp", "log", "min", "max",
         "abs", "piecewise", "sqrt", "tanh", "sin", "9", "99999", "\n", ";", "=", "lambda", ":=",
         "d(", "/dt", "(0)", "sin(", "exp(", "max(", "**-", "1e308", "1e-308", ".5")  # fmt: skip


def _parse_or_refuse(text: str) -> None:
    with nothing_happens(limit=2.0):
        try:
            result: Any = parse_expression(text, where="test")
        except CheckError:
            result = sp.Integer(0)
        try:
            block = parse_equations(text, where="test")
        except CheckError:
            block = Equations()
    assert isinstance(result, sp.Expr)
    assert all(isinstance(e, sp.Expr) for e in block.assignments.values())


@MODEST
@given(st.text(ALPHABET, max_size=60) | st.text(max_size=40))
def test_random_text_is_read_or_refused(text: str) -> None:
    _parse_or_refuse(text)


@MODEST
@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))
def test_random_words_are_read_or_refused(text: str) -> None:
    _parse_or_refuse(text)


@MODEST
@given(expressions, st.integers(0, 400), st.text(ALPHABET, min_size=1, max_size=2), st.booleans())
def test_damaged_expressions_are_read_or_refused(
    node: Node, place: int, piece: str, replace: bool
) -> None:
    cut = place % (len(node.text) + 1)
    _parse_or_refuse(node.text[:cut] + piece + node.text[cut + int(replace) :])


@MODEST
@given(expressions)
def test_what_is_read_is_finite_and_small(node: Node) -> None:
    try:
        expr = parse_expression(node.text, where="test")
    except CheckError:
        return
    assert not expr.has(sp.nan, sp.zoo, sp.oo, sp.I)
    assert all(math.isfinite(float(number)) for number in expr.atoms(sp.Number))
