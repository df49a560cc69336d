"""Relations on Piecewise, split into cases."""

import itertools

import pytest
import sympy as sp

from pkqsp_bayes.ode.expressions.conditions import (
    NotSeparableError,
    conjunction,
    disjunction,
    lift_relation,
)

X, Y = sp.symbols("x y", real=True)
LARGER = sp.Piecewise((X, X > Y), (Y, True))
STEP = sp.Piecewise((1, X < 0), (2, X < 1), (3, True))
RELATIONS = [sp.StrictLessThan, sp.LessThan, sp.StrictGreaterThan, sp.GreaterThan,
             sp.Equality, sp.Unequality]  # fmt: skip


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize(
    ("left", "right"),
    [(LARGER, sp.Integer(1)), (STEP, LARGER), (2 * STEP - 1, X + Y), (X, Y), (X * STEP, LARGER)],
)
def test_the_cases_mean_the_same(relation: type, left: sp.Expr, right: sp.Expr) -> None:
    lifted = lift_relation(relation, left, right)
    assert not lifted.has(sp.Piecewise)
    for x, y in itertools.product((-1, 0, sp.Rational(1, 2), 1, 2, 3), (-1, 0, 1, 2)):
        at = {X: x, Y: y}
        # Relations were not worked out when they were made; subs alone leaves some so.
        expected = bool(relation(left.subs(at), right.subs(at)))
        assert bool(sp.simplify(lifted.subs(at))) == expected, (at, lifted)


def test_what_is_decided_is_dropped() -> None:
    assert conjunction([sp.true, X > 0, sp.true]) == (X > 0)
    assert conjunction([X > 0, sp.false]) == sp.false
    assert disjunction([sp.false, X > 0]) == (X > 0)
    assert disjunction([X > 0, sp.true]) == sp.true
    assert conjunction([]) == sp.true
    assert disjunction([]) == sp.false
    assert lift_relation(sp.StrictLessThan, sp.Integer(1), sp.Integer(2)) == sp.true


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(NotSeparableError, match="inside a power"):
        lift_relation(sp.StrictLessThan, sp.Pow(LARGER, 2, evaluate=False), X)
    many = sum((sp.Piecewise((i, i < X), (Y, True)) for i in range(6)), sp.Integer(0))
    with pytest.raises(NotSeparableError, match="too many branches"):
        lift_relation(sp.StrictLessThan, many, X)
