"""Inference of units of SymPy expressions.

Numbers are dimensionless, with two exceptions for common ways of writing. A formula in covariates
or time with numbers that are not counts (``0.0257 * WT / 1.04``, ``WT^0.75``) is empirical: its
unit is not inferred. If a unit is stated for an expression, a factor that equals the conversion
factor is one: ``1000 * venous.C`` in mg/L is in ng/mL.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pint
import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from pkqsp_bayes.units import parse_unit

__all__ = ["UnitProblem", "Units", "unit_text"]

_DIMENSIONLESS = ""
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitProblem:
    """A disagreement of units: the sub-expression and the problem."""

    expr: sp.Basic
    what: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"in {_short(self.expr)}: {self.what}"


@dataclass(slots=True, kw_only=True)
class Units:
    """Units of symbols, and the problems found while units of expressions are inferred.

    Parameters
    ----------
    known : mapping of sympy.Symbol to pint.Unit or None
        None is an unknown unit, compatible with every unit.
    loose : frozenset of sympy.Symbol
        Covariates and time; numbers in formulas of these may have units.
    problems : list of UnitProblem
        Extended by `infer` and `require`.

    Examples
    --------
    >>> C, K = sp.symbols("C K", real=True)
    >>> units = Units(known={C: parse_unit("mg/L"), K: parse_unit("1/h")})
    >>> unit_text(units.infer(C * K))
    'mg/h/L'
    >>> _ = units.infer(C + K)
    >>> print(units.problems[0])
    in C + K: K is in 1/h, C in mg/L
    """

    known: Mapping[sp.Symbol, pint.Unit | None]
    loose: frozenset[sp.Symbol] = frozenset()
    problems: list[UnitProblem] = field(default_factory=list)

    def infer(self, expr: sp.Expr) -> pint.Unit | None:
        """Return the unit of an expression; None if it cannot be inferred."""
        if not expr.free_symbols:
            return parse_unit(_DIMENSIONLESS)
        if expr.is_Symbol:
            return self.known.get(expr)
        handler = _handler(expr)
        return handler(self, expr)

    def require(self, expr: sp.Expr, unit: pint.Unit, *, whole: sp.Expr | None = None) -> None:
        """Report a problem for each term of an expression that is not in a unit."""
        if not expr.free_symbols:
            self._require_number(expr, unit, whole)
        elif isinstance(expr, sp.Add):
            loose = not _dimensional(unit) or expr.free_symbols <= self.loose
            for term in expr.args:
                if term.free_symbols or not loose:
                    self.require(term, unit, whole=expr)
        elif isinstance(expr, sp.Piecewise):
            for value, condition in expr.args:
                self._condition(condition)
                self.require(value, unit)
        else:
            self._require_term(expr, unit)

    def _require_number(self, expr: sp.Expr, unit: pint.Unit, whole: sp.Expr | None) -> None:
        if whole is not None and _dimensional(unit) and expr != 0:
            self._note(whole, f"{expr} is a pure number, the rest is in {unit_text(unit)}")

    def _require_term(self, expr: sp.Expr, unit: pint.Unit) -> None:
        found = self.infer(expr)
        if found is None:
            return
        if not _alike(found, unit):
            what = f"it is in {unit_text(found)}, and {unit_text(unit)} is needed"
            self._note(expr, what)
            return
        factor = _scale(found) / _scale(unit)
        stated = abs(float(expr.as_coeff_Mul()[0]))
        if not _close(factor, 1.0) and not _close(factor, stated):
            what = f"it is in {unit_text(found)}, and {unit_text(unit)} is needed: "
            self._note(expr, what + f"multiply by {factor:.8g}")

    def _note(self, expr: sp.Basic, what: str) -> None:
        problem = UnitProblem(expr=expr, what=what)
        if problem not in self.problems:
            self.problems.append(problem)

    def _sum(self, expr: sp.Expr) -> pint.Unit | None:
        numbers = [a for a in expr.args if not a.free_symbols]
        terms = [(a, self.infer(a)) for a in expr.args if a.free_symbols]
        known = [(a, u) for a, u in terms if u is not None]
        if not known:
            return None
        first, unit = known[0]
        for term, other in known[1:]:
            if not _agree(unit, other):
                what = f"{_short(term)} is in {unit_text(other)}, {_short(first)} "
                self._note(expr, what + f"in {unit_text(unit)}")
        if numbers and _dimensional(unit) and not expr.free_symbols <= self.loose:
            what = f"{numbers[0]} is a pure number, {_short(first)} is in {unit_text(unit)}"
            self._note(expr, what)
        return unit

    def _product(self, expr: sp.Expr) -> pint.Unit | None:
        factor, _ = expr.as_coeff_Mul()
        if abs(factor) != 1 and any(self._is_loose(a) for a in expr.args):
            return None
        result = parse_unit(_DIMENSIONLESS)
        # All factors are checked, even if the unit of one of them is unknown.
        units = [self.infer(a) for a in expr.args if a.free_symbols]
        for unit in units:
            if unit is None:
                return None
            result = result * unit
        return result

    def _is_loose(self, expr: sp.Expr) -> bool:
        """Return whether a factor is a covariate or time, or a power of one."""
        return (expr.base if isinstance(expr, sp.Pow) else expr) in self.loose

    def _power(self, expr: sp.Expr) -> pint.Unit | None:
        base, exponent = expr.base, expr.exp
        if exponent.free_symbols:
            self._pure(exponent, expr, "the exponent")
            unit = self.infer(base)
            return unit if unit is not None and not _dimensional(unit) else None
        unit = self.infer(base)
        if unit is None or not _dimensional(unit):
            return unit
        if base in self.loose and not exponent.is_Integer:
            return None
        return unit ** float(exponent)

    def _transcendental(self, expr: sp.Expr) -> pint.Unit | None:
        name = type(expr).__name__
        if name != "log":
            self._pure(expr.args[0], expr, f"the argument of {name}")
        else:
            self.infer(expr.args[0])
        return parse_unit(_DIMENSIONLESS)

    def _pure(self, inner: sp.Expr, expr: sp.Expr, name: str) -> None:
        unit = self.infer(inner)
        if unit is not None and _dimensional(unit) and not inner.free_symbols <= self.loose:
            self._note(expr, f"{name} is in {unit_text(unit)} and must be a pure number")

    def _piecewise(self, expr: sp.Piecewise) -> pint.Unit | None:
        known = []
        for value, condition in expr.args:
            self._condition(condition)
            unit = self.infer(value) if value.free_symbols else None
            if unit is not None:
                known.append((value, unit))
        for value, unit in known[1:]:
            if not _agree(unit, known[0][1]):
                what = f"one branch is in {unit_text(known[0][1])}, another in {unit_text(unit)}"
                self._note(value, what)
        return known[0][1] if known else None

    def _condition(self, condition: Boolean) -> None:
        for relation in condition.atoms(Relational):
            sides = [side for side in relation.args if side.free_symbols]
            units = [self.infer(side) for side in sides]
            if len(units) == 2 and not _agree(*units):
                what = f"{_short(sides[0])} is in {unit_text(units[0])}, "
                self._note(relation, what + f"{_short(sides[1])} in {unit_text(units[1])}")

    def _first_argument(self, expr: sp.Expr) -> pint.Unit | None:
        return self.infer(expr.args[0])


def _handler(expr: sp.Expr) -> "Callable[[Units, sp.Expr], pint.Unit | None]":
    if isinstance(expr, sp.Add):
        return Units._sum
    if isinstance(expr, sp.Mul):
        return Units._product
    if isinstance(expr, sp.Pow):
        return Units._power
    if isinstance(expr, sp.Piecewise):
        return Units._piecewise
    if isinstance(expr, sp.Abs):
        return Units._first_argument
    return Units._transcendental


def unit_text(unit: pint.Unit | None) -> str:
    """Return a unit as readable text: ``mg/L``; ``1`` is dimensionless, ``?`` unknown."""
    if unit is None:
        return "?"
    text = f"{unit:~C}".replace("**", "^") or "1"
    return re.sub(r"\b([a-zµ]?)l\b", r"\1L", text)


@functools.lru_cache(maxsize=4096)
def _dimensions(unit: pint.Unit) -> frozenset[tuple[str, float]]:
    powers = unit.dimensionality.items()
    items = ((str(k), round(float(v), 6)) for k, v in powers)  # type: ignore[arg-type]
    return frozenset((k, v) for k, v in items if v)


@functools.lru_cache(maxsize=4096)
def _scale(unit: pint.Unit) -> float:
    return float((1.0 * unit).to_base_units().magnitude)


def _alike(one: pint.Unit, other: pint.Unit) -> bool:
    return _dimensions(one) == _dimensions(other)


def _agree(one: pint.Unit | None, other: pint.Unit | None) -> bool:
    if one is None or other is None:
        return True
    return _alike(one, other) and _close(_scale(one), _scale(other))


def _dimensional(unit: pint.Unit) -> bool:
    return bool(_dimensions(unit))


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= _TOLERANCE * max(abs(one), abs(other))


def _short(expr: sp.Basic) -> str:
    text = str(expr).replace("**", "^")
    return text if len(text) <= 80 else text[:77] + "..."
