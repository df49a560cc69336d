"""The outputs that depend on each individual parameter, by the structure of a system."""

from pkqsp_bayes.ode.chain import symbols_read
from pkqsp_bayes.ode.lowered import LoweredOde

__all__ = ["find_reached_outputs"]


def find_reached_outputs(ode: LoweredOde) -> dict[str, set[int]]:
    """Return the outputs that depend on each individual parameter, by structure.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system; its Jacobians give the dependencies.

    Examples
    --------
    >>> from pkqsp_bayes.ode.compose import compose_model
    >>> from pkqsp_bayes.ode.lower import lower_system
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
