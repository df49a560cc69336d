"""Helpers that each read the one before it: as long as their text, right in every derivative."""

import time

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.ode.checks import check_model
from pkqsp_bayes.ode.lowered import LoweredOde, SparseMap
from pkqsp_bayes.ode.numeric import Known, evaluate
from pkqsp_bayes.ode.ready import ready_model
from pkqsp_bayes.ode.symbols import TIME, symbol
from pkqsp_bayes.spec.toml import parse_model
from tests.emit.stanc import check

BODIES = {
    "hill": "{a} / (1 + {a})",
    "max": "max({a}, 2 * {a} - 1)",
    "exp": "{a} * exp(-{a} / 10)",
    "choice": "{a} / 2 + 0.3 if {a} > 1 else {a} * {a}",
    "power": "sqrt(1 + {a} * {a})",
}
PYTHON = {
    "hill": lambda a: a / (1 + a),
    "max": lambda a: np.maximum(a, 2 * a - 1),
    "exp": lambda a: a * np.exp(-a / 10),
    "choice": lambda a: np.where(a > 1, a / 2 + 0.3, a * a),
    "power": lambda a: np.sqrt(1 + a * a),
}


def chain(kind: str, n: int, first: str = "A * k", row: str = "-k * A") -> str:
    lines = [f"a0 = {first}"]
    lines += [f"a{i} = " + BODIES[kind].format(a=f"a{i - 1}") for i in range(1, n)]
    text = "\n".join(lines)
    rate = row.replace("LAST", f"a{n - 1}")
    return f'''
title = "chain"
[equations]
text = """
d(A)/dt = {rate}
A(0) = 10
{text}
"""
[dose.iv]
to = "A"
[population]
k = {{ typical = "lognormal(0, 1)" }}
[observe.y]
value = "a{n - 1} + A"
'''


@pytest.mark.parametrize(
    ("kind", "n", "first", "row"),
    [
        ("hill", 30, "A", "-k * A"),
        ("max", 12, "A", "-k * A"),
        ("exp", 30, "A", "-k * LAST"),
        ("choice", 20, "A + t", "-k * LAST"),
        ("hill", 30, "k", "-LAST * A"),
        ("max", 12, "k", "-LAST * A"),
        ("power", 200, "A", "-k * A"),
    ],
)
def test_a_chain_costs_what_its_text_costs(kind: str, n: int, first: str, row: str) -> None:
    """Written out they have 2^30, 4^12, ... parts."""
    model = parse_model(chain(kind, n, first, row))
    began = time.process_time()
    assert not [i for i in check_model(model) if i.severity == "error"]
    ready = ready_model(model)
    header, functions = emit_cpp(ready.lowered), emit_stan(ready.lowered, prefix="m")
    assert time.process_time() - began < 10.0
    assert max(len(header), len(functions)) < 4000 * n


class _Numbers:
    """The maps of a lowered system at a point, links and coefficients worked out in order."""

    def __init__(self, ode: LoweredOde, A: float, k: float, t: float) -> None:
        self.ode = ode
        self.known: Known = {symbol("A"): np.asarray(A), symbol("k"): np.asarray(k)}
        self.known[TIME] = np.asarray(t)
        static = {c.symbol: c.expr for c in ode.coefficients}
        waiting = {**static, **ode.links}
        while waiting:
            for name in [s for s, e in waiting.items() if e.free_symbols <= set(self.known)]:
                self.known[name] = evaluate(waiting.pop(name), self.known)

    def at(self, expr: sp.Expr) -> float:
        return float(evaluate(expr, self.known))

    def value(self, part: SparseMap) -> float:
        return self.at(part.values[0])

    def by_state(self, part: SparseMap) -> float:
        return sum(self.at(e.expr) for e in part.by_state)

    def by_parameter(self, part: SparseMap) -> float:
        slopes = [sum(self.at(d) for _, d in c.gradient) for c in self.ode.coefficients]
        return sum(self.at(e.expr) * slopes[e.col] for e in part.by_coefficient)


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("first", ["A * k", "k", "A * k + t / 10"])
def test_values_and_derivatives_of_a_chain(kind: str, first: str) -> None:
    n, A, k, t = 9, 1.7, 0.8, 0.4
    ode = ready_model(parse_model(chain(kind, n, first, "-LAST * A"))).lowered
    assert ode.links

    def last(A: float, k: float, t: float) -> float:
        a = {"A * k": A * k, "k": k, "A * k + t / 10": A * k + t / 10}[first]
        for _ in range(n - 1):
            a = PYTHON[kind](a)
        return float(a)

    def rate(A: float, k: float, t: float) -> float:
        return -last(A, k, t) * A

    at, h = _Numbers(ode, A, k, t), 1e-6
    assert at.value(ode.rhs) == pytest.approx(rate(A, k, t), rel=1e-12)
    assert at.value(ode.outputs) == pytest.approx(last(A, k, t) + A, rel=1e-12)
    slope = (rate(A + h, k, t) - rate(A - h, k, t)) / (2 * h)
    assert at.by_state(ode.rhs) == pytest.approx(slope, rel=1e-7, abs=1e-9)
    by_k = (rate(A, k + h, t) - rate(A, k - h, t)) / (2 * h)
    assert at.by_parameter(ode.rhs) == pytest.approx(by_k, rel=1e-7, abs=1e-9)
    by_t = (rate(A, k, t + h) - rate(A, k, t - h)) / (2 * h)
    assert at.value(ode.time) == pytest.approx(by_t, rel=1e-7, abs=1e-9)
    # The contraction J k: its derivative by the state, along a direction of one.
    at.known[ode.directions[0]] = np.asarray(1.0)
    bend = (rate(A + 1e-4, k, t) - 2 * rate(A, k, t) + rate(A - 1e-4, k, t)) / 1e-8
    assert at.by_state(ode.contraction) == pytest.approx(bend, rel=1e-5, abs=1e-6)
    assert ode.linear == (first == "k")
    assert ode.autonomous == ("t" not in first)


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("first", ["A * k", "k"])
def test_stan_takes_the_text_of_a_chain(kind: str, first: str) -> None:
    ode = ready_model(parse_model(chain(kind, 9, first, "-LAST * A"))).lowered
    check("functions {\n" + emit_stan(ode, prefix="m") + "}\nmodel {}\n")


def test_a_condition_on_time_is_never_behind_a_name() -> None:
    """Its edge is a break point of the solver, which looks for it in the equations."""
    text = chain("hill", 9, "A if t < 5 else 0", "-LAST * A")
    ode = ready_model(parse_model(text)).lowered
    assert not any(TIME in r.free_symbols for e in ode.links.values()
                   for r in e.atoms(sp.core.relational.Relational))  # fmt: skip
