"""Expression printers: SymPy in, C++ or Stan text out."""

from collections.abc import Mapping
from typing import Any, ClassVar

import sympy as sp
from sympy.printing.c import C99CodePrinter
from sympy.printing.precedence import PRECEDENCE, precedence

__all__ = ["CppPrinter", "Printer", "StanPrinter"]

_MAX_UNROLLED_POWER = 6


class Printer(C99CodePrinter):
    """What C++ and Stan have in common.

    Parameters
    ----------
    names : mapping of sympy.Symbol to str
        The text of each symbol; others print under their own name.

    Notes
    -----
    Every number is printed as a real: ``1/2`` of two integers is 0 in both languages.
    """

    def __init__(self, names: Mapping[sp.Symbol, str] | None = None) -> None:
        super().__init__({"precision": 17})
        self.names = dict(names or {})

    def text(self, expr: sp.Basic) -> str:
        """Print an expression on one line."""
        return " ".join(str(self.doprint(expr)).split())

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return str(self.names.get(expr, expr.name))

    def _print_Integer(self, expr: sp.Integer) -> str:
        return f"{int(expr)}.0"

    def _print_Float(self, expr: sp.Float) -> str:
        return repr(float(expr))

    def _print_Rational(self, expr: sp.Rational) -> str:
        return f"({expr.p}.0/{expr.q}.0)"

    def _print_NumberSymbol(self, expr: sp.NumberSymbol) -> str:
        return repr(float(expr))

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return repr(float(expr))

    def _print_Pi(self, expr: sp.Expr) -> str:
        return repr(float(expr))

    def _print_sign(self, expr: sp.Expr) -> str:
        arg = self._print(expr.args[0])
        return f"(({arg}) > 0.0 ? 1.0 : (({arg}) < 0.0 ? -1.0 : 0.0))"

    def _print_DiracDelta(self, _: sp.Expr) -> str:
        return "0.0"  # the derivative of a step, almost everywhere

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        if expr.args[-1].cond != sp.true:
            msg = f"piecewise expression without an otherwise-branch: {expr}"
            raise ValueError(msg)
        text = self._print(expr.args[-1].expr)
        for branch in reversed(expr.args[:-1]):
            text = f"({self._print(branch.cond)} ? {self._print(branch.expr)} : {text})"
        return str(text)

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer and 0 < abs(int(exponent)) <= _MAX_UNROLLED_POWER:
            factor = self.parenthesize(base, PRECEDENCE["Atom"], strict=True)
            product = "*".join([factor] * abs(int(exponent)))
            if int(exponent) > 0:
                return product if int(exponent) == 1 else f"({product})"
            return f"1.0/({product})" if int(exponent) < -1 else f"1.0/{factor}"
        if exponent == sp.Rational(1, 2):
            return f"sqrt({self._print(base)})"
        if exponent == sp.Rational(-1, 2):
            return f"1.0/sqrt({self._print(base)})"
        return str(self._general_power(base, exponent))

    def _general_power(self, base: sp.Expr, exponent: sp.Expr) -> str:
        return f"pow({self._print(base)}, {self._print(exponent)})"


class CppPrinter(Printer):
    """Printer for the kernel's C++."""

    def _print_Abs(self, expr: sp.Expr) -> str:
        return f"std::fabs({self._print(expr.args[0])})"


class StanPrinter(Printer):
    """Printer for Stan; C99's ``fabs``, ``log1p`` spelling and constants are not Stan's."""

    known_stan: ClassVar[frozenset[str]] = frozenset(
        {"exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan", "log10"}
    )

    def _print_Abs(self, expr: sp.Expr) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _general_power(self, base: sp.Expr, exponent: sp.Expr) -> str:
        return f"pow({self._print(base)}, {self._print(exponent)})"

    def _print_Function(self, expr: Any) -> str:
        name = expr.func.__name__
        if name not in self.known_stan:
            msg = f"no Stan function for {name!r}"
            raise ValueError(msg)
        return f"{name}({', '.join(self._print(a) for a in expr.args)})"


def needs_parentheses(expr: sp.Expr) -> bool:
    """Whether an expression must be bracketed before it becomes a factor."""
    return bool(precedence(expr) < PRECEDENCE["Mul"])
