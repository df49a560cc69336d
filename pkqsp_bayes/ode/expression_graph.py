"""Expressions as a plain list of nodes, stored on disk and evaluated without SymPy.

Each node is ``[operation, argument, ...]``. The arguments of an operation are the indices of
earlier nodes, so that shared parts are stored once and evaluation needs no recursion.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CONSTANTS", "LEAVES", "OPERATIONS", "Node", "NotStorableError", "apply_operation",
    "check_nodes", "evaluate_nodes", "read_number",
]  # fmt: skip

Node = tuple[Any, ...]
"""An operation, then texts and numbers: a tuple, or a list as in JSON."""

type FloatArray = NDArray[np.float64]

_MOST_NODES = 5_000_000
_LONGEST_TEXT = 20_000


class NotStorableError(ValueError):
    """The error for an expression with a part that has no kind of node."""


LEAVES: Mapping[str, int] = {
    "Symbol": 1,  # name
    "Integer": 1,  # hexadecimal digits
    "Rational": 2,  # numerator, denominator
    "Float": 4,  # sign, mantissa, exponent, bits of precision
    "Constant": 1,  # one of SymPy's names
}
"""Nodes without arguments, with the number of texts and numbers of each."""

CONSTANTS: Mapping[str, float] = {
    "Exp1": math.e, "Pi": math.pi, "ImaginaryUnit": math.nan, "NaN": math.nan,
    "Infinity": math.inf, "NegativeInfinity": -math.inf, "ComplexInfinity": math.nan,
}  # fmt: skip

_Operation = Callable[..., NDArray[Any]]


def _sum(*parts: FloatArray) -> FloatArray:
    return np.asarray(sum(parts[1:], parts[0]))


def _over_all(operation: np.ufunc) -> _Operation:
    """Return the operation between two arrays as one between any number of them."""
    return lambda *parts: np.asarray(operation.reduce(np.broadcast_arrays(*parts), axis=0))


def _choose(*parts: NDArray[Any]) -> FloatArray:
    """Return the first value whose condition holds; values and conditions alternate."""
    shape = np.broadcast_shapes(*(np.shape(part) for part in parts))
    result = np.full(shape, np.nan)
    for value, condition in zip(parts[-2::-2], parts[::-2], strict=True):
        result = np.where(condition, value, result)
    return result


OPERATIONS: Mapping[str, tuple[int, int, _Operation]] = {
    "Add": (2, _MOST_NODES, _sum),
    "Mul": (2, _MOST_NODES, _over_all(np.multiply)),
    "Pow": (2, 2, np.power),
    "exp": (1, 1, np.exp),
    "log": (1, 1, np.log),
    "sin": (1, 1, np.sin),
    "cos": (1, 1, np.cos),
    "tanh": (1, 1, np.tanh),
    "sympy.tanh": (1, 1, np.tanh),
    "Abs": (1, 1, np.abs),
    "Piecewise": (2, _MOST_NODES, _choose),
    "sympy.Piecewise": (2, _MOST_NODES, _choose),
    "StrictLessThan": (2, 2, np.less),
    "LessThan": (2, 2, np.less_equal),
    "StrictGreaterThan": (2, 2, np.greater),
    "GreaterThan": (2, 2, np.greater_equal),
    "Equality": (2, 2, np.equal),
    "Unequality": (2, 2, np.not_equal),
    "And": (2, _MOST_NODES, _over_all(np.logical_and)),
    "Or": (2, _MOST_NODES, _over_all(np.logical_or)),
    "Not": (1, 1, np.logical_not),
    "ITE": (3, 3, np.where),
}
"""Minimum and maximum number of arguments of each operation, and its function."""

_LOGICAL = frozenset({"true", "false"})


def apply_operation(name: str, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Compute one operation over arrays that broadcast.

    Raises
    ------
    KeyError
        If there is no such operation.

    Examples
    --------
    >>> apply_operation("Mul", [np.array([1.0, 2.0]), np.array(3.0)]).tolist()
    [3.0, 6.0]
    """
    return np.asarray(OPERATIONS[name][2](*parts))


