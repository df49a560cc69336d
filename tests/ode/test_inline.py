"""Long static helpers keep their names in the rows; the numbers are as if written out."""

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.lowering.inline import plan_inlining
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.lowering.lowered import LoweredOde
from tests.ode.components.models import compose
from tests.ode.numeric import Numeric

TEXT = """
title = "a base in a body of the library"
[drug]
name = "x"
fup = "fu"
BP = 0.9
logP = 2.5
pKa_base = [8.6]
[body]
species = "human"
source = "icrp89"
[body.covariates]
WT = { unit = "kg", reference = 73 }
HT = { unit = "cm", reference = 176 }
AAG = { unit = "g/L", interpolation = "locf", reference = 0.8 }
[partition]
method = "rodgers-rowland"
scale = "scale"
[binding.glycoprotein]
concentration = "AAG"
[elimination.kidneys]
GFR = "GFR"
[dose.iv]
to = "venous"
[population]
fu = { typical = 0.2, iiv = "logitnormal" }
scale = { typical = 1.1, iiv = "lognormal" }
[observe.cp]
value = "venous.Cp"
"""
PARAMETERS = {"fu": 0.15, "scale": 1.3}
COVARIATES = {"WT": 61.0, "HT": 168.0, "AAG": 1.7}


def known(parameters: dict[str, float]) -> dict[sp.Symbol, float]:
    fixed = {symbol(name): COVARIATES[name] for name in ("WT", "HT")}
    moving = {symbol("AAG@intercept"): COVARIATES["AAG"], symbol("AAG@slope"): 0.0}
    return {symbol(n): v for n, v in parameters.items()} | fixed | moving


def coefficients(lowered: LoweredOde, parameters: dict[str, float]) -> dict[sp.Symbol, sp.Expr]:
    """Return the value of each coefficient, stage by stage."""
    values: dict[sp.Symbol, sp.Expr] = dict(known(parameters))
    for c in lowered.coefficients:
        values[c.symbol] = c.expr.xreplace(values)
    return values


@pytest.fixture(scope="module")
def lowered() -> LoweredOde:
    return lower_system(compose(TEXT))


def test_some_helpers_are_long_and_most_are_not() -> None:
    plan = plan_inlining(compose(TEXT))
    assert any(name.name.startswith("body.part") for name in plan.subject)
    assert symbol("liver.Kp") in plan.later
    assert symbol("liver.C") in plan.rows


def test_rows_are_those_of_the_written_out_system(lowered: LoweredOde) -> None:
    numeric = Numeric(compose(TEXT), PARAMETERS, COVARIATES)
    y = np.random.default_rng(1).uniform(0.1, 9, len(lowered.states))
    values = coefficients(lowered, PARAMETERS)
    values |= {symbol(name): v for name, v in zip(lowered.states, y, strict=True)}
    rows = [float(row.xreplace(values)) for row in lowered.rhs.values]
    np.testing.assert_allclose(rows, numeric.rhs(0.0, y), rtol=1e-10, atol=1e-9)


def test_gradients_of_coefficients_are_differences(lowered: LoweredOde) -> None:
    values, step = coefficients(lowered, PARAMETERS), 1e-6
    for j, name in enumerate(lowered.parameters):
        up = coefficients(lowered, {**PARAMETERS, name: PARAMETERS[name] + step})
        down = coefficients(lowered, {**PARAMETERS, name: PARAMETERS[name] - step})
        for c in lowered.coefficients:
            found = float(sp.sympify(dict(c.gradient).get(j, 0)).xreplace(values))
            difference = float(up[c.symbol] - down[c.symbol]) / (2 * step)
            assert found == pytest.approx(difference, rel=1e-5, abs=1e-7)


def test_what_a_choice_guards_is_written_out_in_it() -> None:
    long = " + ".join(f"log(k + {i})" for i in range(40))
    text = f"""
title = "guarded"
[equations]
text = "b = {long}; d(A)/dt = -piecewise(b, k > 0, 1) * A; A(0) = 1"
[population]
k = {{ typical = 1.0, iiv = "normal" }}
[observe.a]
value = "A"
"""
    made = lower_system(compose(text))
    logs = [c for c in made.coefficients if c.expr.has(sp.log)]
    assert all(c.expr.has(sp.Piecewise) for c in logs)
