"""Random expressions: a small tree with its text and its value, apart from SymPy and from `ast`."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

# How tightly each form binds, as Python has it.
IF, OR, AND, NOT, COMPARE, ADD, MULTIPLY, UNARY, POWER, ATOM = range(10)

FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": math.exp, "log": math.log, "log10": math.log10, "log2": math.log2, "sqrt": math.sqrt,
    "sin": math.sin, "cos": math.cos, "tanh": math.tanh, "abs": abs, "min": min, "max": max,
}  # fmt: skip
BINARY: dict[str, tuple[int, Callable[[float, float], float]]] = {
    "+": (ADD, operator.add), "-": (ADD, operator.sub),
    "*": (MULTIPLY, operator.mul), "/": (MULTIPLY, operator.truediv),
}  # fmt: skip
RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Node:
    """Text with the strength it binds with, and the value at given names.

    Everything is evaluated, untaken branches too, so that what raises is known to be bad.
    """

    text: str
    level: int
    value: Callable[[Mapping[str, float]], Any]

    def at(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"


def real(value: Any) -> Any:
    if isinstance(value, complex) or not math.isfinite(value):
        raise ValueError("not a finite real number")
    return value


def binary(op: str, a: Node, b: Node) -> Node:
    level, compute = BINARY[op]
    return Node(f"{a.at(level)} {op} {b.at(level + 1)}", level,
                lambda v: real(compute(a.value(v), b.value(v))))  # fmt: skip


def power(op: str, a: Node, b: Node) -> Node:
    return Node(f"{a.at(ATOM)}{op}{b.at(UNARY)}", POWER,
                lambda v: real(a.value(v) ** b.value(v)))  # fmt: skip


def negative(a: Node) -> Node:
    return Node(f"-{a.at(UNARY)}", UNARY, lambda v: -a.value(v))


def call(name: str, arguments: list[Node]) -> Node:
    text = f"{name}({', '.join(a.text for a in arguments)})"
    return Node(text, ATOM, lambda v: real(FUNCTIONS[name](*[a.value(v) for a in arguments])))


def conditional(a: Node, test: Node, b: Node) -> Node:
    def value(v: Mapping[str, float]) -> float:
        yes, no = a.value(v), b.value(v)
        return yes if test.value(v) else no

    return Node(f"{a.at(OR)} if {test.at(OR)} else {b.at(IF)}", IF, value)


def piecewise(a: Node, test: Node, b: Node) -> Node:
    same = conditional(a, test, b)
    return Node(f"piecewise({a.text}, {test.text}, {b.text})", ATOM, same.value)


def comparison(first: Node, rest: list[tuple[str, Node]]) -> Node:
    text = first.at(ADD) + "".join(f" {op} {node.at(ADD)}" for op, node in rest)

    def value(v: Mapping[str, float]) -> bool:
        values = [first.value(v), *(node.value(v) for _, node in rest)]
        pairs = zip(rest, values[:-1], values[1:], strict=True)
        return all(RELATIONS[op](a, b) for (op, _), a, b in pairs)

    return Node(text, COMPARE, value)


def both(word: str, a: Node, b: Node) -> Node:
    level, combine = (AND, all) if word == "and" else (OR, any)
    return Node(f"{a.at(level)} {word} {b.at(level + 1)}", level,
                lambda v: combine([a.value(v), b.value(v)]))  # fmt: skip


def inverse(a: Node) -> Node:
    return Node(f"not {a.at(NOT)}", NOT, lambda v: not a.value(v))


def leaf_name(name: str) -> Node:
    return Node(name, ATOM, lambda v: v[name])


def leaf_number(text: str) -> Node:
    return Node(text, ATOM, lambda _: float(text))


NAMES = ("x", "y", "liver.C")
leaves = st.sampled_from(NAMES).map(leaf_name) | st.sampled_from(
    ("0", "1", "2", "3.5", "0.25", "1e-3", ".5", "7.", "12")
).map(leaf_number)
EXPONENTS = st.sampled_from(("2", "3", "0.5", "1.5")).map(leaf_number)


def _conditions(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    relations = st.sampled_from(sorted(RELATIONS))
    plain = st.builds(comparison, inner, st.lists(st.tuples(relations, inner), min_size=1,
                                                  max_size=2))  # fmt: skip
    return st.one_of(
        plain,
        st.builds(inverse, plain),
        st.builds(both, st.sampled_from(("and", "or")), plain, plain),
    )


def _larger(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    one = st.sampled_from([n for n in FUNCTIONS if n not in ("min", "max")])
    exponents = EXPONENTS | EXPONENTS.map(negative)
    return st.one_of(
        st.builds(binary, st.sampled_from(sorted(BINARY)), inner, inner),
        st.builds(power, st.sampled_from(("^", "**", " ^ ")), inner, exponents | inner),
        st.builds(negative, inner),
        st.builds(call, one, st.lists(inner, min_size=1, max_size=1)),
        st.builds(call, st.sampled_from(("min", "max")), st.lists(inner, min_size=2, max_size=3)),
        st.builds(conditional, inner, _conditions(leaves), inner),
        st.builds(piecewise, inner, _conditions(leaves), inner),
    )


expressions = st.recursive(leaves, _larger, max_leaves=12)
conditions = _conditions(leaves)
values = st.fixed_dictionaries({name: st.floats(-4, 4, width=16) for name in NAMES})
