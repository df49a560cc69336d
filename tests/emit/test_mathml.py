"""MathML of a system: well-formed, with the user's names and numbers."""

import xml.etree.ElementTree as ET

import pytest
import sympy as sp

import pkqsp_bayes as pq
from pkqsp_bayes.emit.mathml import emit_mathml, format_equations
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.system import Assignment, OdeSystem

x, liver = symbol("x"), symbol("liver.C")


def printed(expr: sp.Expr) -> ET.Element:
    helper = Assignment(name="kappa[CL,2]", expr=expr, unit="mg/L")
    system = OdeSystem(title="a < b", states=(), parameters=(), assignments=(helper,))
    return ET.fromstring(format_equations(system)[0].mathml)


def words(expr: sp.Expr) -> str:
    """The text of the right-hand side, without its layout."""
    return "".join(printed(expr).itertext()).partition("=")[2]


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (sp.Float(0.0281) * x, "0.0281·x"),
        (sp.Rational(281, 10000) * x, "0.0281·x"),
        (x / 3, "x3"),
        (sp.Float(3e-9) * x, "3·10\N{MINUS SIGN}9·x"),
        (sp.exp(-x) + TIME, "t+exp(-x)"),
        (sp.Max(x, 0), "max(0,x)"),
        (liver, "Cliver"),
        (sp.Piecewise((x, (x > 1) & (x <= 2)), (sp.log(x), True)), "{xif"),
    ],
)
def test_expressions(expr: sp.Expr, text: str) -> None:
    assert text in words(expr).replace(" ", "")


def test_conditions_are_escaped() -> None:
    assert {"<", "≥"} <= set(words(sp.Piecewise((1, x < 1), (2, x >= 3), (3, True))))
    assert "otherwise" in words(sp.Piecewise((1, x < 1), (3, True)))


def test_an_organ_and_an_occasion_are_indices() -> None:
    found = printed(liver).findall(".//msub")
    assert [[part.text for part in sub] for sub in found] == [["κ", "CL,2"], ["C", "liver"]]


@pytest.mark.parametrize("name", ["one-compartment", "myelosuppression", "theophylline"])
def test_library_models_are_well_formed_and_whole(name: str) -> None:
    system = compile_model(pq.load_model(name)).system
    equations = format_equations(system)
    for equation in equations:
        ET.fromstring(equation.mathml)
    states = {e.name for e in equations if e.part == "derivative"}
    assert states == {s.name for s in system.states}
    assert emit_mathml(system).count("<math") == len(equations)
