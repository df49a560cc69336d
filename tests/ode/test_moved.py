"""Parameters that move within a subject: what they are at each time, against plain numbers."""

import math

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.checks import check_system
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.reading.toml import parse_model

TEXT = """
title = "moved"
[covariates]
CRP = { unit = "mg/L", interpolation = "locf", reference = 5 }
ALB = { unit = "g/L", interpolation = "linear", reference = 45 }
DIET = { category = true, levels = { fed = 1, fasted = 0 }, interpolation = "nocb" }
[equations]
text = "d(A)/dt = -CL / V * A - k0 * F"
units = { A = "mg" }
[dose.iv]
to = "A"
bioavailability = "F"
[population]
k0 = { typical = 1.0, unit = "mg/h", iov = "normal" }
F = { typical = 0.4, iov = "logitnormal", lower = 0.1, upper = 0.9 }
[population.CL]
typical = 3.0
unit = "L/h"
iov = "lognormal"
covariates = { CRP = "power(normal(-0.2, 0.1), 5)", ALB = "linear(0.01)" }
[population.V]
typical = 30.0
unit = "L"
covariates = { ALB = "exponential(normal(0, 0.1), 40)", DIET = "categorical(fed = 0.3)" }
[observe.A_out]
value = "A"
"""
OCCASIONS = ("1", "2")
VALUES = {
    "CL": 2.5, "V": 28.0, "k0": 0.7, "F": 0.35, "beta[CL,CRP]": -0.3, "beta[V,ALB]": 0.02,
    "kappa[CL,1]": 0.5, "kappa[CL,2]": -0.25, "kappa[k0,1]": 0.1, "kappa[k0,2]": 0.2,
    "kappa[F,1]": -0.4, "kappa[F,2]": 0.6, "CRP": 20.0, "ALB": 33.0, "DIET": 1.0,
    "occasion[1]": 0.0, "occasion[2]": 1.0,
}  # fmt: skip


def composed(text: str = TEXT) -> OdeSystem:
    return compose_model(parse_model(text), occasions=OCCASIONS)


def value_of(system: OdeSystem, name: str) -> float:
    table: dict[sp.Symbol, sp.Expr] = {symbol(n): sp.Float(v) for n, v in VALUES.items()}
    table |= {symbol(p.name): sp.Float(p.value) for p in system.parameters
              if symbol(p.name) not in table}  # fmt: skip
    for a in system.assignments:
        table[symbol(a.name)] = a.expr.xreplace(table)
    return float(table[symbol(name)].doit())


def test_each_form_is_what_it_says() -> None:
    system = composed()
    clearance = 2.5 * (20 / 5) ** -0.3 * (1 + 0.01 * (33 - 45)) * math.exp(-0.25)
    share = (0.35 - 0.1) / 0.8
    logit = math.log(share / (1 - share)) + 0.6
    expected = {
        "CL@now": clearance,
        "V@now": 28 * math.exp(0.02 * (33 - 40) + 0.3),
        "k0@now": 0.7 + 0.2,
        "F@now": 0.1 + 0.8 / (1 + math.exp(-logit)),
    }
    found = {name: value_of(system, name) for name in expected}
    assert found == pytest.approx(expected, rel=1e-12)


def test_equations_and_doses_read_what_moves() -> None:
    system = composed()
    assert {s.name for s in system.states[0].rhs.free_symbols} == {
        "A", "CL@now", "V@now", "k0@now", "F@now",
    }  # fmt: skip
    inlined = {symbol(a.name): a.expr for a in system.assignments}
    assert inlined[symbol("iv.F")] == symbol("F@now")
    assert check_system(parse_model(TEXT), system) == []


def test_numbers_need_no_sensitivities() -> None:
    lowered = lower_system(composed())
    betas = [name for name in lowered.parameters if name.startswith("beta")]
    assert betas == ["beta[CL,CRP]", "beta[V,ALB]"]
    plain = compose_model(parse_model(TEXT))
    assert not any("kappa" in p.name for p in plain.parameters), "no occasions, no deviations"
    assert np.all([c.interpolation != "fixed" for c in lowered.varying_covariates])


def test_a_link_drives_what_moves() -> None:
    """``base`` is the parameter as it moves, not its constant part."""
    text = TEXT.replace("[dose.iv]", '[[link]]\ntarget = "CL"\nvalue = "2 * base"\n[dose.iv]')
    system = composed(text)
    driven = {symbol(a.name): a.expr for a in system.assignments}[symbol("CL.driven")]
    assert driven == 2 * symbol("CL@now")
    assert symbol("CL.driven") in system.states[0].rhs.free_symbols


def test_a_level_without_a_code_is_refused() -> None:
    text = TEXT.replace("levels = { fed = 1, fasted = 0 }, ", "")
    with pytest.raises(CheckError) as caught:
        composed(text)
    assert "DIET has no level 'fed'" in str(caught.value)
