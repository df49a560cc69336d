"""Printers of SymPy expressions as text of C++, Stan or the model grammar.

All expressions of the grammar and their derivatives have a text in each language. Any other
expression is an error.
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

import sympy as sp
from sympy.printing.c import C99CodePrinter
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

__all__ = ["CppPrinter", "GrammarPrinter", "Printer", "StanOutputPrinter", "StanPrinter"]

_MAX_UNROLLED_POWER = 6
_LARGEST_EXACT = 2**53


class Printer(C99CodePrinter):
    """The common part of the printers for C++ and Stan.

    Parameters
    ----------
    names : mapping of sympy.Symbol to str
        The text of each symbol; other symbols print as their name.

    Raises
    ------
    ValueError
        For a function that the language does not have, an infinite number, or a piecewise
        expression without an otherwise-branch.

    Notes
    -----
    Every number is printed as a real, because ``1/2`` of two integers is 0 in both languages.
    Fractions of numbers too large for a double are printed as the nearest double.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> CppPrinter().text(sp.Piecewise((x / 3, x > 1), (sp.Abs(x), True)))
    '(x > 1.0 ? (1.0/3.0)*x : std::fabs(x))'
    """

    known: ClassVar[frozenset[str]] = frozenset({"cos", "cosh", "exp", "log", "sin", "sinh"}) | {
        "tan",
        "tanh",
    }

    def __init__(self, names: Mapping[sp.Symbol, str] | None = None) -> None:
        super().__init__({"precision": 17})
        self.names = dict(names or {})

    def text(self, expr: sp.Basic) -> str:
        """Print an expression on one line."""
        return " ".join(str(self.doprint(expr)).split())

    def _refuse(self, expr: sp.Basic) -> NoReturn:
        msg = f"{type(self).__name__} cannot print {expr}"
        raise ValueError(msg)

    def _print_not_supported(self, expr: sp.Basic) -> NoReturn:
        self._refuse(expr)

    _print_Infinity = _print_NegativeInfinity = _print_NaN = _refuse
    _print_ComplexInfinity = _print_ImaginaryUnit = _refuse

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return str(self.names.get(expr, expr.name))

    def _print_Float(self, expr: sp.Expr) -> str:
        value = float(expr)
        if not math.isfinite(value):
            self._refuse(expr)
        return repr(value)

    def _print_Integer(self, expr: sp.Integer) -> str:
        return f"{int(expr)}.0" if abs(int(expr)) <= _LARGEST_EXACT else self._print_Float(expr)

    def _print_Rational(self, expr: sp.Rational) -> str:
        if max(abs(expr.p), expr.q) > _LARGEST_EXACT:
            return self._print_Float(expr)
        return f"{expr.p}.0/{expr.q}.0"

    _print_NumberSymbol = _print_Exp1 = _print_Pi = _print_Float

    def _print_Function(self, expr: Any) -> str:
        name = expr.func.__name__
        if name not in self.known:
            self._refuse(expr)
        return f"{name}({', '.join(self._print(a) for a in expr.args)})"

    _print_log = _print_exp = _print_sin = _print_cos = _print_tan = _print_Function
    _print_sinh = _print_cosh = _print_tanh = _print_Function

    def _print_sign(self, expr: sp.Expr) -> str:
        return self._by_sign(expr, "0.0", "-1.0")

    def _print_Heaviside(self, expr: sp.Expr) -> str:
        return self._by_sign(expr, "0.5", "0.0")

    def _by_sign(self, expr: sp.Expr, zero: str, negative: str) -> str:
        arg = self._print(expr.args[0])
        return f"({arg} > 0.0 ? 1.0 : ({arg} < 0.0 ? {negative} : {zero}))"

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
        return f"pow({self._print(base)}, {self._print(exponent)})"

    def _print_BooleanTrue(self, _: sp.Basic) -> str:
        return "1.0 > 0.0"  # Stan has no Boolean constants

    def _print_BooleanFalse(self, _: sp.Basic) -> str:
        return "0.0 > 1.0"

    def _print_And(self, expr: sp.Basic) -> str:
        return self._joined(" && ", expr)

    def _print_Or(self, expr: sp.Basic) -> str:
        return self._joined(" || ", expr)

    def _joined(self, word: str, expr: sp.Basic) -> str:
        """Join conditions, with the parentheses without which a C++ compiler warns."""
        parts = sorted(expr.args, key=sp.default_sort_key)
        texts = [self._print(part) for part in parts]
        nested = [isinstance(part, sp.And | sp.Or) for part in parts]
        return word.join(f"({t})" if n else t for t, n in zip(texts, nested, strict=True))

    def _print_Not(self, expr: sp.Basic) -> str:
        return f"!({self._print(expr.args[0])})"

    def _print_Max(self, expr: sp.Expr) -> str:
        return self._nested("fmax", expr.args)

    def _print_Min(self, expr: sp.Expr) -> str:
        return self._nested("fmin", expr.args)

    def _nested(self, name: str, args: tuple[sp.Expr, ...]) -> str:
        text = self._print(args[-1])
        for arg in reversed(args[:-1]):
            text = f"{name}({self._print(arg)}, {text})"
        return str(text)


class CppPrinter(Printer):
    """Printer for the C++ of the kernel."""

    def _print_Abs(self, expr: sp.Expr) -> str:
        return f"std::fabs({self._print(expr.args[0])})"


class StanPrinter(Printer):
    """Printer for Stan, which lacks ``fabs`` and the constants of C99."""

    def _print_Abs(self, expr: sp.Expr) -> str:
        return f"abs({self._print(expr.args[0])})"


class StanOutputPrinter(StanPrinter):
    """Printer for outputs in Stan, which may have no value: log(0) before the first dose.

    If a value is not read, Stan multiplies its infinite slope by 0, and the whole gradient becomes
    NaN. The functions printed here have no slope there.

    Parameters
    ----------
    names : mapping of sympy.Symbol to str
        The text of each symbol.
    prefix : str
        Prefix of the functions ``<prefix>_log`` and ``<prefix>_sqrt``.
    """

    def __init__(self, names: Mapping[sp.Symbol, str], prefix: str) -> None:
        super().__init__(names)
        self.prefix = prefix

    def _print_log(self, expr: sp.Expr) -> str:
        return f"{self.prefix}_log({self._print(expr.args[0])})"

    def _print_Pow(self, expr: sp.Pow) -> str:
        text = super()._print_Pow(expr)
        return text.replace("sqrt(", f"{self.prefix}_sqrt(", 1) if _is_root(expr) else text


def _is_root(expr: sp.Pow) -> bool:
    return bool(abs(expr.as_base_exp()[1]) == sp.Rational(1, 2))


class GrammarPrinter(StrPrinter):
    """Printer for the equation grammar of model files, which can parse its output.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> GrammarPrinter().text(sp.Piecewise((x**2, (x > 1) & (x < 2)), (sp.Abs(x), True)))
    'piecewise(x^2, x > 1 and x < 2, abs(x))'
    """

    def text(self, expr: sp.Basic) -> str:
        """Print an expression on one line."""
        return str(self.doprint(expr)).replace("**", "^")

    def _print_Float(self, expr: sp.Expr) -> str:
        return repr(float(expr))

    _print_NumberSymbol = _print_Exp1 = _print_Pi = _print_Float

    def _print_Function(self, expr: Any) -> str:
        args = ", ".join(self._print(a) for a in expr.args)
        return f"{expr.func.__name__.lower()}({args})"  # Abs, Max, Min

    _print_Abs = _print_Max = _print_Min = _print_Function

    def _print_sign(self, expr: sp.Expr) -> str:
        arg = self._print(expr.args[0])
        return f"piecewise(1, {arg} > 0, -1, {arg} < 0, 0)"

    def _print_Heaviside(self, expr: sp.Expr) -> str:
        arg = self._print(expr.args[0])
        return f"piecewise(1, {arg} > 0, 0, {arg} < 0, 0.5)"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        branches = [
            f"{self._print(b.expr)}, {self._print(b.cond)}" for b in expr.args if b.cond != sp.true
        ]
        last = [self._print(b.expr) for b in expr.args if b.cond == sp.true]
        return f"piecewise({', '.join([*branches, *last])})"

    def _print_Relational(self, expr: Any) -> str:
        left, right = (self.parenthesize(a, PRECEDENCE["Relational"]) for a in expr.args)
        return f"{left} {expr.rel_op} {right}"

    def _print_BooleanTrue(self, _: sp.Basic) -> str:
        return "1 > 0"

    def _print_BooleanFalse(self, _: sp.Basic) -> str:
        return "0 > 1"

    def _print_And(self, expr: Any) -> str:
        return self._joined(" and ", "And", expr)

    def _print_Or(self, expr: Any) -> str:
        return self._joined(" or ", "Or", expr)

    def _joined(self, word: str, level: str, expr: Any) -> str:
        parts = sorted(expr.args, key=sp.default_sort_key)
        return word.join(self.parenthesize(a, PRECEDENCE[level], strict=True) for a in parts)

    def _print_Not(self, expr: Any) -> str:
        return f"not ({self._print(expr.args[0])})"
