"""Structure of a lowered system: elimination order, steady states, outputs by parameter.

The elimination order has little fill-in (Markowitz criterion with diagonal pivots).
"""

from collections.abc import Iterable

import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.lowering.chain import symbols_read
from pkqsp_bayes.ode.lowering.lowered import Elimination, LoweredOde

__all__ = ["find_own_inputs", "find_reached_outputs", "find_unread_states", "plan_elimination"]


def _least_costly(rows: list[set[int]], cols: list[set[int]], left: set[int]) -> int:
    """Return the pivot whose elimination changes the fewest pairs (ties: the first state)."""
    return min(left, key=lambda i: ((len(rows[i]) - 1) * (len(cols[i]) - 1), i))


def plan_elimination(size: int, pattern: Iterable[tuple[int, int]]) -> Elimination:
    """Order the states so that the LU of ``a I - J`` has little fill-in.

    Organs that exchange with the blood alone come first, so that the arrow matrix of a
    perfusion-limited body has no fill-in.

    Parameters
    ----------
    size : int
        Number of states.
    pattern : iterable of (row, column)
        Structural non-zeros of J.

    Examples
    --------
    >>> plan_elimination(3, [(0, 1), (1, 0), (0, 2), (2, 0)]).fill_in
    0
    """
    entries = set(pattern) | {(i, i) for i in range(size)}
    filled = set(entries)
    rows = [{c for r, c in entries if r == i} for i in range(size)]
    cols = [{r for r, c in entries if c == i} for i in range(size)]
    left, order = set(range(size)), []
    while left:
        pivot = _least_costly(rows, cols, left)
        left.discard(pivot)
        order.append(pivot)
        for r in cols[pivot] - {pivot}:
            for c in rows[pivot] - {pivot}:
                filled.add((r, c))
                rows[r].add(c)
                cols[c].add(r)
        for r in cols[pivot]:
            rows[r].discard(pivot)
        for c in rows[pivot]:
            cols[c].discard(pivot)
    return Elimination(
        order=tuple(order), filled=tuple(sorted(filled)), fill_in=len(filled) - len(entries)
    )


def find_unread_states(ode: LoweredOde) -> tuple[str, ...]:
    """Return the states that no equation reads: by structure they have no steady state.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    """
    read = {entry.col for entry in ode.rhs.by_state}
    return tuple(name for i, name in enumerate(ode.states) if i not in read)


def find_own_inputs(ode: LoweredOde) -> tuple[str, ...]:
    """Return the states that change when all states are zero.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    """
    empty: dict[sp.Symbol, sp.Expr] = {symbol(name): sp.Integer(0) for name in ode.states}
    for link, expr in ode.links.items():
        value = expr.xreplace(empty)
        if not value.free_symbols:
            empty[link] = value
    rows = zip(ode.states, ode.rhs.values, strict=True)
    return tuple(n for n, row in rows if row.xreplace(empty) not in (0, sp.nan, sp.zoo))


def find_reached_outputs(ode: LoweredOde) -> dict[str, set[int]]:
    """Return the outputs that depend on each individual parameter, by structure.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system; its Jacobians give the dependencies.

    Examples
    --------
    >>> from pkqsp_bayes.ode.compose import compose_model
    >>> from pkqsp_bayes.ode.lowering.lower import lower_system
    >>> from pkqsp_bayes.spec.library import load_model
    >>> reached = find_reached_outputs(lower_system(compose_model(load_model("warfarin"))))
    >>> sorted(reached["CLint"]), sorted(reached["kout"])  # cp, pca and CL; pca
    ([0, 1, 2], [1])
    """
    by_state = _outputs_of_states(ode)
    found: dict[str, set[int]] = {name: set() for name in ode.parameters}
    for number, coefficient in enumerate(ode.coefficients):
        states = {
            e.row for m in (ode.rhs, ode.initial) for e in m.by_coefficient if e.col == number
        }
        states |= {ode.dose_states[e.row // 5] for e in ode.doses.by_coefficient if e.col == number}
        moved = {e.row // 2 for e in ode.edges.by_coefficient if e.col == number}
        states |= {row for k in moved for row in _states_of_switch(ode, k)}
        outputs = {e.row for e in ode.outputs.by_coefficient if e.col == number}
        outputs |= {k for state in states for k in by_state[state]}
        for index, _ in coefficient.gradient:
            found[ode.parameters[index]] |= outputs
    return found


def _states_of_switch(ode: LoweredOde, number: int) -> list[int]:
    """Return the states whose equations have a condition on time."""
    name = ode.switches[number].symbol
    held = {c.symbol for c in ode.coefficients if name in symbols_read([c.expr], ode.links)}
    rows = enumerate(ode.rhs.values)
    return [i for i, value in rows if not held.isdisjoint(symbols_read([value], ode.links))]


def _outputs_of_states(ode: LoweredOde) -> list[set[int]]:
    """Return the outputs that depend on each state, directly or through other states."""
    found: list[set[int]] = [set() for _ in ode.states]
    for entry in ode.outputs.by_state:
        found[entry.col].add(entry.row)
    changed = True
    while changed:
        changed = False
        for entry in ode.rhs.by_state:
            if not found[entry.row] <= found[entry.col]:
                found[entry.col] |= found[entry.row]
                changed = True
    return found
