"""Unit consistency of every equation, helper, output and link."""

from collections.abc import Mapping

import pint
import sympy as sp

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.anatomy import SHARED_PART
from pkqsp_bayes.ode.expressions.dimensions import Units, unit_text
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.system import Assignment, OdeSystem, State
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.units import UnitError, conversion_factor, parse_unit, same_dimension

__all__ = ["check_units", "output_units"]

_ROUNDING = 1e-9
_REMEDY = "correct the expression or a stated unit"


def check_units(spec: ModelSpec, system: OdeSystem) -> list[Issue]:
    """Report each sub-expression whose units disagree.

    A state or helper without a stated unit has the unit of its initial value or expression. A model
    that states no unit anywhere is not checked.
    """
    if not _states_any_unit(spec):
        return []
    problems: list[Issue] = []
    table = _Table(spec, system, problems)
    for a in system.assignments:
        table.add_helper(a.name, a.expr, a.unit, a.where)
    for state in system.states:
        table.check_state(state)
    for o in system.outputs:
        if o.unit or _is_dimensionless_output(spec, o.name):
            table.require(o.expr, o.unit, o.where)
    return problems


def _states_any_unit(spec: ModelSpec) -> bool:
    if spec.body or spec.pools or spec.antibody or spec.absorption or spec.elimination:
        return True
    stated = [p.unit for p in spec.population.parameters.values()]
    stated += [q.unit or "" for q in spec.parameters.values()]
    stated += [unit for m in spec.qsp.values() for unit in m.units.values()]
    stated += [q.unit or "" for m in spec.qsp.values() for q in m.parameters.values()]
    stated += list(spec.equations.units.values()) if spec.equations else []
    return any(stated)


def _is_dimensionless_output(spec: ModelSpec, name: str) -> bool:
    return spec.observe[name].value.unit == "" if name in spec.observe else False


def output_units(spec: ModelSpec, system: OdeSystem) -> dict[str, str | None]:
    """Return the unit of each output; None if neither the file nor the equations state it.

    The unit of a logarithm is written with its argument's unit: ``log(mg/L)`` (``log10``,
    ``log2``).

    Parameters
    ----------
    spec : ModelSpec
        The stated model.
    system : OdeSystem
        The composed system.

    Examples
    --------
    >>> from pkqsp_bayes.ode.compose import compose_model
    >>> from pkqsp_bayes.spec.reading.toml import parse_model
    >>> model = parse_model('''
    ... title = "decay"
    ... equations = { text = "d(A)/dt = -0.1 * A", units = { A = "mg" } }
    ... observe = { amount = { value = "A" }, log_amount = { value = "log(A)" } }
    ... ''')
    >>> output_units(model, compose_model(model))
    {'amount': 'mg', 'log_amount': 'log(mg)'}
    """
    table = _Table(spec, system, [])
    helpers = {symbol(a.name): a.expr for a in system.assignments}
    if not _states_any_unit(spec):
        return {o.name: o.unit or None for o in system.outputs}
    for a in system.assignments:
        table.add_helper(a.name, a.expr, a.unit, a.where)
    return {o.name: _output_unit(o.expr, o.unit, table, helpers) for o in system.outputs}


def _output_unit(
    expr: sp.Expr, stated: str, table: "_Table", helpers: Mapping[sp.Symbol, sp.Expr]
) -> str | None:
    while expr.is_Symbol and expr in helpers and isinstance(helpers[expr], sp.Mul | sp.log):
        inner = helpers[expr]
        if _logarithm(inner) is None:
            break
        expr = inner
    found = _logarithm(expr)
    if found is None:
        return stated or _text_of(table.units.infer(expr))
    name, argument = found
    unit = _text_of(table.units.infer(argument))
    return None if unit is None else f"{name}({unit})"


def _logarithm(expr: sp.Expr) -> tuple[str, sp.Expr] | None:
    """Return the name and the argument of an expression that is a logarithm."""
    factor, rest = expr.as_independent(*expr.free_symbols, as_Add=False)
    if not isinstance(rest, sp.log):
        return None
    for name, base in (("log", sp.E), ("log10", sp.Integer(10)), ("log2", sp.Integer(2))):
        if abs(float(factor * sp.log(base)) - 1) < _ROUNDING:
            return name, rest.args[0]
    return None


def _text_of(unit: pint.Unit | None) -> str | None:
    return None if unit is None else unit_text(unit)


def _is_amount(unit: pint.Unit) -> bool:
    return any(same_dimension(unit_text(unit), amount) for amount in ("mg", "mol"))


