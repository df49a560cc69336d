"""The step from draft to system: names are resolved, links applied, helpers ordered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft, DraftState
from pkqsp_bayes.ode.components.links import resolve_name
from pkqsp_bayes.ode.components.time_varying import OWN
from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.system import Assignment, DoseTarget, MassBalance, OdeSystem, State

__all__ = ["finish_system"]

_BASE = "@base"


def finish_system(draft: Draft) -> OdeSystem:
    """Return the flat system; new problems are added to those of the draft."""
    resolver = _Resolver(draft)
    helpers = _ordered(
        draft, [replace(a, expr=resolver.apply(a.expr, a.where)) for a in draft.helpers.values()]
    )
    resolver.find_static(helpers)
    states = tuple(_state(s, resolver) for s in draft.states.values())
    outputs = tuple(replace(o, expr=resolver.apply(o.expr, o.where)) for o in draft.outputs)
    doses = tuple(_dose(d, resolver) for d in draft.doses)
    return OdeSystem(
        title=draft.spec.title,
        states=states,
        parameters=tuple(draft.parameters.values()),
        covariates=tuple(draft.covariates.values()),
        assignments=helpers,
        outputs=outputs,
        doses=doses,
        balance=_balance(draft, resolver),
        time_unit=draft.spec.time_unit,
        limits=tuple(draft.limits),
        notes=tuple(draft.notes),
    )


class _Resolver:
    """Replacement of names by full names, and of driven quantities by their links."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.meaning: dict[tuple[str, str], sp.Symbol | None] = {}
        self.driven = {symbol(t): symbol(d) for t, d in draft.driven.items()}
        self.moved = {symbol(p): symbol(now) for p, now in draft.time_varying.items()}
        self.static: dict[sp.Symbol, sp.Symbol] = {}

    def find_static(self, helpers: Iterable[Assignment]) -> None:
        """Find the links that depend on no state: they apply to initial values too."""
        dynamic = {symbol(name) for name in self.draft.states} | {TIME}
        for helper in helpers:
            if not dynamic.isdisjoint(helper.expr.free_symbols):
                dynamic.add(symbol(helper.name))
        self.static = {t: d for t, d in self.driven.items() if d not in dynamic}

    def apply(self, expr: sp.Expr, where: str) -> sp.Expr:
        return self._plain(self._full(expr, where).xreplace(self.driven))

    def apply_static(self, expr: sp.Expr, where: str) -> sp.Expr:
        return self._plain(self._full(expr, where).xreplace(self.static))

    def _plain(self, expr: sp.Expr) -> sp.Expr:
        """Remove the marks in this order: a quantity that is not driven may still vary in time."""
        return _without_mark(_without_mark(expr, _BASE).xreplace(self.moved), OWN)

    def _full(self, expr: sp.Expr, where: str) -> sp.Expr:
        table = {
            s: self._lookup(s.name, where) for s in sorted(expr.free_symbols, key=str) if s != TIME
        }
        return expr.xreplace({s: full for s, full in table.items() if full is not None})

    def _lookup(self, name: str, where: str) -> sp.Symbol | None:
        if name.endswith((_BASE, OWN)):
            return None
        if (name, where) not in self.meaning:
            full = resolve_name(self.draft, name, where)
            self.meaning[name, where] = None if full is None else symbol(full)
        return self.meaning[name, where]


def _without_mark(expr: sp.Expr, mark: str) -> sp.Expr:
    marked = [s for s in expr.free_symbols if s.name.endswith(mark)]
    return expr.xreplace({s: symbol(s.name.removesuffix(mark)) for s in marked})


def _state(s: DraftState, resolver: _Resolver) -> State:
    return State(
        name=s.name,
        rhs=resolver.apply(sp.Add(*s.terms), s.where),
        initial=resolver.apply_static(s.initial, s.where),
        unit=s.unit,
        drug=resolver.apply(s.drug, s.where),
        where=s.where,
    )


def _dose(d: DoseTarget, resolver: _Resolver) -> DoseTarget:
    def plain(expr: sp.Expr | None) -> sp.Expr | None:
        return None if expr is None else resolver.apply_static(expr, d.where)

    return replace(
        d,
        factor=plain(d.factor),
        bioavailability=plain(d.bioavailability),
        lag=plain(d.lag),
        rate=plain(d.rate),
        duration=plain(d.duration),
    )


def _balance(draft: Draft, resolver: _Resolver) -> MassBalance | None:
    """Return the mass balance if all drug is tracked and its elimination is stated."""
    equations = draft.spec.equations
    open_end = equations is not None and equations.drug and equations.eliminated is None
    if open_end or draft.untracked or all(s.drug == 0 for s in draft.states.values()):
        return None
    eliminated = resolver.apply(sp.Add(*draft.eliminated), "mass balance")
    return MassBalance(eliminated=eliminated)


def _ordered(draft: Draft, helpers: list[Assignment]) -> tuple[Assignment, ...]:
    """Sort helpers so that each uses only earlier ones, close to their order in the file."""
    by_name = {h.name: h for h in helpers}
    uses = {
        h.name: sorted(s.name for s in h.expr.free_symbols if s.name in by_name) for h in helpers
    }
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        what = "algebraic loop: " + " -> ".join(circle)
        remedy = "make one of them a state, or state it without the others"
        draft.problem(by_name[circle[0]].where, what, remedy)
        return tuple(helpers)
    return tuple(by_name[name] for name in _depth_first(uses))


def _depth_first(uses: Mapping[str, Sequence[str]]) -> Iterator[str]:
    done: set[str] = set()
    for first in uses:
        stack = [first]
        while stack:
            name = stack[-1]
            missing = [n for n in uses[name] if n not in done]
            if missing:
                stack += missing
                continue
            stack.pop()
            if name not in done:
                done.add(name)
                yield name
