"""Symbols for all modules, and functions without the costly simplifications of SymPy.

SymPy compares symbols by name *and* assumptions, so ``Symbol("a")`` and ``Symbol("a", real=True)``
are two different symbols that print alike. All modules therefore create symbols by this one.
"""

import sympy as sp

__all__ = ["TIME", "Piecewise", "symbol", "tanh"]


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


class tanh(sp.tanh):  # noqa: N801 - SymPy's printers need this name
    """Hyperbolic tangent of a real quantity.

    All quantities here are real, but SymPy cannot infer it for ``log(x)``. For `sympy.tanh` alone,
    SymPy then expands the argument, which may never end.
    """

    def _eval_is_real(self) -> bool:
        return True

    _eval_is_extended_real = _eval_is_real
    _eval_is_finite = _eval_is_real


class Piecewise(sp.Piecewise):
    """A choice by conditions that stays as it was written.

    SymPy brings conditions into a canonical form whenever it rebuilds the expression (in a
    substitution or a derivative). For some, such as ``a - b <= c - a``, this never ends.

    A power with a positive number as exponent is applied to the branches: the derivative of
    ``max(0, x)^0.75`` is then 0 for negative ``x``, where the chain rule would give ``0 * inf``. A
    negative power stays outside, because a branch may be zero.

    Examples
    --------
    >>> a, b, c = sp.symbols("a b c", real=True)
    >>> Piecewise((a - b, a - b <= c - a), (c - a, True)).diff(b)
    Piecewise((-1, a - b <= -a + c), (0, True))
    >>> x = sp.Symbol("x", real=True)
    >>> (Piecewise((0, x <= 0), (x, True)) ** 3).diff(x)
    Piecewise((0, x <= 0), (3*x**2, True))
    """

    @classmethod
    def eval(cls, *branches: sp.Basic) -> sp.Expr | None:
        """Simplify only a choice between equal branches."""
        values = {branch.args[0] for branch in branches}
        decided = branches[-1].args[1] == sp.true
        return values.pop() if decided and len(values) == 1 else None

    def _eval_power(self, exponent: sp.Expr) -> sp.Expr | None:
        if not (exponent.is_number and exponent.is_positive):
            return None
        return self.func(*((value**exponent, condition) for value, condition in self.args))
