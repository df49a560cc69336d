"""Helpers that each read the one before it, and long expressions: as long as their text."""

import time

import numpy as np
import pytest
from sympy.core.cache import clear_cache

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.ode.checks import check_system
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.expressions.numeric import Known, evaluate
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.lowering.lowered import LoweredOde, SparseMap
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.ode.checking import check_model

BODIES = {
    "hill": "{a} / (1 + {a})",
    "max": "max({a}, 2 * {a} - 1)",
    "exp": "{a} * exp(-{a} / 10)",
    "choice": "{a} / 2 + 0.3 if {a} > 1 else {a} * {a}",
    "power": "sqrt(1 + {a} * {a})",
    "sum": "{a} + 1 / {a}",
}
PYTHON = {
    "hill": lambda a: a / (1 + a),
    "max": lambda a: np.maximum(a, 2 * a - 1),
    "exp": lambda a: a * np.exp(-a / 10),
    "choice": lambda a: np.where(a > 1, a / 2 + 0.3, a * a),
    "power": lambda a: np.sqrt(1 + a * a),
    "sum": lambda a: a + 1 / a,
}


def chain(kind: str, n: int, first: str = "A * k", row: str = "-LAST * A") -> ModelSpec:
    lines = [f"a0 = {first}"]
    lines += [f"a{i} = " + BODIES[kind].format(a=f"a{i - 1}") for i in range(1, n)]
    return model(row.replace("LAST", f"a{n - 1}"), "\n".join(lines), f"a{n - 1} + A + k")


def model(row: str, helpers: str = "", output: str = "A + k", constants: str = "") -> ModelSpec:
    return parse_model(f'''
title = "chain"
[equations]
text = """
d(A)/dt = {row}
A(0) = 10
{helpers}
"""
[parameters]
{constants}
[dose.iv]
to = "A"
[population]
k = {{ typical = "lognormal(0, 1)" }}
[observe.y]
value = "{output}"
''')


def errors(spec: ModelSpec) -> list[str]:
    return [i.what for i in check_model(spec) if i.severity == "error"]


def length(spec: ModelSpec) -> int:
    """Characters of both programs, after every check; within a bound that no slip passes."""
    began = time.process_time()
    assert errors(spec) == []
    ode = compile_model(spec).lowered
    characters = len(emit_cpp(ode)) + len(emit_stan(ode, prefix="m"))
    assert time.process_time() - began < 20.0
    return characters


@pytest.mark.parametrize(
    ("kind", "first"),
    [("hill", "A"), ("max", "A + t"), ("exp", "k"), ("choice", "A"), ("sum", "A")],
)
def test_a_chain_costs_what_its_text_costs(kind: str, first: str) -> None:
    """Written out, forty helpers have up to 4^40 parts."""
    short, long = (length(chain(kind, n, first)) for n in (20, 40))
    assert long < 2.2 * short


