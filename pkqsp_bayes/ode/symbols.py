"""Creation of symbols for all modules.

SymPy compares symbols by name *and* assumptions, so ``Symbol("a")`` and ``Symbol("a", real=True)``
are two different symbols that print alike. All modules therefore create symbols by this one.
"""

import sympy as sp

__all__ = ["TIME", "symbol"]


def symbol(name: str) -> sp.Symbol:
    """Return the real-valued symbol of a name, which may have dots.

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
"""Model time, in the time unit of the model (hours by default)."""
