"""Conversion of parsed expressions to SymPy, node by node, for allowed kinds of nodes only.

SymPy computes numbers at once (``9**9**9`` would fill the memory), and repeats shared arguments of
a ``Piecewise``. So each step is checked before it is done: numbers stay in the range of a double,
and the expanded size of an expression is limited.
"""

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp
from sympy.logic.boolalg import Boolean

from pkqsp_bayes.ode.expressions.conditions import (
    NotSeparableError,
    conjunction,
    disjunction,
    lift_relation,
)
from pkqsp_bayes.ode.expressions.symbols import Piecewise, symbol, tanh
from pkqsp_bayes.spec.identifiers import FUNCTIONS, suggest

__all__ = ["RefusedError", "build"]

DEEPEST = 100
LARGEST = 5000
LARGEST_EXPONENT = 100
LARGEST_NUMBER = 1e150
MOST_BITS = 4096
MOST_EXTREMES = 16


class RefusedError(Exception):
    """The error for a node that is not allowed: problem, remedy and 1-based column."""

    def __init__(self, node: ast.AST, what: str, remedy: str) -> None:
        super().__init__(what)
        self.column = getattr(node, "col_offset", 0) + 1
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class _Built:
    """An expression or condition, and its size when expanded in full."""

    expr: sp.Basic
    size: int

    @property
    def is_number(self) -> bool:
        return isinstance(self.expr, sp.Number)


def _measured(expr: sp.Basic) -> _Built:
    """Return an expression with its size when expanded; shared parts are visited once."""
    sizes: dict[sp.Basic, int] = {}
    pending = [expr]
    while pending:
        node = pending[-1]
        unknown = [arg for arg in node.args if arg not in sizes]
        if unknown:
            pending.extend(unknown)
        else:
            sizes[pending.pop()] = 1 + sum(sizes[arg] for arg in node.args)
    return _Built(expr, sizes[expr])


def build(tree: ast.expr) -> sp.Expr:
    """Convert a parsed expression to SymPy.

    Raises
    ------
    RefusedError
        For the first node that is not of the grammar or exceeds a limit.
    """
    return _number(tree, _Builder().visit(tree, 0))


def _number(node: ast.AST, built: _Built) -> sp.Expr:
    if not isinstance(built.expr, sp.Expr):
        raise RefusedError(
            node, "a number is needed here, and this is a condition", "use `a if cond else b`"
        )
    return built.expr


def _condition(node: ast.AST, built: _Built) -> Boolean:
    if not isinstance(built.expr, Boolean) or isinstance(built.expr, sp.Symbol):
        raise RefusedError(
            node, "a condition is needed here, and this is a number", "compare it: x > 0"
        )
    return built.expr


