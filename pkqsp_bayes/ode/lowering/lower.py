"""Lowering of the flat system to stages, derivatives, sparsity and an elimination order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sympy as sp
from sympy.core.relational import Relational

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import ParameterKind, describe_interface, interface_fields
from pkqsp_bayes.ode.lowering.chain import Chain, needed_links
from pkqsp_bayes.ode.lowering.guards import guard_links
from pkqsp_bayes.ode.lowering.inline import covariate_symbols
from pkqsp_bayes.ode.lowering.lowered import Coefficient, Entry, LoweredOde, SparseMap, Stage
from pkqsp_bayes.ode.lowering.rows import Rows, plan_rows
from pkqsp_bayes.ode.lowering.structure import plan_elimination
from pkqsp_bayes.ode.lowering.subexpressions import Hoister
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem

__all__ = ["covariate_symbols", "lower_system"]

_ZERO = sp.Integer(0)


def lower_system(system: OdeSystem) -> LoweredOde:
    """Lower a checked system.

    Parameters
    ----------
    system : OdeSystem
        The result of `compose_model`, after its checks.

    Returns
    -------
    LoweredOde
        Stages, right-hand side, Jacobians with respect to states and coefficients, second-order
        contractions, time derivative, outputs, initial values, dosing, elimination order.

    Notes
    -----
    Rows that are affine in a state, with a coefficient free of states and time, keep it as one
    product ``q * y``: for a linear system each Jacobian entry is then a coefficient, and the
    right-hand side has only products and sums.
    """
    return _Lowering.begin(system).finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hoisted:
    """Expressions of states and coefficients, which the kernel evaluates during a solve."""

    rows: list[sp.Expr]
    outputs: list[sp.Expr]
    initial: list[sp.Expr]
    doses: list[sp.Expr]
    edges: list[sp.Expr]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lowering:
    """The state of one lowering; each method computes one part of the result."""

    system: OdeSystem
    rows: Rows
    individual: tuple[sp.Symbol, ...]
    hoister: Hoister
    chain: Chain = field(default_factory=Chain)

    @classmethod
    def begin(cls, system: OdeSystem) -> "_Lowering":
        rows = plan_rows(system)
        individual = tuple(
            symbol(p.name) for p in system.parameters if p.kind is ParameterKind.INDIVIDUAL
        )
        return cls(
            system=system,
            rows=rows,
            individual=individual,
            hoister=Hoister(dynamic=frozenset()),
        )

    @property
    def states(self) -> tuple[sp.Symbol, ...]:
        return self.rows.states

    def finish(self) -> LoweredOde:
        system, hoisted = self.system, self._hoist()
        coefficients = self._coefficients()
        moving = {c.symbol: i for i, c in enumerate(coefficients) if c.gradient}
        rhs = self._map(hoisted.rows, moving)
        directions = tuple(symbol(f"direction@{i}") for i in range(len(self.states)))
        autonomous = not any(TIME in self.chain.depends(row) for row in hoisted.rows)
        return LoweredOde(
            **interface_fields(describe_interface(system)),
            coefficients=coefficients,
            rhs=rhs,
            contraction=self._contraction(rhs, directions, moving),
            time=self._map([self.chain.differentiate(row, TIME) for row in hoisted.rows], moving),
            initial=self._map(hoisted.initial, moving),
            outputs=self._map(hoisted.outputs, moving),
            doses=self._map(hoisted.doses, moving),
            switches=tuple(self.rows.switches.table),
            edges=self._map(hoisted.edges, moving),
            directions=directions,
            elimination=plan_elimination(len(self.states), [(e.row, e.col) for e in rhs.by_state]),
            linear=autonomous
            and not any(self.chain.depends(e.expr) & set(self.states) for e in rhs.by_state)
            and not self._compares_states(hoisted.rows),
            autonomous=autonomous,
            links=self.chain.links,
        )

    def _hoist(self) -> _Hoisted:
        """Rewrite all expressions; the table of coefficients is complete after the last one."""
        system, close = self.system, self.rows.close
        outputs = [close(o.expr, o.where) for o in system.outputs]
        initial = [close(s.initial, s.where) for s in system.states]
        doses = [close(e, d.where) for d in system.doses for e in _dose_row(d)]
        edges = [e for w in self.rows.switches.table for e in (w.slope, w.intercept)]
        self.hoister.dynamic = self.rows.moving()
        self._add_links([*self.rows.equations, *outputs, *initial, *doses, *edges])
        names = [s.name for s in self.states]
        return _Hoisted(
            rows=[self._affine(e, n) for e, n in zip(self.rows.equations, names, strict=True)],
            outputs=[self._affine(e, o.name) for e, o in zip(outputs, system.outputs, strict=True)],
            initial=[self.hoister.hoist(e) for e in initial],
            doses=[self.hoister.hoist(e) for e in doses],
            edges=[self.hoister.hoist(e) for e in edges],
        )

    def _compares_states(self, rows: Sequence[sp.Expr]) -> bool:
        """Return whether a condition reads a state; no derivative includes its jump."""
        everything = (*rows, *needed_links(rows, self.chain.links).values())
        return any(
            not self.chain.depends(r).isdisjoint(self.states)
            for e in everything
            for r in e.atoms(Relational)
        )

    def _add_links(self, roots: Sequence[sp.Expr]) -> None:
        """Hoist the links that vary in a segment; the others are already parts of coefficients."""
        for name, expr in guard_links(roots, self.rows.links).items():
            moves = not self.hoister.is_static(expr)
            self.chain.add(name, self.hoister.hoist(expr) if moves else expr)

    def _affine(self, expr: sp.Expr, name: str) -> sp.Expr:
        """Split off the states with a static factor; hoist the rest as it is."""
        linear: dict[sp.Symbol, sp.Expr] = {}
        compared = {s for r in expr.atoms(Relational) for s in r.free_symbols}
        for state in self.states:
            if state in expr.free_symbols and state not in compared:
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

        A part of a later coefficient that depends on fixed covariates alone is split off as a
        subject-stage coefficient, so that it is computed once per subject.
        """
        varying = {
            s
            for c in self.system.covariates
            if c.interpolation != "fixed"
            for s in covariate_symbols(c.name)
        } | {w.symbol for w in self.rows.switches.table}
        outer = [(e.xreplace(self.rows.inline.later), s) for e, s in self.hoister.table.items()]
        inner = Hoister(dynamic=self._later(varying), labels=self.hoister.labels, start=len(outer))
        inner.table.update((e, s) for e, s in outer if inner.is_static(e))
        self._split_links(inner)
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

    def _split_links(self, inner: Hoister) -> None:
        """Split off the subject-stage parts of links of later stages, in their order."""
        moving = self.hoister.dynamic
        for name, expr in self.chain.links.items():
            if name not in moving and not inner.is_static(name):
                self.chain.links[name] = inner.hoist(expr)

    def _later(self, varying: set[sp.Symbol]) -> frozenset[sp.Symbol]:
        """Return the symbols that are not of the subject stage, links included."""
        base = {*self.individual, *varying}
        links = self.chain.links
        return frozenset(base | {s for s in links if not base.isdisjoint(self.chain.depends(s))})

    def _coefficient(self, name: sp.Symbol, expr: sp.Expr, varying: set[sp.Symbol]) -> Coefficient:
        gradient = tuple(
            (j, d)
            for j, p in enumerate(self.individual)
            if p in self.chain.depends(expr) and (d := self.chain.differentiate(expr, p)) != 0
        )
        return Coefficient(
            symbol=name,
            label=self.hoister.labels[name],
            expr=expr.xreplace(self.rows.inline.subject),
            stage=_stage(self.chain.depends(expr), varying, set(self.individual)),
            gradient=gradient,
        )

    def _map(self, values: Sequence[sp.Expr], moving: dict[sp.Symbol, int]) -> SparseMap:
        places = {s: i for i, s in enumerate(self.states)}
        return SparseMap(
            values=tuple(values),
            by_state=self._entries(values, places),
            by_coefficient=self._entries(values, moving),
        )

    def _contraction(
        self, rhs: SparseMap, directions: Sequence[sp.Symbol], moving: dict[sp.Symbol, int]
    ) -> SparseMap:
        contracted = [_ZERO] * len(self.states)
        for entry in rhs.by_state:
            contracted[entry.row] += entry.expr * directions[entry.col]
        return self._map(contracted, moving)

    def _entries(
        self, values: Sequence[sp.Expr], places: dict[sp.Symbol, int]
    ) -> tuple[Entry, ...]:
        found = []
        for row, value in enumerate(values):
            present = sorted((places[s], s) for s in self.chain.depends(value) if s in places)
            for col, s in present:
                derivative = self.chain.differentiate(value, s)
                if derivative != 0:
                    found.append(Entry(row=row, col=col, expr=derivative))
        return tuple(found)


def _stage(
    used: frozenset[sp.Symbol], varying: set[sp.Symbol], individual: set[sp.Symbol]
) -> Stage:
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
