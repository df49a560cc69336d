"""Equations of a system as MathML, which browsers display without a script."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, ClassVar, Literal

import sympy as sp
from sympy.printing.mathml import MathMLPresentationPrinter

from pkqsp_bayes.ode.expressions.symbols import TIME
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["FormattedEquation", "Part", "emit_mathml", "format_equations"]

Part = Literal["definition", "derivative", "initial", "output"]

_LONGEST_DECIMAL = 7
_ENTITY = re.compile(r"&(?!lt;|gt;|amp;|quot;)#?\w+;")
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠"}
_GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "kappa", "lambda", "mu", "omega", "sigma", "tau"}
)
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormattedEquation:
    """An equation formatted for a page.

    Parameters
    ----------
    part : {"definition", "derivative", "initial", "output"}
        Kind of the equation.
    name, unit : str
        The quantity that it defines, and its unit.
    mathml : str
        A ``math`` element.
    """

    part: Part
    name: str
    unit: str
    mathml: str


class _Printer(MathMLPresentationPrinter):
    """SymPy's printer with the user's names (``liver.C`` is C with index liver)."""

    function_names: ClassVar[Mapping[type, str]] = {sp.Max: "max", sp.Min: "min", sp.Abs: "abs"}

    def __init__(self) -> None:
        super().__init__({"mul_symbol": "dot"})

    def _element(self, tag: str, *children: Any) -> Any:
        made = self.dom.createElement(tag)
        for child in children:
            # SymPy's document writes text without escapes.
            node = self.dom.createTextNode(escape(child)) if isinstance(child, str) else child
            made.appendChild(node)
        return made

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> Any:
        del style
        if expr == TIME:
            return self._element("mi", "t")
        head, _, index = _indexed(expr.name)
        main = self._element("mi", unescape(f"&{head};") if head in _GREEK else head)
        return self._element("msub", main, self._element("mi", index)) if index else main

    def _print_Integer(self, expr: sp.Integer) -> Any:
        return self._number(int(expr))

    def _print_Float(self, expr: sp.Float) -> Any:
        return self._number(float(expr))

    def _number(self, value: float) -> Any:
        """Print a number with at most ten digits; numbers of models have fewer."""
        mantissa, _, exponent = f"{value:.10g}".partition("e")
        digits = self._element("mn", mantissa.replace("-", _MINUS))
        if not exponent:
            return digits
        power = self._element("mn", str(int(exponent)).replace("-", _MINUS))
        ten = self._element("msup", self._element("mn", "10"), power)
        return self._element("mrow", digits, self._element("mo", "·"), ten)

    def _print_Function(self, expr: Any) -> Any:
        word = self.function_names.get(expr.func, expr.func.__name__)
        inside: list[Any] = [self._element("mo", "(")]
        for i, argument in enumerate(expr.args):
            inside += [self._element("mo", ","), self._print(argument)][i == 0 :]
        inside.append(self._element("mo", ")"))
        return self._element("mrow", self._element("mi", word), *inside)

    def _print_Relational(self, expr: Any) -> Any:
        sign = self._element("mo", _SIGNS.get(expr.rel_op, expr.rel_op))
        return self._element("mrow", self._print(expr.lhs), sign, self._print(expr.rhs))

    _print_LessThan = _print_StrictLessThan = _print_Relational
    _print_GreaterThan = _print_StrictGreaterThan = _print_Relational

    def _print_Piecewise(self, expr: sp.Piecewise) -> Any:
        rows = [
            self._element("mtr", *(self._element("mtd", part) for part in self._branch(branch)))
            for branch in expr.args
        ]
        return self._element("mrow", self._element("mo", "{"), self._element("mtable", *rows))

    def _branch(self, branch: Any) -> tuple[Any, Any]:
        if branch.cond == sp.true:
            return self._print(branch.expr), self._element("mtext", "otherwise")
        condition = self._element("mrow", self._element("mtext", "if\N{NO-BREAK SPACE}"),
                                  self._print(branch.cond))  # fmt: skip
        return self._print(branch.expr), condition

    _print_Max = _print_Min = _print_Abs = _print_exp = _print_log = _print_Function


def _indexed(name: str) -> tuple[str, str, str]:
    """Split a name into text and index: ``liver.C`` is C with index liver."""
    place, dot, quantity = name.rpartition(".")
    if dot:
        return quantity, dot, place
    if "[" in name:
        head, dot, rest = name.partition("[")
        return head, dot, rest.removesuffix("]")
    head, dot, rest = name.partition("_")
    return (head, dot, rest) if head and rest else (name, "", "")


def format_equations(system: OdeSystem) -> tuple[FormattedEquation, ...]:
    r"""Print all equations of a composed system in the order of their use.

    Parameters
    ----------
    system : OdeSystem
        The composed system.

    Examples
    --------
    >>> from pkqsp_bayes.ode.compose import compose_model
    >>> from pkqsp_bayes.spec.reading.toml import parse_model
    >>> decay = parse_model('title = "decay"\nequations = "d(A)/dt = -0.1 * A; A(0) = 1"')
    >>> [e.part for e in format_equations(compose_model(decay))]
    ['derivative', 'initial']
    """
    return tuple(_equations(system))


def _equations(system: OdeSystem) -> Iterator[FormattedEquation]:
    for a in system.assignments:
        yield _equation("definition", a.name, a.unit, a.expr)
    for s in system.states:
        yield _equation("derivative", s.name, s.unit, s.rhs)
    for s in system.states:
        yield _equation("initial", s.name, s.unit, s.initial)
    for o in system.outputs:
        yield _equation("output", o.name, o.unit, o.expr)


def _equation(part: Part, name: str, unit: str, expr: sp.Expr) -> FormattedEquation:
    left = _text(sp.Symbol(name))
    if part == "derivative":
        left = f"<mfrac><mrow><mi>d</mi>{left}</mrow><mrow><mi>d</mi><mi>t</mi></mrow></mfrac>"
    elif part == "initial":
        left = f"<mrow>{left}<mo>(</mo><mn>0</mn><mo>)</mo></mrow>"
    right = _text(sp.sympify(expr))
    body = f"<mrow>{left}<mo>=</mo>{right}</mrow>"
    shown_name = escape(name, quote=True)
    return FormattedEquation(
        part=part,
        name=name,
        unit=unit,
        mathml=f'<math display="block" aria-label="{part} of {shown_name}">{body}</math>',
    )


def _text(expr: sp.Basic) -> str:
    # SymPy writes named entities, which HTML knows but XML does not.
    text = str(_Printer()._print(_with_decimals(expr)).toxml())
    return _ENTITY.sub(lambda found: unescape(found[0]), text)


def _with_decimals(expr: sp.Basic) -> sp.Basic:
    """Return an expression with fractions such as 281/10000 as decimal numbers."""
    found = {
        r: sp.Float(repr(float(r)))
        for r in expr.atoms(sp.Rational)
        if r.q > 2 and len(repr(float(r))) <= _LONGEST_DECIMAL
    }
    return expr.xreplace(found)


def emit_mathml(system: OdeSystem) -> str:
    """Print the composed system as a fragment of HTML: a heading and formulas for each part.

    Parameters
    ----------
    system : OdeSystem
        The composed system.
    """
    lines, part = [f"<h1>{escape(system.title)}</h1>"], ""
    for equation in format_equations(system):
        if equation.part != part:
            part = equation.part
            lines.append(f"<h2>{part}s</h2>")
        lines.append(equation.mathml)
    return "\n".join(lines) + "\n"
