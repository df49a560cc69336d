"""The one place where symbols are born.

SymPy compares symbols by name *and* assumptions, so ``Symbol("a")`` and ``Symbol("a", real=True)``
are two different things that print alike. Every room of the house therefore asks here.
"""

import sympy as sp

__all__ = ["TIME", "symbol"]


def symbol(name: str) -> sp.Symbol:
    """Return the real-valued symbol of a user-visible, possibly dotted, name.

    Parameters
    ----------
    name : str
        For example ``"CL"`` or ``"liver.A"``.

    Examples
    --------
    >>> symbol("liver.A") == symbol("liver.A")
    True
    """
    return sp.Symbol(name, real=True)


TIME: sp.Symbol = symbol("t")
"""Model time (unit: the model's time unit, hours unless the model says otherwise)."""