@pytest.mark.parametrize("last", [40, 400])
def test_chains_that_cross(last: int) -> None:
    lines = "b0 = A\nc0 = A * k\n" + "\n".join(
        f"b{i} = b{i - 1} + exp(-c{i - 1})\nc{i} = c{i - 1} / 2 + 1 / (1 + b{i - 1})"
        for i in range(1, last // 10)
    )
    end = last // 10 - 1
    assert length(model(f"-b{end} * A + c{end}", lines)) < 4000 * last


@pytest.mark.parametrize(
    "row",
    [
        "x/(A+".replace("x", "A") * 40 + "A" + ")" * 40,
        "A^" * 30 + "k",
        "*".join(f"(A + k * {i})^{i}" for i in range(1, 40)),
        "+".join(f"exp(-{i} * k * A)" for i in range(1, 120)),
        "exp(" * 50 + "-A*k" + ")" * 50,
        "(A + k + t + 1)^100",
        "max(" + ", ".join(f"A * {i}" for i in range(1, 11)) + ")",
    ],
)
def test_long_and_deep_expressions_take_seconds(row: str) -> None:
    assert length(model(f"{row} - k * A")) < 300_000


class _Numbers:
    """The maps of a lowered system at a point, links and coefficients worked out in order."""

    def __init__(self, ode: LoweredOde, A: float, k: float, t: float) -> None:
        self.ode = ode
        self.known: Known = {symbol("A"): np.asarray(A), symbol("k"): np.asarray(k)}
        self.known[TIME] = np.asarray(t)
        waiting = {**{c.symbol: c.expr for c in ode.coefficients}, **ode.links}
        while waiting:
            for name in [s for s, e in waiting.items() if e.free_symbols <= set(self.known)]:
                self.known[name] = evaluate(waiting.pop(name), self.known)

    def value(self, part: SparseMap) -> float:
        return float(evaluate(part.values[0], self.known))

    def by_state(self, part: SparseMap) -> float:
        return sum(float(evaluate(e.expr, self.known)) for e in part.by_state)

    def by_parameter(self, part: SparseMap) -> float:
        slopes = [
            sum(float(evaluate(d, self.known)) for _, d in c.gradient)
            for c in self.ode.coefficients
        ]
        return sum(float(evaluate(e.expr, self.known)) * slopes[e.col] for e in part.by_coefficient)


FIRST = {
    "A * k": lambda x: x[0] * x[1],
    "k": lambda x: x[1],
    "A * k + t / 9": lambda x: x[0] * x[1] + x[2] / 9,
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("first", FIRST)
def test_values_and_derivatives_of_a_chain(kind: str, first: str) -> None:
    n, A, k, t = 9, 1.7, 0.8, 0.4
    ode = compile_model(chain(kind, n, first)).lowered

    def last(A: float, k: float, t: float) -> float:
        a = FIRST[first]((A, k, t))
        for _ in range(n - 1):
            a = PYTHON[kind](a)
        return float(a)

    def rate(A: float, k: float, t: float) -> float:
        return -last(A, k, t) * A

    at, h = _Numbers(ode, A, k, t), 1e-6
    assert at.value(ode.rhs) == pytest.approx(rate(A, k, t), rel=1e-12)
    assert at.value(ode.outputs) == pytest.approx(last(A, k, t) + A + k, rel=1e-12)
    slope = (rate(A + h, k, t) - rate(A - h, k, t)) / (2 * h)
    assert at.by_state(ode.rhs) == pytest.approx(slope, rel=1e-7, abs=1e-8)
    by_k = (rate(A, k + h, t) - rate(A, k - h, t)) / (2 * h)
    assert at.by_parameter(ode.rhs) == pytest.approx(by_k, rel=1e-7, abs=1e-8)
    by_t = (rate(A, k, t + h) - rate(A, k, t - h)) / (2 * h)
    assert at.value(ode.time) == pytest.approx(by_t, rel=1e-7, abs=1e-8)
    assert ode.linear == (first == "k")
    assert ode.autonomous == ("t" not in first)


HILLS = "a0 = t * k\n" + "\n".join(f"a{i} = a{i - 1} / (1 + a{i - 1})" for i in range(1, 30))


def test_a_window_behind_names_is_a_switch() -> None:
    text = HILLS.replace("t * k", "k if t > 5 else 2 * k")
    ode = compile_model(model("a29 - k * A", text, "A + k + a29")).lowered
    assert len(ode.switches) == 1
    assert ode.autonomous
    assert ode.linear


def test_a_window_of_outputs_alone_is_none() -> None:
    text = HILLS.replace("t * k", "k if t > 5 else 2 * k")
    ode = compile_model(model("-k * A", text, "A + k + a29")).lowered
    assert ode.switches == ()


def test_a_jump_on_a_chain_of_time_is_refused() -> None:
    """Its moment cannot be solved for, behind names or not."""
    (what,) = errors(model("(1 if a29 > 0.1 else 0) - k * A", HILLS))
    assert "no single break point" in what


def test_a_jump_on_a_chain_of_states_is_warned_of() -> None:
    spec = model("(1 if a29 > 0.01 else 0) - k * A", HILLS.replace("t", "A"))
    assert any("derivatives by parameters lack" in i.what for i in check_model(spec))
    assert not compile_model(spec).lowered.linear


def test_jumps_are_found_whatever_symbols_sympy_remembers() -> None:
    spec = model("(1 if sin(t) > 0.5 else 0) - k * A")
    system = compose_model(spec)
    clear_cache()
    assert any("no single break point" in i.what for i in check_system(spec, system))


@pytest.mark.parametrize("power", ["2^big", "big^big", "(k * 0 + 2)^big", "(-2)^big"])
def test_powers_of_constants_that_no_double_holds_are_refused(power: str) -> None:
    assert errors(model(f"-k * A + {power}", constants="big = 1e9")) != []


def test_constants_that_square_themselves_are_refused() -> None:
    lines = "c0 = 1.5\n" + "\n".join(f"c{i} = c{i - 1} * c{i - 1}" for i in range(1, 40))
    assert any("not a finite number" in what for what in errors(model("-k * A * c39", lines)))


def test_a_small_power_of_constants_is_zero() -> None:
    ode = compile_model(model("-k * A + 0.5^big", constants="big = 1e9")).lowered
    assert _Numbers(ode, 2.0, 0.5, 0.0).value(ode.rhs) == pytest.approx(-1.0)
