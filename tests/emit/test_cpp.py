"""The generated C++ against SymPy at high precision: values, Jacobians, contractions, LU."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import sympy as sp

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.ode.lowering.lower import covariate_symbols, lower_system
from pkqsp_bayes.ode.system import OdeSystem
from tests.emit.probe import Probe
from tests.emit.systems import body, everything, one_compartment

SYSTEMS: dict[str, Callable[[], OdeSystem]] = {
    "one": one_compartment,
    "everything": everything,
    "body": lambda: body(5),
}


@dataclass
class Case:
    """A compiled system, a random point of it, and the exact expressions."""

    probe: Probe
    point: dict[sp.Symbol, float]
    states: list[sp.Symbol]
    parameters: list[sp.Symbol]
    exact: dict[str, sp.Matrix]
    p: np.ndarray
    x: np.ndarray
    c: np.ndarray
    y: np.ndarray
    t: float
    S: np.ndarray

    def value(self, name: str) -> np.ndarray:
        return self._at(self.exact[name])

    def directional(self, name: str, column: int, matrix: sp.Matrix | None = None) -> np.ndarray:
        """Total derivative of a map with respect to parameter `column`, states moving with S."""
        exact = self.exact[name] if matrix is None else matrix
        total = sp.Matrix(exact.diff(self.parameters[column]))
        for i, s in enumerate(self.states):
            total += exact.diff(s) * sp.Float(self.S[i, column], 30)
        return self._at(total)

    def _at(self, matrix: sp.Matrix) -> np.ndarray:
        values = {s: sp.Float(v, 30) for s, v in self.point.items()}
        return np.array([float(e.xreplace(values).evalf(25)) for e in matrix])

    def coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        q, dq = np.zeros(self.probe.q), np.zeros((self.probe.q, max(1, self.probe.p)))
        self.probe.call("coefficients", self.p, self.x, self.c, q, dq)
        return q, dq


def exact_maps(system: OdeSystem) -> dict[str, sp.Matrix]:
    """Inline the system by plain substitution, independently of the lowering."""
    table: dict[sp.Symbol, sp.Expr] = {}
    for p in system.parameters:
        if p.kind is ParameterKind.CONSTANT:
            table[symbol(p.name)] = sp.Float(p.value, 30)
    for c in system.covariates:
        a, b = covariate_symbols(c.name)
        if c.interpolation == "linear":
            table[symbol(c.name)] = a + b * TIME
        elif c.interpolation != "fixed":
            table[symbol(c.name)] = a

    def closed(expr: sp.Expr) -> sp.Expr:
        expr = sp.sympify(expr)
        for assignment in reversed(system.assignments):
            expr = expr.subs(symbol(assignment.name), assignment.expr)
        return expr.subs(table)

    zero = sp.Integer(0)
    doses = [
        closed(e)
        for d in system.doses
        for e in (d.factor, d.bioavailability, d.lag, d.rate or zero, d.duration or zero)
    ]
    return {
        "rhs": sp.Matrix([closed(s.rhs) for s in system.states]),
        "initial": sp.Matrix([closed(s.initial) for s in system.states]),
        "outputs": sp.Matrix([closed(o.expr) for o in system.outputs]),
        "doses": sp.Matrix(doses),
    }


@pytest.fixture(scope="module", params=sorted(SYSTEMS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    system = SYSTEMS[request.param]()
    lowered = lower_system(system)
    probe = Probe(emit_cpp(lowered), tmp_path_factory.mktemp(request.param))
    rng = np.random.default_rng(7)
    draw = lambda n: rng.uniform(0.5, 2.0, max(1, n))  # noqa: E731
    p, x, y = draw(probe.p), draw(len(lowered.fixed_covariates)), draw(probe.n)
    c, t = draw(2 * len(lowered.varying_covariates)), 0.7
    states = [symbol(s) for s in lowered.states]
    parameters = [symbol(s) for s in lowered.parameters]
    point = dict(zip(states, y, strict=False)) | dict(zip(parameters, p, strict=False))
    point |= {symbol(n): x[i] for i, n in enumerate(lowered.fixed_covariates)} | {TIME: t}
    for i, covariate in enumerate(lowered.varying_covariates):
        a, b = covariate_symbols(covariate.name)
        point |= {a: c[2 * i], b: c[2 * i + 1]}
    return Case(
        probe=probe,
        point=point,
        states=states,
        parameters=parameters,
        exact=exact_maps(system),
        p=p,
        x=x,
        c=c,
        y=y,
        t=t,
        S=rng.normal(size=(probe.n, probe.p)),
    )


def close(computed: np.ndarray, exact: np.ndarray) -> None:
    np.testing.assert_allclose(computed, exact, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["rhs", "outputs"])
def test_value_and_sensitivity_of_state_maps(case: Case, name: str) -> None:
    q, dq = case.coefficients()
    size = case.probe.n if name == "rhs" else case.probe.m
    for j in range(case.probe.p):
        value, lane = np.zeros(size), np.zeros(size)
        direction = np.ascontiguousarray(case.S[:, j]), np.ascontiguousarray(dq[:, j])
        case.probe.call(name, case.t, case.y, q, *direction, value, lane)
        close(value, case.value(name))
        close(lane, case.directional(name, j))


def test_plain_right_hand_side(case: Case) -> None:
    q, _ = case.coefficients()
    value = np.zeros(case.probe.n)
    case.probe.call("rhs_value", case.t, case.y, q, value)
    close(value, case.value("rhs"))


@pytest.mark.parametrize("name", ["initial", "doses"])
def test_value_and_sensitivity_of_parameter_maps(case: Case, name: str) -> None:
    q, dq = case.coefficients()
    size = len(case.exact[name])
    for j in range(case.probe.p):
        value, lane = np.zeros(size), np.zeros(size)
        case.probe.call(name, case.t, q, np.ascontiguousarray(dq[:, j]), value, lane)
        close(value, case.value(name))
        close(lane, case.directional(name, j))


def test_second_order_contraction(case: Case) -> None:
    q, dq = case.coefficients()
    k = np.random.default_rng(3).normal(size=case.probe.n)
    exact = case.exact["rhs"].jacobian(case.states) * sp.Matrix([sp.Float(v, 30) for v in k])
    for j in range(case.probe.p):
        lane = np.zeros(case.probe.n)
        direction = np.ascontiguousarray(case.S[:, j]), np.ascontiguousarray(dq[:, j])
        case.probe.call("contract", case.t, case.y, q, k, *direction, lane)
        close(lane, case.directional("rhs", j, exact))


def test_time_derivative(case: Case) -> None:
    q, dq = case.coefficients()
    exact = sp.Matrix(case.exact["rhs"].diff(TIME))
    for j in range(case.probe.p):
        value, lane = np.zeros(case.probe.n), np.zeros(case.probe.n)
        direction = np.ascontiguousarray(case.S[:, j]), np.ascontiguousarray(dq[:, j])
        case.probe.call("time", case.t, case.y, q, *direction, value, lane)
        close(value, case._at(exact))
        close(lane, case.directional("rhs", j, exact))


def test_sparse_lu_solves_the_shifted_system(case: Case) -> None:
    q, _ = case.coefficients()
    values = {s: sp.Float(v, 30) for s, v in case.point.items()}
    jacobian = case.exact["rhs"].jacobian(case.states).xreplace(values).evalf(25)
    matrix = 20.0 * np.eye(case.probe.n) - np.array(jacobian, dtype=float)
    right = np.random.default_rng(5).normal(size=case.probe.n)
    solution = right.copy()
    assert case.probe.call("solve", 20.0, case.t, case.y, q, solution) == 1
    close(solution, np.linalg.solve(matrix, right))


def test_singular_pivot_is_reported(tmp_path: object) -> None:
    """a I - J with a equal to an eigenvalue has a zero pivot, which is a value, not a crash."""
    growth = symbol("g")
    from pkqsp_bayes.ode.interface import Parameter
    from pkqsp_bayes.ode.system import State

    system = OdeSystem(
        title="growth",
        states=(State(name="n", rhs=growth * symbol("n")),),
        parameters=(Parameter(name="g"),),
    )
    probe = Probe(emit_cpp(lower_system(system)), tmp_path)  # type: ignore[arg-type]
    q, dq, b = np.zeros(1), np.zeros((1, 1)), np.ones(1)
    probe.call("coefficients", np.array([2.0]), np.zeros(1), np.zeros(1), q, dq)
    assert probe.call("solve", 2.0, 0.0, np.ones(1), q, b) == 0
    b = np.ones(1)
    assert probe.call("solve", 3.0, 0.0, np.ones(1), q, b) == 1
