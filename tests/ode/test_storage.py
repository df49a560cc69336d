"""Systems as text and back: the same expressions, or a refusal."""

import json

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.equations import emit_equations, emit_json
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.ode.compose import compose_model
from pkqsp_bayes.ode.expression_graph import NotStorableError, check_nodes, evaluate_nodes
from pkqsp_bayes.ode.expressions.numeric import evaluate
from pkqsp_bayes.ode.expressions.storage import GraphWriter, format_record, parse_record, read_nodes
from pkqsp_bayes.ode.expressions.symbols import Piecewise, symbol, tanh
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.lowering.lowered import LoweredOde
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec import library

NAMES = ("a", "b.c", "V@own", "t")


def again(expr: sp.Basic) -> sp.Basic:
    """Return an expression that went through the text of its nodes."""
    writer = GraphWriter()
    place = writer.add(expr)
    return read_nodes(json.loads(json.dumps(writer.nodes)))[place]


MODELS = ("mavoglurant", "time-varying", "tmdd-antibody", "warfarin")
OTHERS = [pytest.param(n, marks=pytest.mark.slow) for n in library.names() if n not in MODELS]


@pytest.mark.parametrize("name", [*MODELS, *OTHERS])
def test_library_models_come_back(name: str) -> None:
    system = compose_model(library.load_model(name))
    read = parse_record(format_record(system), OdeSystem)
    assert read == system
    assert emit_equations(read) == emit_equations(system)
    assert emit_json(read) == emit_json(system)
    lowered = lower_system(system)
    found = parse_record(format_record(lowered), LoweredOde)
    assert found == lowered
    assert list(found.links) == list(lowered.links)
    assert emit_cpp(found) == emit_cpp(lowered)
    assert emit_stan(found, prefix="m") == emit_stan(lowered, prefix="m")
    assert emit_cpp(lower_system(read)) == emit_cpp(lowered)


NUMBERS = st.one_of(
    st.integers(-(10**40), 10**40).map(sp.Integer),
    st.fractions().map(lambda f: sp.Rational(f.numerator, f.denominator)),
    st.floats(allow_nan=False, allow_infinity=False).map(sp.Float),
    st.sampled_from([sp.E, sp.pi, sp.Float("1.5", 40)]),
)
LEAVES = st.one_of(st.sampled_from(NAMES).map(symbol), NUMBERS)
RELATIONS = (sp.StrictLessThan, sp.LessThan, sp.StrictGreaterThan, sp.GreaterThan, sp.Eq, sp.Ne)


def _joined(parts: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    many = st.lists(parts, min_size=2, max_size=4)
    raw = {"evaluate": False}
    condition = st.tuples(st.sampled_from(RELATIONS), parts, parts).map(
        lambda r: r[0](r[1], r[2], evaluate=False)
    )
    tests = st.one_of(
        condition,
        condition.map(lambda c: sp.Not(c, evaluate=False)),
        st.tuples(condition, condition).map(lambda c: sp.Basic.__new__(sp.ITE, c[0], *c)),
    )
    return st.one_of(
        many.map(lambda args: sp.Add(*args, **raw)),
        many.map(lambda args: sp.Mul(*args, **raw)),
        st.tuples(parts, parts).map(lambda p: sp.Pow(*p, evaluate=False)),
        st.tuples(st.sampled_from([sp.exp, sp.log, sp.sin, sp.cos, sp.Abs, sp.tanh, tanh]), parts)
        .map(lambda p: p[0](p[1], evaluate=False)),
        st.tuples(parts, tests, parts)
        .map(lambda p: Piecewise((p[0], p[1]), (p[2], sp.true), evaluate=False)),
    )  # fmt: skip


EXPRESSIONS = st.recursive(LEAVES, _joined, max_leaves=8)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_expressions_come_back(expr: sp.Expr) -> None:
    found = again(expr)
    assert found == expr
    assert type(found) is type(expr)
    assert sp.srepr(found) == sp.srepr(expr)
    assert found.args == expr.args
    assert found.is_commutative == expr.is_commutative


VALUES = {"a": 0.7, "b.c": -1.3, "V@own": 2.5, "t": 0.0}


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS)
def test_nodes_have_the_values_of_expressions(expr: sp.Expr) -> None:
    writer = GraphWriter()
    place = writer.add(expr)
    found = evaluate_nodes(writer.nodes, VALUES)[place]
    exact = evaluate(expr, {symbol(name): value for name, value in VALUES.items()})
    assert found is not None
    assert float(found) == pytest.approx(float(exact), rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    "value", [sp.oo, -sp.oo, sp.nan, sp.zoo, sp.I, sp.true, sp.false, sp.S.Half]
)
def test_constants_come_back(value: sp.Basic) -> None:
    assert again(value) is value


