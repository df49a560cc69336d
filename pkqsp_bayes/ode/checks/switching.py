"""Checks of conditions in right-hand sides: break points in time, jumps without a gradient."""

from collections.abc import Iterator, Mapping

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.expressions.numeric import Known, evaluate
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.lowering.chain import depends_on, needed_links
from pkqsp_bayes.ode.lowering.rows import Rows, plan_rows
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["check_conditions"]

_POINTS = 6
_GRID = np.concatenate([-np.geomspace(1e4, 1e-4, 60), np.geomspace(1e-4, 1e4, 60)])
_WINDOWS = (
    "write it as t < a or t > b, where a and b are numbers, parameters or covariates; for repeated "
    "windows, join them by `or`, or use a covariate of 0 and 1 with "
    'interpolation = "locf"'
)


def check_conditions(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report conditions on time without a break point; warn of jumps that depend on states."""
    if not any(e.has(Relational) for e in _expressions(system)):
        return []
    rows = plan_rows(system)
    issues: list[Issue] = []
    for state, row in zip(system.states, rows.equations, strict=True):
        where = state.where or f"d({state.name})/dt"
        for expr in (row, *needed_links([row], rows.links).values()):
            issues += _row_issues(where, expr, rows)
    return list(dict.fromkeys(issues))


def _expressions(system: OdeSystem) -> Iterator[sp.Expr]:
    yield from (s.rhs for s in system.states)
    yield from (a.expr for a in system.assignments)


def _row_issues(where: str, row: sp.Expr, rows: Rows) -> Iterator[Issue]:
    for choice in sorted(row.atoms(sp.Piecewise), key=sp.default_sort_key):
        for _, condition in choice.args:
            for relation in sorted(condition.atoms(Relational), key=sp.default_sort_key):
                yield from _relation_issues(where, choice, relation, rows)


def _relation_issues(
    where: str, choice: sp.Piecewise, relation: Relational, rows: Rows
) -> Iterator[Issue]:
    used = depends_on(relation, rows.depends)
    of_states = [s for s in rows.states if s in used]
    if not of_states and TIME not in used:
        return
    if isinstance(relation, sp.Equality | sp.Unequality):
        what = (
            f"the condition {_describe_relation(relation)} holds only at single times, which a "
            "solver does not reach"
        )
        yield Issue(where=where, what=what, remedy="compare with < or >, or give a dose record")
    elif not of_states:
        if not _is_kink(choice, relation):
            yield _jump(where, relation, of_states)
    elif _jumps(choice, relation, _moving(relation, rows)):
        yield _jump(where, relation, of_states)


def _moving(relation: Relational, rows: Rows) -> list[sp.Symbol]:
    """Return the states, the links (in the order of their definition) and time of a relation."""
    moving = rows.moving() & relation.free_symbols
    return [s for s in (*rows.states, *rows.links, TIME) if s in moving]


def _jump(where: str, relation: Relational, of_states: list[sp.Symbol]) -> Issue:
    if not of_states:
        what = f"the condition {_describe_relation(relation)} has no single break point in time"
        return Issue(where=where, what=what, remedy=_WINDOWS)
    what = (
        f"the right-hand side jumps where {_describe_relation(relation)} changes: predictions are "
        "within the tolerance, but derivatives by parameters lack the effect of the time of a jump"
    )
    name = of_states[0].name
    remedy = f"use a steep but continuous function of {name}, such as {name}^20/(c^20 + {name}^20)"
    return Issue(severity="warning", where=where, what=what, remedy=remedy)


def _describe_relation(relation: Relational) -> str:
    """Return a relation as the user wrote it, with the names of covariates."""
    plain: dict[sp.Basic, sp.Basic] = {}
    for name in relation.free_symbols:
        covariate, _, part = name.name.partition("@")
        if part == "slope":
            plain[name] = sp.Integer(0)
        elif part:
            plain[name] = symbol(covariate)
    shown = relation.xreplace(plain)
    sign = {sp.Equality: "==", sp.Unequality: "!="}.get(type(shown))
    text = str(shown) if sign is None else f"{shown.lhs} {sign} {shown.rhs}"
    return text.replace("**", "^")


def _is_kink(choice: sp.Piecewise, relation: Relational) -> bool:
    """Return whether two branches differ by a multiple of the condition, as in max and abs.

    The root of a condition on time is not searched for, because it may be at any time.
    """
    if len(choice.args) != 2 or choice.args[0].cond != relation:
        return False
    gap = relation.lhs - relation.rhs
    step = choice.args[0].expr - choice.args[1].expr
    names = sorted((step + gap).free_symbols | gap.free_symbols, key=lambda s: s.name)
    rng = np.random.default_rng(1)
    gaps, ratios = [], []
    for _ in range(_POINTS):
        point = dict(zip(names, map(sp.Float, np.exp(rng.normal(size=99))), strict=False))
        gaps.append(_value(gap.xreplace(point)))
        ratios.append(_value((step / gap).xreplace(point)))
    return not _is_constant(gaps) and _is_constant(ratios)


def _is_constant(values: list[float]) -> bool:
    return bool(np.isfinite(values).all() and np.ptp(values) < 1e-9 * np.abs(values).max())


def _jumps(choice: sp.Piecewise, relation: Relational, solve_for: list[sp.Symbol]) -> bool:
    """Return whether a choice has two values where the sides of a relation are equal.

    It is evaluated on both sides of such points, at random values of all its symbols.
    """
    rng = np.random.default_rng(1)
    gap = relation.lhs - relation.rhs
    names = sorted((choice.free_symbols | gap.free_symbols), key=lambda s: s.name)
    for _ in range(_POINTS):
        values = {n: sp.Float(v) for n, v in zip(names, np.exp(rng.normal(size=99)), strict=False)}
        for name in solve_for:
            others = {n: v for n, v in values.items() if n != name}
            root = _root(gap.xreplace(others), name)
            if root is not None and _differs(choice, others, name, root):
                return True
    return False


def _root(gap: sp.Expr, name: sp.Symbol) -> float | None:
    slope = sp.diff(gap, name)
    if slope.is_number and slope != 0:
        return _value(-gap.xreplace({name: sp.Integer(0)}) / slope)
    values = np.array([_value(gap.xreplace({name: sp.Float(x)})) for x in _GRID[::4]])
    turns = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
    return _bisect(gap, name, *_GRID[::4][turns[0] : turns[0] + 2]) if len(turns) else None


def _bisect(gap: sp.Expr, name: sp.Symbol, low: float, high: float) -> float:
    below = _value(gap.xreplace({name: sp.Float(low)})) < 0
    for _ in range(50):
        middle = (low + high) / 2
        if (_value(gap.xreplace({name: sp.Float(middle)})) < 0) == below:
            low = middle
        else:
            high = middle
    return low


def _differs(
    choice: sp.Expr, others: Mapping[sp.Symbol, sp.Expr], name: sp.Symbol, root: float
) -> bool:
    """Return whether the difference between the sides stays (at a kink it shrinks)."""
    size = max(abs(root), 1e-3)
    sides = np.array([-1e-8, 1e-8, -1e-4, 1e-4]) * size + root
    known: Known = {s: np.asarray(float(v)) for s, v in others.items()} | {name: sides}
    values = np.broadcast_to(evaluate(choice, known), sides.shape)
    near, far = abs(values[0] - values[1]), abs(values[2] - values[3])
    return bool(near > 0.3 * far)


def _value(expr: sp.Expr) -> float:
    try:
        return float(expr)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return float("nan")
