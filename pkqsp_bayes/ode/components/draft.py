"""The draft of a system, to which components add before it becomes an `OdeSystem`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sympy as sp

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.components.numbers import amount_conversion, conversion, exact
from pkqsp_bayes.ode.expressions.grammar import parse_expression
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.interface import Covariate, Parameter
from pkqsp_bayes.ode.system import Assignment, DoseTarget, Output
from pkqsp_bayes.physiology.formula_ranges import Limit
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.units import UnitError

__all__ = ["Draft", "DraftState", "Place", "Scope"]

Scope = Mapping[str, sp.Expr]
"""Names that have a meaning of their own inside a module."""

_ONE = sp.Integer(1)
_ZERO = sp.Integer(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that holds drug: an organ, a pool or a depot, as components need it.

    Parameters
    ----------
    name, state : str
        Name for users, and the state that gains or loses drug.
    per_amount : sympy expression
        Change of the state for one unit of drug amount: 1, or ``1/V`` for a concentration state.
    total, unbound, emergent : sympy expression or None
        Concentrations of total drug, of unbound drug, and in the fluid that leaves.
    entering : sympy expression or None
        Plasma concentration that enters (the concentration that a glomerulus filters).
    volume : sympy expression or None
        Volume of the space, L.
    unit : str or None
        Unit of a state of the equations that states its own unit and not its drug content; amounts
        are converted to this unit.
    """

    name: str
    state: str
    per_amount: sp.Expr = _ONE
    unit: str | None = None
    total: sp.Expr | None = None
    unbound: sp.Expr | None = None
    emergent: sp.Expr | None = None
    entering: sp.Expr | None = None
    volume: sp.Expr | None = None


