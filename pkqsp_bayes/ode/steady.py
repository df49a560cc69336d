"""Structure that concerns steady states: states that only fill, and endogenous inputs."""

import sympy as sp

from pkqsp_bayes.ode.lowered import LoweredOde
from pkqsp_bayes.ode.symbols import symbol

__all__ = ["find_own_inputs", "find_unread_states"]


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
