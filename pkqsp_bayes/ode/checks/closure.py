"""Expressions with their helpers expanded, and a reference point for their evaluation."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from pkqsp_bayes.ode.expressions.numeric import Known, evaluate, evaluate_helpers
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.lowering.chain import needed_links
from pkqsp_bayes.ode.system import Assignment, OdeSystem
from pkqsp_bayes.units import conversion_factor, same_dimension

__all__ = ["Closure"]

# For covariates without a stated reference: an adult of 70 kg, 40 years, 176 cm.
_TYPICAL = (("kg", 70.0), ("year", 40.0), ("cm", 176.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """The dependencies and typical values of expressions, with helpers expanded."""

    system: OdeSystem
    reads: Mapping[sp.Symbol, frozenset[sp.Symbol]]
    known: Known

    @classmethod
    @functools.lru_cache(maxsize=4)
    def of(cls, system: OdeSystem) -> "Closure":
        """Expand each helper of a system once; all checks share the result."""
        reads: dict[sp.Symbol, frozenset[sp.Symbol]] = {}
        for a in system.assignments:
            reads[symbol(a.name)] = _through(a.expr, reads)
        known = _reference(system)
        evaluate_helpers(system.assignments, known)
        return cls(system=system, reads=reads, known=known)

    def depends(self, expr: sp.Expr) -> frozenset[sp.Symbol]:
        """Return the symbols that an expression depends on, with helpers expanded."""
        return _through(sp.sympify(expr), self.reads)

    def close(self, expr: sp.Expr) -> sp.Expr:
        """Expand the helpers of an expression."""
        table: dict[sp.Symbol, sp.Expr] = {}
        for a in self.helpers_of(expr):
            table[symbol(a.name)] = a.expr.xreplace(table)
        return sp.sympify(expr).xreplace(table)

    def helpers_of(self, expr: sp.Expr) -> list[Assignment]:
        """Return the helpers that an expression uses, directly or indirectly, in order."""
        links = {symbol(a.name): a.expr for a in self.system.assignments}
        wanted = needed_links([sp.sympify(expr)], links)
        return [a for a in self.system.assignments if symbol(a.name) in wanted]

    def has(self, name: str) -> bool:
        """Return whether there is a helper with this name."""
        return symbol(name) in self.reads

    def at_reference(self, expr: sp.Expr) -> float | None:
        """Return an expression's value at typical parameters and covariates.

        None if it depends on states or time, or on a parameter that has no value.
        """
        whole = sp.sympify(expr)
        if not all(s in self.known for s in whole.free_symbols):
            return None
        value = float(evaluate(whole, self.known))
        return value if math.isfinite(value) else None


def _through(
    expr: sp.Expr, reads: Mapping[sp.Symbol, frozenset[sp.Symbol]]
) -> frozenset[sp.Symbol]:
    used = expr.free_symbols
    return frozenset(s for s in used if s not in reads).union(
        *(reads[s] for s in used & set(reads))
    )


def _reference(system: OdeSystem) -> Known:
    values = {p.name: p.value for p in system.parameters if p.value is not None}
    for c in system.covariates:
        values[c.name] = c.reference if c.reference is not None else _typical(c.unit)
    return {symbol(name): np.asarray(float(value)) for name, value in values.items()}


def _typical(unit: str) -> float:
    for known, value in _TYPICAL:
        if unit and same_dimension(unit, known):
            return value * conversion_factor(known, unit)
    return 1.0
