"""Stages, sharing behind guards, elimination order and speed of the lowering."""

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.interface import Parameter
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.lowering.lowered import Stage
from pkqsp_bayes.ode.lowering.structure import plan_elimination
from pkqsp_bayes.ode.lowering.subexpressions import Hoister, share_subexpressions
from pkqsp_bayes.ode.system import OdeSystem, Output, State
from tests.emit.systems import body, everything, one_compartment


def test_linearity_is_detected() -> None:
    assert lower_system(one_compartment()).linear
    assert lower_system(body(4)).linear
    nonlinear = lower_system(everything())
    assert not nonlinear.linear
    assert not nonlinear.autonomous


def test_each_jacobian_entry_of_a_linear_system_is_one_coefficient() -> None:
    lowered = lower_system(body(6))
    coefficients = {c.symbol for c in lowered.coefficients}
    for entry in lowered.rhs.by_state:
        assert entry.expr in coefficients or -entry.expr in coefficients or entry.expr.is_Number


def test_stages_follow_what_a_coefficient_depends_on() -> None:
    lowered = lower_system(everything())
    symbols = {
        "WT": Stage.SUBJECT,
        "Vmax": Stage.THETA,
        "CRP@intercept": Stage.SEGMENT,
        "ALB@slope": Stage.SEGMENT,
    }
    rank = list(Stage).index
    for c in lowered.coefficients:
        needed = [stage for name, stage in symbols.items() if symbol(name) in c.expr.free_symbols]
        assert all(rank(c.stage) >= rank(stage) for stage in needed)
        assert bool(c.gradient) == any(symbol(p) in c.expr.free_symbols for p in lowered.parameters)
    # subject-stage parts of later coefficients are split off
    weight = symbol("WT")
    assert all(
        c.stage is Stage.SUBJECT for c in lowered.coefficients if weight in c.expr.free_symbols
    )


def test_sharing_never_leaves_a_guard() -> None:
    x = symbol("x")
    guarded = sp.Piecewise((sp.log(x) + sp.log(x) ** 2, x > 0), (sp.Integer(0), True))
    shared = share_subexpressions([guarded, guarded + sp.exp(x)], "s")
    for _, expr in shared.temporaries:
        assert expr.has(sp.Piecewise) or not expr.has(sp.log)


def test_hoisting_does_not_evaluate_what_a_guard_protects() -> None:
    x, k = symbol("x"), symbol("k")
    hoister = Hoister(dynamic=frozenset({x}))
    hoister.hoist(sp.Piecewise((x * sp.log(k), x > k), (x, True)))
    assert not any(e.has(sp.log) for e in hoister.table)


def test_opposite_coefficients_are_one() -> None:
    x, k = symbol("x"), symbol("k")
    hoister = Hoister(dynamic=frozenset({x}))
    assert hoister.coefficient(k * 3) == -hoister.coefficient(-k * 3)


def test_arrow_matrices_do_not_fill_in() -> None:
    assert lower_system(body(20)).elimination.fill_in <= 2  # the closed circuit of lung and pools
    worst = [(0, i) for i in range(30)] + [(i, 0) for i in range(30)]
    plan = plan_elimination(30, worst)
    assert plan.fill_in == 0
    assert plan.order.index(0) >= 28


def test_a_dense_matrix_stays_dense() -> None:
    plan = plan_elimination(4, [(i, j) for i in range(4) for j in range(4)])
    assert len(plan.filled) == 16
    assert plan.fill_in == 0


def test_constants_and_helpers_are_inlined() -> None:
    a = symbol("a")
    system = OdeSystem(
        title="t",
        states=(State(name="a", rhs=-symbol("k") * a),),
        parameters=(Parameter(name="k"),),
        outputs=(Output(name="twice", expr=2 * a),),
    )
    lowered = lower_system(system)
    assert [str(e.expr) for e in lowered.outputs.by_state] == ["2"]
    assert lowered.rhs.by_coefficient[0].expr in (a, -a)
