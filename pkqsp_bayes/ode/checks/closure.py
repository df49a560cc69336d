"""Expressions with every helper written out, and a point at which to evaluate them."""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.ode.system import OdeSystem
from pkqsp_bayes.units import conversion_factor, same_dimension

__all__ = ["Closure"]

# Where a covariate states no reference: a person of 70 kg, 40 years, 176 cm.
_TYPICAL = (("kg", 70.0), ("year", 40.0), ("cm", 176.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A system's helpers written out, over parameters, covariates, states and time."""

    system: OdeSystem
    table: Mapping[sp.Symbol, sp.Expr]

    @classmethod
    def of(cls, system: OdeSystem) -> "Closure":
        """Write out the helpers of a system."""
        table: dict[sp.Symbol, sp.Expr] = {}
        for a in system.assignments:
            table[symbol(a.name)] = a.expr.xreplace(table)
        return cls(system=system, table=table)

    def close(self, expr: sp.Expr) -> sp.Expr:
        """Write out an expression."""
        return sp.sympify(expr).xreplace(dict(self.table))

    def has(self, name: str) -> bool:
        """Whether there is a helper of this name."""
        return symbol(name) in self.table

    def at_reference(self, expr: sp.Expr) -> float | None:
        """Return an expression's value at typical parameters and covariates.

        None if it depends on states or time, or on a parameter that has no value.
        """
        closed = self.close(expr)
        known = self._reference()
        if not closed.free_symbols <= set(known):
            return None
        value = sp.N(closed.xreplace({s: known[s] for s in closed.free_symbols}))
        return float(value) if value.is_real else None

    def _reference(self) -> dict[sp.Symbol, sp.Float]:
        values = {p.name: p.value for p in self.system.parameters if p.value is not None}
        for c in self.system.covariates:
            values[c.name] = c.reference if c.reference is not None else _typical(c.unit)
        return {symbol(name): sp.Float(value) for name, value in values.items()}


def _typical(unit: str) -> float:
    for known, value in _TYPICAL:
        if unit and same_dimension(unit, known):
            return value * conversion_factor(known, unit)
    return 1.0
