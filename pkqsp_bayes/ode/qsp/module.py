"""A QSP module during composition: its names, its organ, its units."""

from dataclasses import dataclass, field

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.components.numbers import amount_conversion
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.mechanism import QspSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["Module"]

_ZERO = sp.Integer(0)


@dataclass(slots=True, kw_only=True)
class Module:
    """A module as templates use it: parameters by key, states and helpers with its name.

    ``scope`` are the names with a meaning of their own in the module: ``C``, ``Cu``, ``A``, ``V``
    of the organ, and sub-volumes. ``used`` are the parameters that were read; ``stated`` is the
    driving concentration once it has been read.
    """

    draft: Draft
    name: str
    spec: QspSpec
    place: Place | None
    scope: dict[str, sp.Expr] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    stated: sp.Expr = _ZERO

    @property
    def where(self) -> str:
        """Return the path in the model file."""
        return f"qsp.{self.name}"

    @property
    def unit(self) -> str:
        """Return the unit of drug concentrations in the module."""
        return self.spec.concentration_unit or self.draft.concentration_unit

    def has(self, key: str) -> bool:
        """Return whether the file states a parameter of the template."""
        return key in self.spec.parameters

    def parameter(self, key: str, unit: str | None = None) -> sp.Expr:
        """Return a parameter of the template, or report that it is missing."""
        full = f"{self.name}.{key}"
        if key in self.used:
            return symbol(full)
        self.used.add(key)
        where = f"{self.where}.parameters.{key}"
        q = self.spec.parameters.get(key)
        if q is None:
            what = f"the template {self.spec.template!r} needs {key}"
            self.draft.problem(where, what, f'{key} = "..." in parameters')
            return sp.Integer(1)
        return self.draft.quantity(full, q, unit, where=where, scope=self.scope)

    def optional(self, key: str, default: sp.Expr, unit: str | None = None) -> sp.Expr:
        """Return a parameter, or its default."""
        return self.parameter(key, unit) if self.has(key) else default

    def state(
        self, short: str, *, initial: sp.Expr, unit: str | None = None, drug: sp.Expr = _ZERO
    ) -> sp.Symbol:
        """Add a state ``<module>.<short>``, which is also known outside as ``<short>``."""
        full = f"{self.name}.{short}"
        self.draft.plain.setdefault(short, []).append(full)
        stated = self.spec.units.get(short, unit or "")
        return self.draft.state(full, unit=stated, where=self.where, drug=drug, initial=initial)

    def helper(self, short: str, expr: sp.Expr, unit: str = "") -> sp.Symbol:
        """Define ``<module>.<short>``, which is also known outside as ``<short>``."""
        full = f"{self.name}.{short}"
        self.draft.plain.setdefault(short, []).append(full)
        stated = self.spec.units.get(short, unit)
        return self.draft.define(full, expr, unit=stated, where=self.where)

    def rate(self, short: str, *terms: sp.Expr) -> None:
        """Add terms to the right-hand side of a state of the module."""
        self.draft.rate(f"{self.name}.{short}", *terms)

    def concentration(self) -> sp.Expr:
        """Return the driving concentration: the parameter ``C``, or that of the organ."""
        q = self.spec.parameters.get("C")
        if q is None:
            return self.scope["C"] if "C" in self.scope else self.parameter("C")
        if "C" not in self.used:
            self.used.add("C")
            self.stated = self._stated_concentration(q)
        return self.stated

    def _stated_concentration(self, q: Quantity) -> sp.Expr:
        where = f"{self.where}.parameters.C"
        expr = self.draft.read(q, None, where=where, scope=self.scope)
        if expr == self.scope.get("C") or expr == self.scope.get("Cu"):
            return expr
        stated = q.unit or self.draft.unit_of(expr) or self.draft.concentration_unit
        factor = amount_conversion(self.draft, stated, self.unit, where=where)
        return self.draft.define(f"{self.name}.C", expr * factor, unit=self.unit, where=where)

    def to_amount(self) -> sp.Expr:
        """Return the drug amount in one litre at a concentration of one in the module's unit."""
        unit, amount = f"({self.unit})*L", self.draft.amount_unit
        where = f"{self.where}.concentration_unit"
        return amount_conversion(self.draft, unit, amount, where=where)

    def check_parameters(self, valid: set[str]) -> None:
        """Report parameters that the template does not take."""
        for key in self.spec.parameters:
            if key not in valid:
                remedy = suggest(key, valid, "it takes " + ", ".join(valid))
                what = f"the template {self.spec.template!r} takes no {key!r} here"
                self.draft.problem(f"{self.where}.parameters.{key}", what, remedy)

    def organ(self) -> Place | None:
        """Return the organ with its volume, which embedding needs."""
        return self.place if self.place is not None and self.place.volume is not None else None

    def symbol(self, short: str) -> sp.Symbol:
        """Return the symbol of a state or helper of the module."""
        return symbol(f"{self.name}.{short}")
