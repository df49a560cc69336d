"""Storage of records with SymPy expressions as text, without pickle or eval.

The text is JSON: the nodes of all expressions (`pkqsp_bayes.ode.expression_graph`) and the record,
with the index of a node in place of each expression. Every node is checked when it is read.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cattrs
import sympy as sp
from sympy.functions.elementary.piecewise import ExprCondPair

from pkqsp_bayes.ode.expression_graph import (
    CONSTANTS,
    Node,
    NotStorableError,
    check_nodes,
    read_number,
)
from pkqsp_bayes.ode.expressions.symbols import Piecewise, symbol, tanh
from pkqsp_bayes.physiology.formula_ranges import Limit

__all__ = ["GraphWriter", "format_record", "parse_record", "read_nodes"]

_KINDS: Mapping[type, str] = {
    sp.Add: "Add", sp.Mul: "Mul", sp.Pow: "Pow", sp.exp: "exp", sp.log: "log", sp.sin: "sin",
    sp.cos: "cos", tanh: "tanh", sp.tanh: "sympy.tanh", sp.Abs: "Abs", Piecewise: "Piecewise",
    sp.Piecewise: "sympy.Piecewise", sp.StrictLessThan: "StrictLessThan", sp.LessThan: "LessThan",
    sp.StrictGreaterThan: "StrictGreaterThan", sp.GreaterThan: "GreaterThan",
    sp.Equality: "Equality", sp.Unequality: "Unequality", sp.And: "And", sp.Or: "Or",
    sp.Not: "Not", sp.ITE: "ITE",
}  # fmt: skip
_CLASSES: Mapping[str, Any] = {name: kind for kind, name in _KINDS.items()}
_CONSTANTS: Mapping[str, sp.Basic] = {
    **{name: getattr(sp.S, name) for name in CONSTANTS}, "true": sp.true, "false": sp.false,
}  # fmt: skip
_NAMES: Mapping[sp.Basic, str] = {value: name for name, value in _CONSTANTS.items()}


@dataclass(slots=True)
class GraphWriter:
    """A collection of expressions as nodes, in which equal nodes occur once.

    Parameters
    ----------
    nodes : list of node
        The nodes written so far.
    places : dict
        The index of each written expression; also of symbols that represent one.

    Examples
    --------
    >>> writer = GraphWriter()
    >>> writer.add(2 * symbol("CL"))
    2
    >>> writer.nodes
    [('Integer', '2'), ('Symbol', 'CL'), ('Mul', 0, 1)]
    """

    nodes: list[Node] = field(default_factory=list)
    places: dict[sp.Basic, int] = field(default_factory=dict)

    def add(self, expr: sp.Basic) -> int:
        """Write an expression and return the index of its node.

        Raises
        ------
        NotStorableError
            If it has a part without a kind of node.
        """
        place = self.places.get(expr)
        if place is None:
            node = self._node(expr)
            place = self.places[expr] = len(self.nodes)
            self.nodes.append(node)
        return place

    def _node(self, expr: sp.Basic) -> Node:
        if not expr.args:
            return _leaf(expr)
        kind = _KINDS.get(type(expr))
        if kind is None:
            raise NotStorableError(f"{type(expr).__name__} has no node")
        args: Sequence[sp.Basic] = expr.args
        if isinstance(expr, sp.Piecewise):
            args = [part for branch in expr.args for part in branch.args]
        return (kind, *(self.add(arg) for arg in args))


def _leaf(expr: sp.Basic) -> Node:
    if expr in _NAMES:
        return ("Constant", _NAMES[expr])
    if isinstance(expr, sp.Symbol) and expr == symbol(expr.name):
        return ("Symbol", expr.name)
    if isinstance(expr, sp.Integer):
        return ("Integer", _hex(int(expr)))
    if isinstance(expr, sp.Rational):
        return ("Rational", _hex(int(expr.p)), _hex(int(expr.q)))
    if isinstance(expr, sp.Float):
        sign, mantissa, exponent, _ = expr._mpf_
        return ("Float", int(sign), _hex(int(mantissa)), int(exponent), int(expr._prec))
    raise NotStorableError(f"{expr!r} has no node")


def _hex(number: int) -> str:
    return f"{number:x}"


def read_nodes(nodes: Sequence[Node]) -> list[sp.Basic]:
    """Return the expression of each node, without any simplification.

    Parameters
    ----------
    nodes : sequence of node
        The nodes that `GraphWriter` writes; they are checked.

    Raises
    ------
    ValueError
        If nodes are damaged.

    Examples
    --------
    >>> read_nodes([("Integer", "2"), ("Symbol", "CL"), ("Mul", 0, 1)])
    [2, CL, 2*CL]
    """
    check_nodes(nodes)
    made: list[sp.Basic] = []
    for kind, *arguments in nodes:
        read = _READ_LEAF.get(str(kind))
        if read is not None:
            made.append(read(*arguments))
        else:
            made.append(_join(str(kind), [made[int(i)] for i in arguments]))
    return made


def _float(sign: int, mantissa: str, exponent: int, precision: int) -> sp.Float:
    man = int(mantissa, 16)
    if sign not in (0, 1) or man < 0 or not 1 <= precision < 10_000:
        raise ValueError("a number is damaged")
    return sp.Float._new((sign, man, exponent, man.bit_length()), precision, zero=False)


def _rational(top: str, bottom: str) -> sp.Rational:
    p, q = int(top, 16), int(bottom, 16)
    if q < 2:
        raise ValueError("a fraction is damaged")
    return sp.Rational(p, q)


_READ_LEAF: Mapping[str, Callable[..., sp.Basic]] = {
    "Symbol": symbol,
    "Integer": lambda text: sp.Integer(int(text, 16)),
    "Rational": _rational,
    "Float": _float,
    "Constant": _CONSTANTS.__getitem__,
}


def _join(kind: str, args: list[sp.Basic]) -> sp.Basic:
    """Return a SymPy node with exactly these arguments."""
    cls = _CLASSES[kind]
    if kind in ("Add", "Mul"):
        return cls._from_args(args, is_commutative=True)
    if kind == "Pow":
        return sp.Pow(*args, evaluate=False)
    if issubclass(cls, sp.Function) and not issubclass(cls, sp.Piecewise):
        return cls(*args, evaluate=False)
    if issubclass(cls, sp.Piecewise):
        pairs = zip(args[::2], args[1::2], strict=True)
        args = [sp.Basic.__new__(ExprCondPair, *pair) for pair in pairs]
    made = sp.Basic.__new__(cls, *args)
    if isinstance(made, sp.And | sp.Or):
        made._argset = frozenset(args)
    return made


def format_record(record: object) -> str:
    """Return the text of a record whose fields may be expressions.

    Parameters
    ----------
    record : dataclass
        Such as `pkqsp_bayes.ode.system.OdeSystem`.

    Raises
    ------
    NotStorableError
        If an expression has a part without a kind of node.
    """
    writer = GraphWriter()
    converter = cattrs.Converter(unstruct_collection_overrides={})
    converter.register_unstructure_hook(sp.Basic, writer.add)
    converter.register_unstructure_hook(Limit, lambda limit: _format_limit(limit, writer))
    fields = converter.unstructure(record)
    return json.dumps({"nodes": writer.nodes, "record": fields}, separators=(",", ":"))


_BOUNDS = ("value", "low", "high")


def _format_limit(limit: Limit, writer: GraphWriter) -> dict[str, Any]:
    """Return a limit as a table; its bounds are numbers or expressions."""
    bounds = {
        key: {"place": writer.add(part)} if isinstance(part, sp.Basic) else {"number": part}
        for key in _BOUNDS
        for part in (getattr(limit, key),)
    }
    return {"name": limit.name, "where": limit.where, "remedy": limit.remedy, **bounds}


def parse_record[Record](text: str, kind: type[Record]) -> Record:
    """Return the record of a text.

    Parameters
    ----------
    text : str
        The text that `format_record` writes.
    kind : type
        Class of the record.

    Raises
    ------
    ValueError
        If the text is damaged.
    """
    try:
        return _structure(json.loads(text), kind)
    except Exception as error:  # damaged text can cause an error of any kind
        raise ValueError(f"the text is not a valid {kind.__name__}: {error}") from error


def _structure[Record](table: Mapping[str, Any], kind: type[Record]) -> Record:
    made = read_nodes(table["nodes"])
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(float, read_number)
    converter.register_structure_hook_func(_is_expression, lambda place, _: made[_place(place)])
    converter.register_structure_hook(Limit, lambda given, _: _parse_limit(given, made))
    return converter.structure(table["record"], kind)


def _is_expression(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, sp.Basic)


def _place(value: Any) -> int:
    place = int(value)
    if place < 0:
        raise ValueError("a place is negative")
    return place


def _parse_limit(given: Mapping[str, Any], made: Sequence[sp.Basic]) -> Limit:
    bounds = {
        key: made[_place(part["place"])] if "place" in part else read_number(part["number"])
        for key in _BOUNDS
        for part in (given[key],)
    }
    return Limit(
        name=str(given["name"]), where=str(given["where"]), remedy=str(given["remedy"]), **bounds
    )