def _factor(unit: pint.Unit, wanted: pint.Unit) -> float | None:
    """Return the factor of a conversion; None between mass and moles."""
    try:
        return conversion_factor(unit_text(unit), unit_text(wanted))
    except UnitError:
        return None


class _Table:
    """Units of all symbols, filled in the order of the helpers."""

    def __init__(self, spec: ModelSpec, system: OdeSystem, problems: list[Issue]) -> None:
        self.problems = problems
        self.time = parse_unit(system.time_unit)
        self.amount = parse_unit(spec.amount_unit)
        self.known: dict[sp.Symbol, pint.Unit | None] = {TIME: self.time}
        for p in system.parameters:
            # A constant without a unit may have any unit; a population parameter states its own.
            silent = p.name in spec.parameters and spec.parameters[p.name].unit is None
            self.known[symbol(p.name)] = None if silent else self._parse(p.unit, p.where)
        for c in system.covariates:
            self.known[symbol(c.name)] = self._parse(c.unit, c.where)
        loose = {symbol(c.name) for c in system.covariates} | {TIME}
        self.units = Units(known=self.known, loose=frozenset(loose))
        waiting = [s for s in system.states if not s.unit]
        for s in system.states:
            self.known[symbol(s.name)] = self._parse(s.unit, s.where) if s.unit else None
        self._infer_states(waiting, system)

    def _parse(self, text: str, where: str) -> pint.Unit | None:
        try:
            return parse_unit(text)
        except UnitError as error:
            self.problems.append(Issue(where=where, what=str(error), remedy="correct the unit"))
            return None

    def _infer_states(self, waiting: list[State], system: OdeSystem) -> None:
        """Infer the unit of a state from its initial value, if that has a unit."""
        if not any(s.initial.free_symbols for s in waiting):
            return
        found = dict(self.known)
        quiet = Units(known=found, loose=self.units.loose)
        for a in system.assignments:
            found[symbol(a.name)] = self._guess(a, quiet)
        for s in waiting:
            if s.initial.free_symbols:
                self.known[symbol(s.name)] = quiet.infer(s.initial)

    @staticmethod
    def _guess(a: Assignment, quiet: Units) -> pint.Unit | None:
        """Return the unit of a helper without reporting problems."""
        if a.unit:
            try:
                return parse_unit(a.unit)
            except UnitError:
                return None
        return quiet.infer(a.expr) if a.expr.free_symbols else None

    def add_helper(self, name: str, expr: sp.Expr, unit: str, where: str) -> None:
        if unit:
            self.require(expr, unit, where)
            self.known[symbol(name)] = self._parse(unit, where)
        elif name.startswith(SHARED_PART):
            self.known[symbol(name)] = None  # a part of a formula in stated units
        elif expr.free_symbols:
            self.known[symbol(name)] = self.units.infer(expr)
            self._collect(where)
        else:
            self.known[symbol(name)] = None

    def require(self, expr: sp.Expr, unit: str, where: str) -> None:
        wanted = self._parse(unit, where)
        if wanted is not None:
            self.units.require(expr, wanted)
        self._collect(where)

    def check_state(self, state: State) -> None:
        unit = self.known[symbol(state.name)]
        if unit is None:
            self.units.infer(state.rhs)
            return self._collect(state.where)
        self.units.require(state.rhs, unit / self.time)
        self._collect(state.where)
        self.units.require(state.initial, unit)
        self._collect(f"{state.where}: {state.name}(0)")
        if state.drug != 0:
            self.units.require(state.drug * symbol(state.name), self.amount)
        return self._collect(f"{state.where}: drug in {state.name}", self._drug_remedy(state, unit))

    def _drug_remedy(self, state: State, unit: pint.Unit) -> str:
        """Return how to state the drug in a state in the model's unit of amounts."""
        name = state.name
        if not state.drug.is_number:
            return f"correct drug = {{ {name} = ... }}, or a stated unit"
        if _is_amount(unit):
            factor = _factor(unit, self.amount)
            scaled = f"; or drug = {{ {name} = {factor:.12g} }}" if factor is not None else ""
            return (
                f'state amount_unit = "{state.unit or unit_text(unit)}" at the top of the model, '
                f"which applies to all its amounts and rates{scaled}"
            )
        return (
            f"state the amount of drug in one unit of {name}:  "
            f'drug = {{ {name} = "V" }} for a concentration in a volume V'
        )

    def _collect(self, where: str, remedy: str = _REMEDY) -> None:
        self.problems += [
            Issue(where=where, what=str(p), remedy=remedy) for p in self.units.problems
        ]
        self.units.problems.clear()