def test_a_joined_condition_comes_back() -> None:
    a, b = symbol("a"), symbol("b")
    for join in (sp.And, sp.Or):
        found = again(join(a > 1, b < 2, sp.Not(a < b, evaluate=False), evaluate=False))
        assert found == join(a > 1, b < 2, sp.Not(a < b, evaluate=False), evaluate=False)
        assert join.make_args(found) == frozenset(found.args)
        assert sp.Not(found) == sp.Not(join(a > 1, b < 2, sp.Not(a < b, evaluate=False)))


@pytest.mark.parametrize(
    "expr",
    [sp.Symbol("a"), sp.Symbol("a", positive=True), sp.gamma(symbol("a")), sp.Max(symbol("a"), 1),
     sp.Derivative(symbol("a"), symbol("b")), sp.Integral(symbol("a"), symbol("b"))],
    ids=str,
)  # fmt: skip
def test_what_has_no_node_is_refused(expr: sp.Expr) -> None:
    with pytest.raises(NotStorableError):
        GraphWriter().add(1 + expr)


@pytest.mark.parametrize(
    "nodes",
    [
        [["Symbol"]], [["Symbol", "a", "b"]], [["System", "rm"]], [["Add", 0, 0]], ["Symbol"],
        [["Symbol", "a"], ["Mul", 0, 1]], [["Symbol", "a"], ["Mul", 0, -1]],
        [["Symbol", "a"], ["Mul", 0]], [["Symbol", "a"], ["exp", 0, 0]],
        [["Symbol", "a"], ["exp", "0"]], [["Symbol", "a"], ["exp", True]],
        [["Constant", "__class__"]], [["Symbol", "a" * 30_000]], [["Symbol", ["a"]]],
        [["Symbol", "a"], ["Piecewise", 0, 0, 0]], [[]], [[1, 2]], [None],
        [["Float", 0, "1", 2**40, 53]],
    ],
    ids=str,
)  # fmt: skip
def test_damaged_nodes_are_refused(nodes: list[object]) -> None:
    with pytest.raises(ValueError, match="damaged"):
        check_nodes(nodes)


@pytest.mark.parametrize(
    "nodes",
    [[["Integer", "xyz"]], [["Rational", "1", "0"]], [["Float", 7, "1", 0, 53]],
     [["Float", 0, "1", 0, 10**6]], [["Integer", 7]]],
    ids=str,
)  # fmt: skip
def test_damaged_numbers_are_refused(nodes: list[list[object]]) -> None:
    text = json.dumps({"nodes": nodes, "record": {}})
    with pytest.raises(ValueError, match="the text is not a valid OdeSystem"):
        parse_record(text, OdeSystem)


def test_every_shortened_or_changed_text_is_refused_or_reads_as_a_system() -> None:
    text = format_record(compose_model(library.load_model("one-compartment")))
    for end in range(0, len(text) - 1, 7):
        with pytest.raises(ValueError, match="not a valid OdeSystem"):
            parse_record(text[:end], OdeSystem)
    for place in range(0, len(text), 5):
        changed = f"{text[:place]}9{text[place + 1 :]}"
        try:
            assert isinstance(parse_record(changed, OdeSystem), OdeSystem)
        except ValueError as error:
            assert "not a valid OdeSystem" in str(error)  # noqa: PT017