@dataclass(slots=True, kw_only=True)
class DraftState:
    """A state whose right-hand side is not complete yet."""

    name: str
    unit: str
    drug: sp.Expr
    initial: sp.Expr
    where: str
    terms: list[sp.Expr] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Draft:
    """The incomplete system, to which components add.

    ``occasions`` are the labels of the study's occasions; ``individual`` are known parameters that
    are individual parameters all the same. ``merged`` maps organs that are now part of another
    (lumped, or left out of a subset) to that organ; ``plain`` maps undotted names that modules
    define to their full names; ``driven`` maps the target of a link to the name that replaces it;
    ``time_varying`` maps parameters that change within a subject to the names of their values over
    time; ``derived`` maps partition coefficients to the stated coefficient that they are computed
    from. ``untracked`` are states that drug enters or leaves and that the file does not list as
    holding drug.
    """

    spec: ModelSpec
    occasions: tuple[str, ...] = ()
    individual: frozenset[str] = frozenset()
    states: dict[str, DraftState] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    covariates: dict[str, Covariate] = field(default_factory=dict)
    helpers: dict[str, Assignment] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    doses: list[DoseTarget] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    plain: dict[str, list[str]] = field(default_factory=dict)
    driven: dict[str, str] = field(default_factory=dict)
    time_varying: dict[str, str] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)
    untracked: set[str] = field(default_factory=set)
    eliminated: list[sp.Expr] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    @property
    def amount_unit(self) -> str:
        """Return the unit of drug amounts."""
        return self.spec.amount_unit

    @property
    def concentration_unit(self) -> str:
        """Return the unit of drug concentrations."""
        return f"{self.spec.amount_unit}/L"

    @property
    def flow_unit(self) -> str:
        """Return the unit of flows and clearances."""
        return f"L/{self.spec.time_unit}"

    @property
    def rate_unit(self) -> str:
        """Return the unit of first-order rate constants."""
        return f"1/{self.spec.time_unit}"

    def problem(self, where: str, what: str, remedy: str = "") -> None:
        """Add a problem; composition continues, to find the others."""
        self.issues.append(Issue(where=where, what=what, remedy=remedy))

    def refuse_keys(self, spec: object, keys: Iterable[str], where: str, why: str) -> None:
        """Report stated keys that have no meaning in their place."""
        for key in keys:
            if getattr(spec, key) is not None:
                self.problem(f"{where}.{key}", f"{key} has no meaning here: {why}", "remove it")

    def knows(self, name: str) -> bool:
        """Return whether a full name is already defined."""
        tables = (self.states, self.parameters, self.covariates, self.helpers)
        return any(name in table for table in tables)

    def parse(self, text: str, *, where: str, scope: Scope | None = None) -> sp.Expr:
        """Parse an expression; if that fails, add an issue and return 1."""
        try:
            expr = parse_expression(text, where=where)
        except CheckError as error:
            self.issues.extend(error.issues)
            return _ONE
        return localised(expr, scope or {})

    def read(
        self, q: Quantity, unit: str | None, *, where: str, scope: Scope | None = None
    ) -> sp.Expr:
        """Return a quantity as an expression in a unit.

        Parameters
        ----------
        q : Quantity
            The stated quantity.
        unit : str or None
            Unit to convert to; None keeps the quantity as it is.
        where : str
            Path in the model file.
        scope : mapping, optional
            Local names.
        """
        if isinstance(q.value, str):
            expr = self.parse(q.value, where=where, scope=scope)
        else:
            expr = exact(q.value)
        stated = q.unit if q.unit is not None else self._unit_of(expr, unit)
        if unit is None or stated is None or stated == unit:
            return expr
        try:
            return expr * conversion(stated, unit)
        except UnitError as error:
            self.problem(where, str(error), f"state it in {unit or 'a pure number'}")
            return expr

    def _unit_of(self, expr: sp.Expr, wanted: str | None) -> str | None:
        """Return the unit of a bare name, if a factor converts it to the required unit.

        A name on its own is a quantity, so it is converted. Inside a formula, a name is a number in
        its own unit, and the unit check verifies the formula.
        """
        if wanted is None or not expr.is_Symbol:
            return None
        unit = self.stated_unit(expr.name)
        try:
            return unit if unit and conversion(unit, wanted) else None
        except UnitError:
            return None

    def stated_unit(self, name: str) -> str | None:
        """Return the unit that the model file states for a parameter or covariate."""
        if name in self.spec.population.parameters:
            return self.spec.population.parameters[name].unit
        if name in self.spec.covariates:
            return self.spec.covariates[name].unit
        return self.spec.parameters[name].unit if name in self.spec.parameters else None

    def unit_of(self, expr: sp.Expr) -> str:
        """Return the unit recorded for a bare name; empty if there is none."""
        if not expr.is_Symbol:
            return ""
        full = self.plain.get(expr.name, [])
        name = full[0] if len(full) == 1 and not self.knows(expr.name) else expr.name
        if name in self.states:
            return self.states[name].unit
        return self.helpers[name].unit if name in self.helpers else self.stated_unit(name) or ""

    def define(self, name: str, expr: sp.Expr, *, unit: str = "", where: str) -> sp.Symbol:
        """Define a helper and return its symbol; report a name that is already defined."""
        if self.knows(name):
            self.problem(where, f"{name!r} is defined twice", "rename one of the two")
        else:
            self.helpers[name] = Assignment(name=name, expr=expr, unit=unit, where=where)
        return symbol(name)

    def quantity(
        self, name: str, q: Quantity, unit: str | None, *, where: str, scope: Scope | None = None
    ) -> sp.Symbol:
        """Read a quantity and define it as a helper, unless it is its own name."""
        expr = self.read(q, unit, where=where, scope=scope)
        if expr == symbol(name):
            return symbol(name)
        stated = (unit or "dimensionless") if unit is not None else q.unit or ""
        return self.define(name, expr, unit=stated, where=where)

    def state(
        self,
        name: str,
        *,
        unit: str,
        where: str,
        drug: sp.Expr = _ZERO,
        initial: sp.Expr = _ZERO,
    ) -> sp.Symbol:
        """Add a state and return its symbol."""
        if self.knows(name):
            self.problem(where, f"{name!r} is defined twice", "rename one of the two")
        self.states.setdefault(
            name, DraftState(name=name, unit=unit, drug=drug, initial=initial, where=where)
        )
        return symbol(name)

    def rate(self, state: str, *terms: sp.Expr) -> None:
        """Add terms to the right-hand side of a state."""
        self.states[state].terms.extend(terms)

    def gain(self, place: Place, rate: sp.Expr) -> None:
        """Add drug to a place, as amount per time."""
        if self.states[place.state].drug == 0:
            self.untracked.add(place.state)
        self.rate(place.state, rate * self.per_amount(place, self.amount_unit))

    def per_amount(self, place: Place, unit: str, *, where: str = "") -> sp.Expr:
        """Return the change of a place's state for one unit of drug amount.

        Parameters
        ----------
        place : Place
            The place that receives the drug.
        unit : str
            Unit of the amount.
        where : str
            Path in the model file; the default is that of the state.
        """
        target = self.amount_unit if place.unit is None else place.unit
        at = where or self.states[place.state].where
        return place.per_amount * amount_conversion(self, unit, target, where=at)

    def move(self, source: Place, target: Place, rate: sp.Expr) -> None:
        """Move drug from one place to another, as amount per time."""
        self.gain(source, -rate)
        self.gain(target, rate)

    def eliminate(self, place: Place, rate: sp.Expr) -> None:
        """Eliminate drug from a place, as amount per time."""
        self.gain(place, -rate)
        self.eliminated.append(rate)

    def place(self, name: str, *, where: str) -> Place | None:
        """Return a place by name, or report an unknown name."""
        found = self.places.get(self.merged.get(name, name))
        if found is None and name in self.states:
            return self._state_as_place(name)
        if found is None:
            valid = [*self.places, *self.states]
            remedy = suggest(name, valid)
            self.problem(where, f"there is no organ, pool or state {name!r}", remedy)
        return found

    @staticmethod
    def base_of(name: str) -> sp.Symbol:
        """Return the symbol of a driven quantity without the effect of its link."""
        return symbol(f"{name}@base")

    def _state_as_place(self, name: str) -> Place:
        state = self.states[name]
        if state.drug == 0:
            return Place(name=name, state=name, unit=state.unit or None)
        return Place(name=name, state=name, per_amount=1 / state.drug)


def localised(expr: sp.Expr, scope: Scope) -> sp.Expr:
    """Replace the names of a scope by their expressions."""
    return expr.xreplace({symbol(name): value for name, value in scope.items()})
