"""Rows of a system: helpers expanded, in pieces or as links, conditions on time as switches.

Both lowering and the checks of conditions use these rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sympy as sp
from sympy.core.relational import Relational

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.lowering.chain import depends_on, needed_links
from pkqsp_bayes.ode.lowering.growth import BODY, size_of
from pkqsp_bayes.ode.lowering.inline import Inlining, plan_inlining
from pkqsp_bayes.ode.lowering.switches import Switches
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["Pieces", "Rows", "is_long", "plan_rows"]

_LONGEST, _DEEPEST, _MOST_FACTORS = 300, 12, 10
_PIECE, _HEIGHT = 40, 5
_TERMS: dict[type, int] = {sp.Add: 12, sp.Mul: 4}  # the derivative of a product has squares


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression with its number of nodes and its height; pieces count as symbols."""

    expr: sp.Basic
    size: int = 1
    height: int = 1


def is_long(expr: sp.Basic) -> bool:
    """Return whether an expression is long or deep enough to be split.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> is_long(x + 1), is_long(sp.Add(*(sp.exp(i * x) for i in range(1, 200))))
    (False, True)
    """
    waiting, size = [(expr, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        size += 1
        wide = isinstance(node, sp.Mul) and len(node.args) > _MOST_FACTORS
        if wide or size > _LONGEST or depth > _DEEPEST:
            return True
        waiting += [(arg, depth + 1) for arg in node.args]
    return False


@dataclass(slots=True)
class Pieces:
    """Splitting of expressions into named pieces.

    Parameters
    ----------
    name : callable
        Returns the symbol for a piece, which may read earlier ones.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> made = []
    >>> pieces = Pieces(lambda e: made.append(e) or sp.Symbol(f"p{len(made)}", real=True))
    >>> pieces.cut(sp.Add(*(sp.exp(i * x) for i in range(1, 25)))).free_symbols == {
    ...     sp.Symbol("p1", real=True), sp.Symbol("p2", real=True)}
    True
    """

    name: Callable[[sp.Expr], sp.Symbol]
    _known: dict[sp.Basic, _Part] = field(default_factory=dict)
    _names: dict[sp.Basic, sp.Symbol] = field(default_factory=dict)

    def cut(self, expr: sp.Expr) -> sp.Expr:
        """Return an expression in terms of pieces."""
        return self._part(expr).expr

    def _part(self, node: sp.Basic) -> _Part:
        if not node.args or isinstance(node, sp.logic.boolalg.Boolean):
            return _Part(node)
        if node not in self._known:
            self._known[node] = self._made(node, [self._part(arg) for arg in node.args])
        return self._known[node]

    def _made(self, node: sp.Basic, parts: list[_Part]) -> _Part:
        most = _TERMS.get(node.func, len(parts))
        while len(parts) > most:
            parts = self._grouped(node.func, parts, most)
        expr = node.func(*(part.expr for part in parts))
        whole = _joined(expr, parts)
        is_piece = whole.size > _PIECE or whole.height > _HEIGHT
        return self._named(expr) if is_piece and isinstance(expr, sp.Expr) else whole

    def _grouped(
        self, join: Callable[..., sp.Expr], parts: Sequence[_Part], most: int
    ) -> list[_Part]:
        groups = [parts[i : i + most] for i in range(0, len(parts), most)]
        return [
            self._named(join(*(part.expr for part in group))) if len(group) > 1 else group[0]
            for group in groups
        ]

    def _named(self, expr: sp.Expr) -> _Part:
        if not expr.free_symbols:
            return _Part(expr)
        if expr not in self._names:
            self._names[expr] = self.name(expr)
        return _Part(self._names[expr])


def _joined(expr: sp.Basic, parts: Sequence[_Part]) -> _Part:
    height = max(part.height for part in parts)
    # A choice consists of pairs, which do not count as a level.
    pair = isinstance(expr, sp.functions.elementary.piecewise.ExprCondPair)
    return _Part(expr, 1 + sum(part.size for part in parts), height if pair else height + 1)


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
