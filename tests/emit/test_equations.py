"""Equations, LaTeX and JSON: what is printed is what the grammar reads, and all is there."""

import json
import random
import re

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pkqsp_bayes.emit.equations import emit_equations, emit_json, emit_latex
from pkqsp_bayes.emit.printers import GrammarPrinter
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.expressions.grammar import parse_equations, parse_expression
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import OdeSystem
from tests.emit.expressions import POINTS, VARIABLES, evaluate, random_expression
from tests.emit.systems import body, everything, one_compartment

SYSTEMS = [one_compartment(), everything(), body(3)]


def undotted(text: str) -> str:
    """Names of a flat system have dots, which a model file gives to components alone."""
    return re.sub(r"([A-Za-z]\w*)\.(?=[A-Za-z])", r"\1_", text)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.title)
def test_printed_equations_read_back(system: OdeSystem) -> None:
    read = parse_equations(undotted(emit_equations(system)), where="printed")
    assert list(read.derivatives) == [undotted(s.name) for s in system.states]
    assert {o.name for o in system.outputs} <= set(read.assignments)
    for state in system.states:
        plain = {s: symbol(undotted(s.name)) for s in state.rhs.free_symbols}
        difference = read.derivatives[undotted(state.name)] - state.rhs.xreplace(plain)
        point = {s: sp.Float(0.3 + 0.1 * i) for i, s in enumerate(difference.free_symbols)}
        assert abs(difference.evalf(20, subs=point)) < 1e-15


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.title)
def test_json_holds_every_expression(system: OdeSystem) -> None:
    record = json.loads(emit_json(system))
    texts = [s[k] for s in record["states"] for k in ("derivative", "initial")]
    texts += [o["value"] for o in (*record["outputs"], *record["assignments"])]
    texts += [d[k] for d in record["doses"] for k in ("factor", "bioavailability", "lag")]
    for text in texts:
        parse_expression(text, where="json")


def test_modelled_rate_and_duration_are_printed() -> None:
    assert "rate = 2*Vmax, duration = Km + WT/70" in emit_equations(everything())
    assert json.loads(emit_json(everything()))["doses"][0]["rate"] == "2*Vmax"


def test_latex_has_one_row_an_equation() -> None:
    assert emit_latex(one_compartment()).count("&=") == 5


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(min_value=0, max_value=10**6))
def test_grammar_text_means_the_same(seed: int) -> None:
    """Random expressions and their derivatives, printed and read again."""
    try:
        expr = parse_expression(random_expression(random.Random(seed), 2), where="x")
    except CheckError:
        return  # refused, which has its own tests
    for form in (expr, *(sp.diff(expr, symbol(v)) for v in VARIABLES)):
        again = parse_expression(GrammarPrinter().text(form), where="again")
        for point in POINTS:
            first, second = evaluate(form, point), evaluate(again, point)
            assert (first is None) == (second is None)
            assert first is None or first == pytest.approx(second, rel=1e-9, abs=1e-12)
