"""Lowering: from the flat system to stages, derivatives, sparsity and an elimination order."""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.ode.hoist import Hoister
from pkqsp_bayes.ode.inline import Inlining, covariate_symbols, plan_inlining
from pkqsp_bayes.ode.lowered import Coefficient, Entry, LoweredOde, SparseMap, Stage
from pkqsp_bayes.ode.sparsity import plan_elimination
from pkqsp_bayes.ode.symbols import TIME, symbol
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem, ParameterKind

__all__ = ["covariate_symbols", "lower_system"]

_ZERO = sp.Integer(0)


def lower_system(system: OdeSystem) -> LoweredOde:
    """Lower a checked system.

    Parameters
    ----------
    system : OdeSystem
        What `compose_model` returns, after its checks.

    Returns
    -------
    LoweredOde
        Stages, right-hand side, Jacobians with respect to states and coefficients, second-order
        contractions, time derivative, outputs, initial values, dosing, elimination order.

    Notes
    -----
    Rows that are affine in a state, with a coefficient free of states and time, keep it as one
    product ``q * y``: for a linear system each Jacobian entry is then a coefficient, and nothing
    but products and sums is left in the right-hand side.
    """
    return _Lowering.begin(system).finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lowering:
    """The working set of one lowering; each method makes one part of the result."""

    system: OdeSystem
    inline: Inlining
    states: tuple[sp.Symbol, ...]
    individual: tuple[sp.Symbol, ...]
    hoister: Hoister

    @classmethod
    def begin(cls, system: OdeSystem) -> "_Lowering":
        states = tuple(symbol(s.name) for s in system.states)
        individual = tuple(
            symbol(p.name) for p in system.parameters if p.kind is ParameterKind.INDIVIDUAL
        )
        return cls(
            system=system,
            inline=plan_inlining(system),
            states=states,
            individual=individual,
            hoister=Hoister(dynamic=frozenset({*states, TIME})),
        )

    def finish(self) -> LoweredOde:
        system = self.system
        # Rows are rewritten first: the table of coefficients is complete only after the last.
        rows = [self._row(s.name, s.rhs) for s in system.states]
        outputs = [self._affine(self._closed(o.expr), o.name) for o in system.outputs]
        initial = [self._static(s.initial) for s in system.states]
        doses = [self._static(e) for target in system.doses for e in _dose_row(target)]
        coefficients = self._coefficients()
        moving = {c.symbol: i for i, c in enumerate(coefficients) if c.gradient}
        rhs = self._map(rows, moving)
        directions = tuple(symbol(f"direction@{i}") for i in range(len(self.states)))
        index = {name.name: i for i, name in enumerate(self.states)}
        varying = tuple(c for c in system.covariates if c.interpolation != "fixed")
        autonomous = not any(row.has(TIME) for row in rows)
        return LoweredOde(
            title=system.title,
            time_unit=system.time_unit,
            states=tuple(s.name for s in system.states),
            parameters=tuple(p.name for p in self.individual),
            fixed_covariates=tuple(c.name for c in system.covariates if c.interpolation == "fixed"),
            varying_covariates=varying,
            output_names=tuple(o.name for o in system.outputs),
            dose_names=tuple(d.name for d in system.doses),
            dose_states=tuple(index[d.state] for d in system.doses),
            dose_has_rate=tuple(d.rate is not None for d in system.doses),
            dose_has_duration=tuple(d.duration is not None for d in system.doses),
            coefficients=coefficients,
            rhs=rhs,
            contraction=self._contraction(rhs, directions, moving),
            time=self._map([sp.diff(row, TIME) for row in rows], moving),
            initial=self._map(initial, moving),
            outputs=self._map(outputs, moving),
            doses=self._map(doses, moving),
            directions=directions,
            elimination=plan_elimination(len(self.states), [(e.row, e.col) for e in rhs.by_state]),
            linear=autonomous
            and not any(e.expr.free_symbols & set(self.states) for e in rhs.by_state),
            autonomous=autonomous,
        )

    def _closed(self, expr: sp.Expr) -> sp.Expr:
        return self.inline.close(sp.sympify(expr))

    def _static(self, expr: sp.Expr) -> sp.Expr:
        return self.hoister.hoist(self._closed(expr))

    def _row(self, name: str, rhs: sp.Expr) -> sp.Expr:
        return self._affine(self._closed(rhs), name)

    def _affine(self, expr: sp.Expr, name: str) -> sp.Expr:
        """Split off the states that enter with a static factor; hoist the rest as it stands."""
        linear: dict[sp.Symbol, sp.Expr] = {}
        for state in self.states:
            if state in expr.free_symbols:
                slope = sp.diff(expr, state)
                if self.hoister.is_static(slope):
                    linear[state] = slope
        rest = expr.xreplace(dict.fromkeys(linear, _ZERO)) if linear else expr
        terms = [
            self.hoister.coefficient(slope, f"k({name} <- {state.name})") * state
            for state, slope in linear.items()
        ]
        return sp.Add(*terms, self.hoister.hoist(rest))

    def _coefficients(self) -> tuple[Coefficient, ...]:
        """Sort the table by stage: subject, theta, segment.

        What depends on fixed covariates alone inside a later coefficient is split off as a
        subject-stage coefficient of its own, so that it is computed once a subject.
        """
        varying = {
            s
            for c in self.system.covariates
            if c.interpolation != "fixed"
            for s in covariate_symbols(c.name)
        }
        outer = [(e.xreplace(self.inline.later), s) for e, s in self.hoister.table.items()]
        inner = Hoister(
            dynamic=frozenset({*self.individual, *varying}),
            table={e: s for e, s in outer if not e.has(*self._later(varying))},
            labels=self.hoister.labels,
            start=len(outer),
        )
        made = []
        for expr, name in outer:
            later = not inner.is_static(expr)
            split = inner.hoist(expr) if later else expr
            made.append(self._coefficient(name, split, varying))
        known = {c.symbol for c in made}
        made += [
            self._coefficient(name, expr, varying)
            for expr, name in inner.table.items()
            if name not in known
        ]
        return tuple(sorted(made, key=lambda c: list(Stage).index(c.stage)))

    def _later(self, varying: set[sp.Symbol]) -> list[sp.Symbol]:
        return [*self.individual, *varying] or [TIME]

    def _coefficient(self, name: sp.Symbol, expr: sp.Expr, varying: set[sp.Symbol]) -> Coefficient:
        gradient = tuple(
            (j, d)
            for j, p in enumerate(self.individual)
            if p in expr.free_symbols and (d := sp.diff(expr, p)) != 0
        )
        return Coefficient(
            symbol=name,
            label=self.hoister.labels[name],
            expr=expr.xreplace(self.inline.subject),
            stage=_stage(expr, varying, set(self.individual)),
            gradient=gradient,
        )

    def _map(self, values: Sequence[sp.Expr], moving: dict[sp.Symbol, int]) -> SparseMap:
        places = {s: i for i, s in enumerate(self.states)}
        return SparseMap(
            values=tuple(values),
            by_state=_entries(values, places),
            by_coefficient=_entries(values, moving),
        )

    def _contraction(
        self, rhs: SparseMap, directions: Sequence[sp.Symbol], moving: dict[sp.Symbol, int]
    ) -> SparseMap:
        contracted = [_ZERO] * len(self.states)
        for entry in rhs.by_state:
            contracted[entry.row] += entry.expr * directions[entry.col]
        return self._map(contracted, moving)


def _entries(values: Sequence[sp.Expr], places: dict[sp.Symbol, int]) -> tuple[Entry, ...]:
    found = []
    for row, value in enumerate(values):
        present = sorted((places[s], s) for s in value.free_symbols if s in places)
        for col, s in present:
            derivative = sp.diff(value, s)
            if derivative != 0:
                found.append(Entry(row=row, col=col, expr=derivative))
    return tuple(found)


def _stage(expr: sp.Expr, varying: set[sp.Symbol], individual: set[sp.Symbol]) -> Stage:
    used = expr.free_symbols
    if used & varying:
        return Stage.SEGMENT
    return Stage.THETA if used & individual else Stage.SUBJECT


def _dose_row(target: DoseTarget) -> tuple[sp.Expr, ...]:
    return (
        target.factor,
        target.bioavailability,
        target.lag,
        _ZERO if target.rate is None else target.rate,
        _ZERO if target.duration is None else target.duration,
    )
