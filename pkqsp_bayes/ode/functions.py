"""Functions of which SymPy asks too much."""

import sympy as sp

__all__ = ["tanh"]


class tanh(sp.tanh):  # noqa: N801 - SymPy's printers go by this name
    """Hyperbolic tangent of a real quantity.

    All quantities here are real, but SymPy cannot know it of ``log(x)`` and, for `sympy.tanh`
    alone, then expands the argument to find out, which may take for ever.
    """

    def _eval_is_real(self) -> bool:
        return True

    _eval_is_extended_real = _eval_is_real
    _eval_is_finite = _eval_is_real