class _Builder:
    def visit(self, node: ast.expr, depth: int) -> _Built:
        if depth > DEEPEST:
            raise RefusedError(
                node, f"nested more than {DEEPEST} levels deep", "define parts of it as helpers"
            )
        method = _VISITORS.get(type(node))
        if method is None:
            what = f"{type(node).__name__} is not allowed in an equation"
            raise RefusedError(
                node, what, "use numbers, names, + - * / ^, comparisons and functions"
            )
        built = method(self, node, depth)
        if built.size > LARGEST:
            what = f"expanded in full it has more than {LARGEST} parts"
            raise RefusedError(node, what, "define the inner min, max and piecewise as helpers")
        return _Built(_settled(node, built.expr), built.size)

    def constant(self, node: ast.Constant, _depth: int) -> _Built:
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise RefusedError(node, f"{node.value!r} is not a number", "use a decimal number")
        # repr of a double is its shortest exact text, so 0.028 becomes 7/250, not a long fraction.
        return _Built(sp.Rational(repr(node.value)), 1)

    def name(self, node: ast.Name, _depth: int) -> _Built:
        if node.id in FUNCTIONS:
            raise RefusedError(node, f"{node.id!r} is a function", f"write {node.id}(...)")
        return _Built(symbol(node.id), 1)

    def attribute(self, node: ast.Attribute, _depth: int) -> _Built:
        parts = [node.attr]
        inner: ast.expr = node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise RefusedError(node, "the text before this dot is not a name", "write organ.C")
        return _Built(symbol(".".join([inner.id, *reversed(parts)])), 1)

    def unary(self, node: ast.UnaryOp, depth: int) -> _Built:
        inner = self.visit(node.operand, depth + 1)
        if isinstance(node.op, ast.Not):
            return _Built(sp.Not(_condition(node.operand, inner), evaluate=False), inner.size + 1)
        value = _number(node.operand, inner)
        return inner if isinstance(node.op, ast.UAdd) else _Built(-value, inner.size + 1)

    def binary(self, node: ast.BinOp, depth: int) -> _Built:
        if isinstance(node.op, ast.Pow):
            base, exponent = self.visit(node.left, depth + 1), self.visit(node.right, depth + 1)
            return _power(node, base, exponent)
        family = _family(node)
        if family is None:
            raise RefusedError(node, "this operator is not of the grammar", "use + - * / ^")
        return self._chain(node, family, depth)

    def _chain(self, node: ast.BinOp, family: tuple[type, type], depth: int) -> _Built:
        """Build a whole sum or product at once, because long ones are deep trees."""
        terms: list[tuple[ast.BinOp, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and isinstance(left.op, family):
            terms.append((left, left.right))
            left = left.left
        first = self.visit(left, depth + 1)
        values, size = [_number(left, first)], first.size
        for parent, term in reversed(terms):
            built = self.visit(term, depth + 1)
            values.append(_signed(parent, _number(term, built)))
            size += built.size + 1
        return _Built(_combine(sp.Add if family[0] is ast.Add else sp.Mul, values, node), size)

    def comparison(self, node: ast.Compare, depth: int) -> _Built:
        operands = [node.left, *node.comparators]
        built = [self.visit(operand, depth + 1) for operand in operands]
        values = [_number(n, b) for n, b in zip(operands, built, strict=True)]
        pairs = zip(node.ops, values[:-1], values[1:], strict=True)
        relations = [_relation(node, op, a, b) for op, a, b in pairs]
        return _measured(conjunction(relations))

    def boolean(self, node: ast.BoolOp, depth: int) -> _Built:
        built = [self.visit(value, depth + 1) for value in node.values]
        conditions = [_condition(n, b) for n, b in zip(node.values, built, strict=True)]
        joined = (conjunction if isinstance(node.op, ast.And) else disjunction)(conditions)
        return _Built(joined, sum(b.size for b in built) + 1)

    def conditional(self, node: ast.IfExp, depth: int) -> _Built:
        test, yes, no = (self.visit(n, depth + 1) for n in (node.test, node.body, node.orelse))
        condition = _condition(node.test, test)
        pieces = [(_number(node.body, yes), condition)]
        return _Built(
            _piecewise(pieces, _number(node.orelse, no)), test.size + yes.size + no.size + 1
        )

    def call(self, node: ast.Call, depth: int) -> _Built:
        if not isinstance(node.func, ast.Name):
            raise RefusedError(
                node, "only the functions of the grammar can be called", _FUNCTION_LIST
            )
        name = node.func.id
        if name not in FUNCTIONS:
            remedy = suggest(name, FUNCTIONS, _FUNCTION_LIST)
            raise RefusedError(node, f"there is no function {name!r}", remedy)
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise RefusedError(node, f"{name} takes no named arguments", "write them in order")
        arguments = [self.visit(argument, depth + 1) for argument in node.args]
        return _call(node, name, arguments)


_FUNCTION_LIST = "the functions are " + ", ".join(sorted(FUNCTIONS))

_VISITORS: dict[type, Callable[..., _Built]] = {
    ast.Constant: _Builder.constant,
    ast.Name: _Builder.name,
    ast.Attribute: _Builder.attribute,
    ast.UnaryOp: _Builder.unary,
    ast.BinOp: _Builder.binary,
    ast.Compare: _Builder.comparison,
    ast.BoolOp: _Builder.boolean,
    ast.IfExp: _Builder.conditional,
    ast.Call: _Builder.call,
}


def _family(node: ast.BinOp) -> tuple[type, type] | None:
    if isinstance(node.op, ast.Add | ast.Sub):
        return ast.Add, ast.Sub
    return (ast.Mult, ast.Div) if isinstance(node.op, ast.Mult | ast.Div) else None


def _signed(node: ast.BinOp, value: sp.Expr) -> sp.Expr:
    if isinstance(node.op, ast.Sub):
        return -value
    if isinstance(node.op, ast.Div):
        if value == 0:
            raise RefusedError(node.right, "division by zero", "divide by something else")
        return _raised(value, sp.Integer(-1))
    return value


def _combine(operation: type, values: list[sp.Expr], node: ast.AST) -> sp.Expr:
    """Add or multiply; numbers one by one, so that none exceeds a double in between."""
    symbolic = [v for v in values if not v.is_Number]
    total: sp.Expr = operation.identity  # type: ignore[attr-defined]
    for value in values:
        if value.is_Number:
            total = operation(total, value)
            _settled(node, total)
    return operation(total, *symbolic)


def _power(node: ast.AST, base: _Built, exponent: _Built) -> _Built:
    below, above = _number(node, base), _number(node, exponent)
    if above.is_number and abs(_as_float(node, above)) > LARGEST_EXPONENT:
        what = f"the exponent is beyond {LARGEST_EXPONENT}"
        raise RefusedError(node, what, "use a smaller exponent, or rescale the quantity")
    if above.is_number and below == 0 and _as_float(node, above) <= 0:
        raise RefusedError(
            node, "this is zero to a power that is not positive", "use a positive exponent"
        )
    if above.is_Number and _bits(below) * abs(_as_float(node, above)) > MOST_BITS:
        raise RefusedError(node, "a number becomes too large in this power", "rescale the quantity")
    return _Built(_raised(below, above), base.size + exponent.size + 1)


def _raised(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Raise to a power; a Piecewise applies some powers to its branches."""
    plain = isinstance(base, Piecewise) or not base.has(sp.Piecewise)
    return sp.Pow(base, exponent, evaluate=plain)


def _bits(expr: sp.Expr) -> int:
    """Return the number of bits of the longest number in an expression."""
    return max(
        (max(n.p.bit_length(), n.q.bit_length()) for n in expr.atoms(sp.Rational)), default=0
    )


def _as_float(node: ast.AST, expr: sp.Expr) -> float:
    try:
        return float(expr)
    except (OverflowError, TypeError, ValueError):
        raise RefusedError(
            node, "a number is not finite or not real", "check the numbers"
        ) from None


def _settled(node: ast.AST, expr: sp.Basic) -> sp.Basic:
    """Raise an error for constants that are not finite, not real or too large; fold long ones.

    Rational numbers, and one function of one (``exp(0.8334)``), stay exact and readable. All others
    become a double, because the exact arithmetic of SymPy on nested constants may never end.
    """
    if not isinstance(expr, sp.Expr) or expr.free_symbols:
        return expr
    value = _as_float(node, expr)
    if not abs(value) < LARGEST_NUMBER:
        raise RefusedError(node, "a number is too large", f"stay below {LARGEST_NUMBER:g}")
    plain = expr.is_Rational or all(arg.is_Rational for arg in expr.args)
    return expr if plain else sp.Float(value)


_RELATIONS: dict[type, type] = {
    ast.Lt: sp.StrictLessThan,
    ast.LtE: sp.LessThan,
    ast.Gt: sp.StrictGreaterThan,
    ast.GtE: sp.GreaterThan,
    ast.Eq: sp.Equality,
    ast.NotEq: sp.Unequality,
}


def _relation(node: ast.AST, op: ast.cmpop, left: sp.Expr, right: sp.Expr) -> Boolean:
    if type(op) not in _RELATIONS:
        raise RefusedError(node, "this comparison is not of the grammar", "use < <= > >= == !=")
    try:
        return lift_relation(_RELATIONS[type(op)], left, right)
    except NotSeparableError as problem:
        remedy = "compare the parts of min, max, abs and if separately, with and, or"
        raise RefusedError(node, str(problem), remedy) from None


def _piecewise(pieces: list[tuple[sp.Expr, Boolean]], otherwise: sp.Expr) -> sp.Expr:
    kept: list[tuple[sp.Expr, Boolean]] = []
    for value, condition in pieces:
        if condition == sp.true:
            otherwise = value
            break
        if condition != sp.false:
            kept.append((value, condition))
    if not kept or all(value == otherwise for value, _ in kept):
        return otherwise
    return Piecewise(*kept, (otherwise, sp.true), evaluate=False)


def _call(node: ast.Call, name: str, arguments: list[_Built]) -> _Built:
    if name == "piecewise":
        return _piecewise_call(node, arguments)
    values = [_number(n, b) for n, b in zip(node.args, arguments, strict=True)]
    size = sum(b.size for b in arguments) + 1
    if name in ("min", "max"):
        if len(values) < 2:
            raise RefusedError(node, f"{name} needs two arguments or more", f"{name}(a, b)")
        if len(values) > MOST_EXTREMES:
            what = f"{name} has more than {MOST_EXTREMES} arguments"
            raise RefusedError(node, what, "define it of fewer arguments in several helpers")
        return _measured(_extreme(node, name, values))
    if len(values) != 1:
        raise RefusedError(node, f"{name} takes one argument, not {len(values)}", f"{name}(x)")
    _check_domain(node, name, values[0])
    if name == "abs":
        return _measured(_absolute(node, values[0]))
    return _Built(_apply(name, values[0]), size)


def _apply(name: str, value: sp.Expr) -> sp.Expr:
    """Apply a function of one argument.

    SymPy's simplifications check whether the argument is zero, which may never end for nested
    functions, so they are used for constants only.
    """
    if name == "sqrt":
        return _raised(value, sp.Rational(1, 2))
    function = _FUNCTION.get(name, sp.log)
    applied = function(value, evaluate=False) if value.free_symbols else function(value)
    return applied / sp.log(_LOG_BASE[name]) if name in _LOG_BASE else applied


def _check_domain(node: ast.AST, name: str, value: sp.Expr) -> None:
    """Compute a function of a number in plain doubles, before SymPy does."""
    if value.free_symbols:
        return
    try:
        _NUMERIC[name](_as_float(node, value))
    except (ValueError, OverflowError):
        what = f"{name}({_as_float(node, value):g}) is not a finite number"
        raise RefusedError(node, what, "check the argument") from None


def _extreme(node: ast.AST, name: str, values: list[sp.Expr]) -> sp.Expr:
    """Return a minimum or maximum as a Piecewise, with derivatives on both sides of a tie."""
    compare = ast.LtE() if name == "min" else ast.GtE()
    pieces = []
    for index, value in enumerate(values[:-1]):
        rest = values[index + 1 :]
        relations = [_relation(node, compare, value, other) for other in rest]
        pieces.append((value, conjunction(relations)))
    return _piecewise(pieces, values[-1])


def _absolute(node: ast.AST, value: sp.Expr) -> sp.Expr:
    condition = _relation(node, ast.GtE(), value, sp.Integer(0))
    return _piecewise([(value, condition)], -value)


def _piecewise_call(node: ast.Call, arguments: list[_Built]) -> _Built:
    """Return a choice: ``piecewise(value, condition, value, condition, ..., otherwise)``."""
    if len(arguments) < 3 or len(arguments) % 2 == 0:
        what = "piecewise needs alternating values and conditions, and a last value"
        raise RefusedError(node, what, "piecewise(a, x < 1, b, x < 2, c)")
    nodes = node.args
    values = [_number(n, b) for n, b in zip(nodes[::2], arguments[::2], strict=True)]
    conditions = [_condition(n, b) for n, b in zip(nodes[1::2], arguments[1::2], strict=True)]
    pieces = list(zip(values[:-1], conditions, strict=True))
    return _Built(_piecewise(pieces, values[-1]), sum(b.size for b in arguments) + 1)


_FUNCTION: dict[str, type] = {"cos": sp.cos, "exp": sp.exp, "sin": sp.sin, "tanh": tanh}
_LOG_BASE = {"log10": 10, "log2": 2}

_NUMERIC: dict[str, Callable[[float], float]] = {
    "abs": math.fabs,
    "cos": math.cos,
    "exp": math.exp,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tanh": math.tanh,
}