def check_nodes(nodes: Sequence[Any]) -> None:
    """Raise an error for a list of nodes that this module cannot have written.

    Parameters
    ----------
    nodes : sequence
        The nodes, read from a file that is not trusted.

    Raises
    ------
    ValueError
        For an unknown operation, a wrong number of arguments, an argument that is not an earlier
        node, or a text or list that is too long.

    Examples
    --------
    >>> check_nodes([["Symbol", "CL"], ["Integer", "2"], ["Mul", 1, 0]])
    >>> check_nodes([["Mul", 0, 1]])
    Traceback (most recent call last):
    ...
    ValueError: node 0 is damaged
    """
    if len(nodes) > _MOST_NODES:
        raise ValueError("too many nodes")
    for place, node in enumerate(nodes):
        if not (isinstance(node, list | tuple) and node and isinstance(node[0], str)):
            raise ValueError(f"node {place} is damaged")
        whole = _is_leaf(node) if node[0] in LEAVES else _is_operation(node, place)
        if not whole:
            raise ValueError(f"node {place} is damaged")


def _is_leaf(node: Sequence[Any]) -> bool:
    if len(node) != 1 + LEAVES[node[0]]:
        return False
    if node[0] == "Constant" and node[1] not in {*CONSTANTS, *_LOGICAL}:
        return False
    return all(
        len(part) <= _LONGEST_TEXT if isinstance(part, str) else _is_number(part)
        for part in node[1:]
    )


def _is_number(part: object) -> bool:
    return isinstance(part, int) and not isinstance(part, bool) and abs(part) < 2**31


def _is_operation(node: Sequence[Any], place: int) -> bool:
    if node[0] not in OPERATIONS:
        return False
    least, most, _ = OPERATIONS[node[0]]
    earlier = all(_is_number(part) and 0 <= part < place for part in node[1:])
    even = not node[0].endswith("Piecewise") or len(node) % 2 == 1
    return earlier and even and least <= len(node) - 1 <= most


def evaluate_nodes(
    nodes: Sequence[Node], known: Mapping[str, FloatArray]
) -> list[NDArray[Any] | None]:
    """Evaluate all nodes over arrays that broadcast.

    Parameters
    ----------
    nodes : sequence of node
        Each after those that it reads.
    known : mapping of str to array
        Values of symbols.

    Returns
    -------
    list of array or None
        None for nodes that depend on an unknown symbol.

    Examples
    --------
    >>> nodes = [["Symbol", "CL"], ["Integer", "2"], ["Mul", 1, 0], ["Symbol", "V"]]
    >>> [None if v is None else float(v) for v in evaluate_nodes(nodes, {"CL": np.array(3.0)})]
    [3.0, 2.0, 6.0, None]
    """
    values: list[NDArray[Any] | None] = []
    with np.errstate(all="ignore"):
        for operation, *arguments in nodes:
            if operation in LEAVES:
                values.append(_leaf(str(operation), arguments, known))
                continue
            parts = [values[int(i)] for i in arguments]
            whole = [part for part in parts if part is not None]
            known_all = len(whole) == len(parts)
            values.append(apply_operation(str(operation), whole) if known_all else None)
    return values


def _leaf(
    kind: str, parts: Sequence[str | int], known: Mapping[str, FloatArray]
) -> NDArray[Any] | None:
    if kind == "Symbol":
        return known.get(str(parts[0]))
    if kind == "Constant":
        name = str(parts[0])
        return np.asarray(name == "true") if name in _LOGICAL else np.asarray(CONSTANTS[name])
    if kind == "Float":
        sign, mantissa, exponent, _ = parts
        size = math.ldexp(int(str(mantissa), 16), int(exponent))
        return np.asarray(-size if sign else size)
    top, *bottom = (int(str(part), 16) for part in parts)
    return np.asarray(top / bottom[0] if bottom else float(top))


def read_number(value: object, _: object = None) -> float:
    """Return a number as it was written: an integer stays an integer.

    Raises
    ------
    ValueError
        If the value is not a number.

    Examples
    --------
    >>> read_number(45), read_number(45.0)
    (45, 45.0)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{value!r} is not a number"
        raise ValueError(msg)  # noqa: TRY004 - the text is damaged, no argument has a wrong type
    return value
