"""Check for constants that are not finite: log of 0, square root of -1, division by zero."""

from collections.abc import Iterator

import numpy as np
import sympy as sp

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.expressions.numeric import Known, evaluate
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.interface import ParameterKind
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["check_constants"]

_REMEDY = "check the constants in it, or guard it with a condition"


def check_constants(_: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report parts of equations that have a constant value which is not finite.

    Branches that a condition on constants excludes are ignored.
    """
    finder = _Finder(system)
    return [
        Issue(where=where, what=what, remedy=_REMEDY)
        for where, expr in _places(system)
        for what in finder.find(expr)
    ]


def _places(system: OdeSystem) -> Iterator[tuple[str, sp.Expr]]:
    for a in system.assignments:
        yield a.where, a.expr
    for s in system.states:
        yield s.where, s.rhs
        yield f"{s.where}: {s.name}(0)", s.initial
    for o in system.outputs:
        yield o.where, o.expr
    for d in system.doses:
        for expr in (d.factor, d.bioavailability, d.lag, d.rate, d.duration):
            if expr is not None:
                yield d.where, expr


class _Finder:
    """A search for the largest parts of each expression that consist of constants alone."""

    def __init__(self, system: OdeSystem) -> None:
        self.seen: set[sp.Basic] = set()
        self.known: Known = {
            symbol(p.name): np.asarray(float(p.value))
            for p in system.parameters
            if p.kind is ParameterKind.CONSTANT and p.value is not None
        }
        self.constant = set(self.known)
        for a in system.assignments:
            if a.expr.free_symbols <= self.constant:
                self.known[symbol(a.name)] = evaluate(a.expr, self.known)
                self.constant.add(symbol(a.name))

    def find(self, expr: sp.Basic) -> Iterator[str]:
        if expr in self.seen or not expr.args:
            return
        self.seen.add(expr)
        if isinstance(expr, sp.Expr) and expr.free_symbols <= self.constant:
            yield from self._number(expr)
        elif isinstance(expr, sp.Piecewise):
            yield from self._choice(expr)
        else:
            for arg in expr.args:
                yield from self.find(arg)

    def _number(self, expr: sp.Expr) -> Iterator[str]:
        if any(not np.isfinite(self.known[s]) for s in expr.free_symbols):
            return  # reported where it is defined
        if not np.isfinite(evaluate(expr, self.known)):
            text = str(expr).replace("**", "^")[:100]
            yield f"{text} is not a finite number{self._values(expr)}"

    def _values(self, expr: sp.Expr) -> str:
        names = sorted(expr.free_symbols, key=str)
        values = ", ".join(f"{s} = {float(self.known[s]):g}" for s in names)
        return f" at {values}" if values else ""

    def _choice(self, expr: sp.Piecewise) -> Iterator[str]:
        for value, condition in expr.args:
            decided = self._decided(condition)
            if decided is not False:
                yield from self.find(condition)
                yield from self.find(value)
            if decided:
                return

    def _decided(self, condition: sp.Basic) -> bool | None:
        """Return whether a condition on constants holds; None if it has other symbols."""
        if not condition.free_symbols <= self.constant:
            return None
        choice = sp.Piecewise((1, condition), (0, True), evaluate=False)
        return bool(evaluate(choice, self.known) == 1)
