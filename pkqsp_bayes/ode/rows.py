"""Rows of a system: helpers expanded or as links, conditions on time as switches.

Both lowering and the checks of conditions use these rows.
"""

from dataclasses import dataclass, field

import sympy as sp
from sympy.core.relational import Relational

from pkqsp_bayes.ode.chain import depends_on, needed_links
from pkqsp_bayes.ode.growth import BODY, size_of
from pkqsp_bayes.ode.inline import Inlining, plan_inlining
from pkqsp_bayes.ode.pieces import Pieces, is_long
from pkqsp_bayes.ode.switches import Switches
from pkqsp_bayes.ode.symbols import TIME, symbol
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["Rows", "plan_rows"]

_LONGEST_CONDITION = 100


@dataclass(slots=True, kw_only=True)
class Rows:
    """The expressions that equations and outputs read.

    Parameters
    ----------
    states : tuple of sympy.Symbol
        States in the order of the system.
    inline : Inlining
        The expansion of helpers.
    switches : Switches
        The conditions on time of the equations.
    equations : list of sympy expression
        One expression per state.
    links : dict
        Helpers that keep their names, each after those that it reads. Links with a condition on
        time occur twice: as they are, for outputs, and with switches, for equations.
    depends : dict
        The symbols that each link depends on, with other links expanded.
    """

    states: tuple[sp.Symbol, ...]
    inline: Inlining
    switches: Switches
    equations: list[sp.Expr] = field(default_factory=list)
    links: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    depends: dict[sp.Symbol, frozenset[sp.Symbol]] = field(default_factory=dict)
    _pieces: Pieces = field(init=False)
    _is_complete: bool = False
    _switched: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    _sizes: dict[sp.Symbol, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pieces = Pieces(self._piece)

    def close(self, expr: sp.Expr, where: str = "") -> sp.Expr:
        """Expand an expression according to the inlining; split it if that makes it long."""
        whole = self.inline.close(sp.sympify(expr))
        if where.startswith(BODY) or not is_long(whole):
            return whole
        return self._pieces.cut(whole)

    def _piece(self, expr: sp.Expr) -> sp.Symbol:
        name = symbol(f"part@{len(self.links)}")
        (self._add if self._is_complete else self._add_both)(name, expr)
        return name

    def complete(self) -> None:
        """Remove the switches that no equation reads: pieces of outputs have none."""
        self._is_complete = True
        if not self.switches.table:
            return
        read = (*self.equations, *needed_links(self.equations, self.links).values())
        used = {s for e in read for s in e.free_symbols}
        self.switches.table[:] = [w for w in self.switches.table if w.symbol in used]

    def moving(self) -> frozenset[sp.Symbol]:
        """Return states, time, and the links that depend on them."""
        base = {*self.states, TIME}
        return frozenset(base | {s for s, of in self.depends.items() if not base.isdisjoint(of)})

    def add_links(self) -> None:
        """Add all links of the system."""
        for name, expr in self.inline.links.items():
            self._add_both(name, self._pieces.cut(expr) if is_long(expr) else expr)

    def _add_both(self, name: sp.Symbol, expr: sp.Expr) -> None:
        self._add(name, expr)
        switched = self.switch(expr)
        if switched != expr:
            again = symbol(f"{name.name}@switched")
            self._add(again, switched)
            self._switched[name] = again

    def _add(self, name: sp.Symbol, expr: sp.Expr) -> None:
        self.links[name] = expr
        self.depends[name] = depends_on(expr, self.depends)
        self._sizes[name] = size_of(expr, self._sizes)
        if not self.depends[name].isdisjoint({*self.states, TIME}):
            self.switches.states.append(name)

    def switch(self, expr: sp.Expr) -> sp.Expr:
        """Replace conditions on time by switches, also those inside links."""
        seen = expr.xreplace(self._switched)
        of_time = {r: self._written_out(r) for r in seen.atoms(Relational) if self._is_of_time(r)}
        return self.switches.rewrite(seen.xreplace(of_time) if of_time else seen)

    def _is_of_time(self, relation: Relational) -> bool:
        """Return whether a relation without states has time inside a link."""
        if self.links.keys().isdisjoint(relation.free_symbols):
            return False
        used = depends_on(relation, self.depends)
        return TIME in used and used.isdisjoint(self.states)

    def _written_out(self, relation: Relational) -> Relational:
        """Expand a relation, unless that makes it too long to read."""
        if size_of(relation, self._sizes) > _LONGEST_CONDITION:
            return relation
        table: dict[sp.Symbol, sp.Expr] = {}
        for name, expr in needed_links([relation], self.links).items():
            table[name] = expr.xreplace(table)
        return relation.xreplace(table)


def plan_rows(system: OdeSystem) -> Rows:
    """Return the rows of a system.

    Parameters
    ----------
    system : OdeSystem
        The composed system.

    Examples
    --------
    >>> from pkqsp_bayes.ode.system import OdeSystem, State
    >>> decay = State(name="A", rhs=-symbol("A"))
    >>> plan_rows(OdeSystem(title="", states=(decay,), parameters=())).equations
    [-A]
    """
    states = tuple(symbol(s.name) for s in system.states)
    rows = Rows(states=states, inline=plan_inlining(system), switches=Switches(states=list(states)))
    rows.add_links()
    rows.equations += [rows.switch(rows.close(s.rhs, s.where)) for s in system.states]
    rows.complete()
    return rows
