"""A composed system as numbers: right-hand side, helpers, outputs, simulation with SciPy."""

from collections.abc import Mapping

import numpy as np
import sympy as sp
from scipy.integrate import solve_ivp

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["Numeric"]


class Numeric:
    """An `OdeSystem` at given parameters and covariates, with every helper written out."""

    def __init__(
        self,
        system: OdeSystem,
        parameters: Mapping[str, float] | None = None,
        covariates: Mapping[str, float] | None = None,
    ) -> None:
        self.system = system
        table: dict[sp.Symbol, sp.Expr] = {}
        for p in system.parameters:
            value = p.value if p.kind is ParameterKind.CONSTANT else None
            value = (parameters or {}).get(p.name, p.value) if value is None else value
            assert value is not None, f"no value for {p.name}"
            table[symbol(p.name)] = sp.Float(value, 17)
        for c in system.covariates:
            table[symbol(c.name)] = sp.Float((covariates or {}).get(c.name, c.reference), 17)
        for a in system.assignments:
            table[symbol(a.name)] = a.expr.xreplace(table)
        self.table = table
        self.states = [symbol(s.name) for s in system.states]
        self._rhs = self._function([s.rhs for s in system.states])
        self._outputs = self._function([o.expr for o in system.outputs])
        balance = system.balance
        self._drug = self._function([s.drug * symbol(s.name) for s in system.states])
        self._lost = self._function([balance.eliminated if balance else sp.Integer(0)])

    def _function(self, expressions: list[sp.Expr]):
        closed = [sp.sympify(e).xreplace(self.table) for e in expressions]
        return sp.lambdify([TIME, *self.states], closed, modules="numpy", cse=True)

    def rhs(self, t: float, y: np.ndarray) -> np.ndarray:
        return np.array(self._rhs(t, *y), dtype=float)

    def outputs(self, t: float, y: np.ndarray) -> np.ndarray:
        return np.array(self._outputs(t, *y), dtype=float)

    def helper(self, name: str) -> float:
        return float(self.table[symbol(name)])

    def drug(self, t: float, y: np.ndarray) -> float:
        """Total drug in the body, in the model's amount unit."""
        return float(np.sum(np.array(self._drug(t, *y), dtype=float)))

    def initial(self) -> np.ndarray:
        return np.array([float(s.initial.xreplace(self.table)) for s in self.system.states])

    def dosed(self, amount: float, target: int = 0) -> np.ndarray:
        """Return the initial state with a bolus in a dosing compartment."""
        y, dose = self.initial(), self.system.doses[target]
        index = [s.name for s in self.system.states].index(dose.state)
        y[index] += amount * float((dose.factor * dose.bioavailability).xreplace(self.table))
        return y

    def simulate(self, y0: np.ndarray, times: np.ndarray, *, rtol: float = 1e-11):
        """Return states (n, N) and the drug eliminated up to each time (n,)."""

        def extended(t: float, y: np.ndarray) -> np.ndarray:
            return np.append(self.rhs(t, y[:-1]), self._lost(t, *y[:-1])[0])

        solution = solve_ivp(
            extended,
            (0.0, float(times[-1])),
            np.append(y0, 0.0),
            method="LSODA",
            t_eval=times,
            rtol=rtol,
            atol=1e-13,
        )
        assert solution.success, solution.message
        return solution.y[:-1].T, solution.y[-1]
