"""Random expressions of the grammar, as text."""

import math
import random
from collections.abc import Sequence
from functools import cache

import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.expressions.grammar import parse_expression
from pkqsp_bayes.ode.expressions.symbols import symbol

__all__ = ["POINTS", "VARIABLES", "evaluate", "random_expression", "sample_expressions"]

VARIABLES = ("a", "b", "c.d")
_FUNCTIONS = ("exp", "log", "log10", "log2", "sqrt", "sin", "cos", "tanh", "abs")
_NUMBERS = ("0", "1", "2", "7", "0.5", "1e-3", "2.5e2", "1e-12", "123456789012345678", "0.1")
_RELATIONS = ("<", "<=", ">", ">=", "!=", "==")


def random_expression(rng: random.Random, depth: int) -> str:
    """Write one expression; not every one has a finite value everywhere."""
    if depth == 0:
        return rng.choice(VARIABLES) if rng.random() < 0.7 else rng.choice(_NUMBERS)
    part = lambda: random_expression(rng, depth - 1)  # noqa: E731
    kind = rng.randrange(9)
    if kind < 3:
        return f"({part()} {rng.choice('+-*')} {part()})"
    if kind == 3:
        return f"{part()} / (1.5 + abs({part()}))"
    if kind == 4:
        return f"({part()})^{rng.choice(['2', '3', '-1', '-2', '7', '0.5', '0.75', '(a - b)'])}"
    if kind == 5:
        return f"{rng.choice(_FUNCTIONS)}({part()})"
    if kind == 6:
        return f"{rng.choice(['min', 'max'])}({part()}, {part()})"
    if kind == 7:
        return f"piecewise({part()}, {_condition(rng)}, {part()}, {_condition(rng)}, {part()})"
    return f"({part()} if {_condition(rng)} else {part()})"


def _condition(rng: random.Random) -> str:
    first, second, third = _relation(rng), _relation(rng), _relation(rng)
    kind = rng.randrange(4)
    if kind == 0:
        return first
    if kind == 1:
        return f"not ({first} and {second})"
    words = [rng.choice(["and", "or"]) for _ in range(2)]
    return f"{first} {words[0]} {second} {words[1]} {third}"


def _relation(rng: random.Random) -> str:
    right = rng.choice([*VARIABLES, "0.7", "1", "b * 2"])
    return f"{rng.choice(VARIABLES)} {rng.choice(_RELATIONS)} {right}"


POINTS = ((0.3, 1.7, 0.9), (2.0, 0.4, 1.0), (0.5, 0.5, 0.25))
"""Values of `VARIABLES`, at which some comparisons are ties."""


def evaluate(expr: sp.Expr, point: Sequence[float]) -> float | None:
    """Evaluate in plain doubles, branches by need; None where the value is not a finite real."""
    compiled = sp.lambdify([symbol(v) for v in VARIABLES], expr, modules="math")
    try:
        value = compiled(*point)
    except (ValueError, ZeroDivisionError, OverflowError, NameError):
        return None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


@cache
def sample_expressions(count: int) -> tuple[sp.Expr, ...]:
    """Parse `count` random expressions and take one derivative of each: twice as many in all."""
    found: list[sp.Expr] = []
    seed = 0
    while len(found) < 2 * count:
        seed += 1
        rng = random.Random(seed)
        try:
            expr = parse_expression(random_expression(rng, 3), where=str(seed))
        except CheckError:
            continue
        if len(expr.free_symbols) > 1:
            found += [expr, sp.diff(expr, symbol(VARIABLES[seed % 3]))]
    return tuple(found)
