"""The graph of a system, with the flows between its states, for drawing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import OdeSystem, State

__all__ = ["Flow", "StateGraph", "find_graph"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A flow out of a state, into a state, or from one state to another.

    Parameters
    ----------
    source, target : str or None
        Names of states; None is outside the system.
    """

    source: str | None
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateGraph:
    """A graph with states as nodes.

    Parameters
    ----------
    flows : tuple of Flow
        Each at most once.
    influences : tuple of (str, str)
        Pairs of a state and another one whose rate depends on it without a flow between them.
    """

    flows: tuple[Flow, ...]
    influences: tuple[tuple[str, str], ...]


def find_graph(system: OdeSystem) -> StateGraph:
    r"""Derive the graph of a system from its equations.

    A term that one state loses and another gains is a flow between the two. A term that is only
    lost or only gained is a flow out of the system or into it. Drug is compared in its own unit of
    mass.

    Parameters
    ----------
    system : OdeSystem
        The composed system. Terms are expanded, so it should not be large.

    Examples
    --------
    >>> from pkqsp_bayes.ode.compose import compose_model
    >>> from pkqsp_bayes.spec.reading.toml import parse_model
    >>> text = "d(A)/dt = -k * A; d(B)/dt = k * A - e * B; d(E)/dt = B - E"
    >>> model = parse_model(f'title = "x"\nequations = "{text}"\nparameters = {{ k = 1, e = 2 }}')
    >>> graph = find_graph(compose_model(model))
    >>> sorted(((f.source, f.target) for f in graph.flows), key=str)
    [('A', 'B'), ('B', None), ('E', None), (None, 'E')]
    >>> graph.influences
    (('B', 'E'),)
    """
    terms = {state.name: list(_terms(state)) for state in system.states}
    flows = dict.fromkeys(_flows(terms))
    joined = {(f.source, f.target) for f in flows} | {(f.target, f.source) for f in flows}
    reads = _readers(system)
    influences = tuple(
        (source, state.name)
        for state in system.states
        for source in sorted(reads[state.name])
        if source != state.name and (source, state.name) not in joined
    )
    return StateGraph(flows=tuple(flows), influences=influences)


def _terms(state: State) -> Iterator[sp.Expr]:
    scale = state.drug if state.drug != 0 else sp.Integer(1)
    yield from sp.Add.make_args(sp.expand(scale * state.rhs))


def _flows(terms: Mapping[str, list[sp.Expr]]) -> Iterator[Flow]:
    """Pair each term that is lost with one that is gained; the others have one state only."""
    gained = {
        name: [t for t in found if not t.could_extract_minus_sign()]
        for name, found in terms.items()
    }
    for source, found in terms.items():
        for term in found:
            if term == 0 or not term.could_extract_minus_sign():
                continue
            target = next((n for n, g in gained.items() if n != source and -term in g), None)
            if target is not None:
                gained[target].remove(-term)
            yield Flow(source=source, target=target)
    for target, left in gained.items():
        if any(term != 0 for term in left):
            yield Flow(source=None, target=target)


def _readers(system: OdeSystem) -> dict[str, set[str]]:
    """Return the states that the rate of each state depends on, with helpers expanded."""
    states = {symbol(s.name): {s.name} for s in system.states}
    known: dict[sp.Symbol, set[str]] = dict(states)
    for a in system.assignments:
        known[symbol(a.name)] = _depends(a.expr, known)
    return {s.name: _depends(s.rhs, known) for s in system.states}


def _depends(expr: sp.Expr, known: Mapping[sp.Symbol, set[str]]) -> set[str]:
    found: set[str] = set()
    for one in sp.sympify(expr).free_symbols:
        found |= known.get(one, set())
    return found
