"""Rank and null space of a matrix of balls, and the invariants of its directions as text."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq, fmpq_mat

from pkqsp_bayes.ode.jets import fraction_of

__all__ = ["NullSpace", "PrecisionError", "invariants", "null_space", "product_text", "sum_text"]

_TINY = 1e-30
"""Relative size below which a ball around zero counts as zero; at random points, other values are
larger by tens of orders of magnitude."""


class PrecisionError(ArithmeticError):
    """Error of balls that are too wide for a decision."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NullSpace:
    """Directions in which parameters change and observed outputs do not.

    Parameters
    ----------
    rank : int
        Lower bound of the rank, proven by pivots whose balls exclude zero.
    free : tuple of int
        Free columns.
    vectors : list of list of arb
        One vector for each free column, in reduced echelon form: 1 in this column, 0 in the other
        free columns.
    """

    rank: int
    free: tuple[int, ...]
    vectors: list[list[arb]]


def null_space(rows: Sequence[Sequence[arb]], order: Sequence[int]) -> NullSpace:
    """Return the null space of a matrix.

    Parameters
    ----------
    rows : sequence of sequence of arb
        The matrix.
    order : sequence of int
        Columns in the order in which they become pivots; the last ones remain free.

    Raises
    ------
    PrecisionError
        If the ball of a pivot includes zero and is not narrow.

    Examples
    --------
    >>> found = null_space([[arb(1), arb(2)], [arb(2), arb(4)]], [0, 1])
    >>> found.rank, found.free, [float(x) for x in found.vectors[0]]
    (1, (1,), [-2.0, 1.0])
    """
    rest = [_scaled(row) for row in rows]
    done: list[tuple[int, list[arb]]] = []
    free: list[int] = []
    for column in order:
        best = max(range(len(rest)), key=lambda i: _size(rest[i][column]), default=-1)
        if best < 0 or 0 in rest[best][column]:
            _check_zero(row[column] for row in rest)
            free.append(column)
            continue
        pivot = rest.pop(best)
        pivot = [x / pivot[column] for x in pivot]
        rest = [_without(row, pivot, column) for row in rest]
        done = [(c, _without(row, pivot, column)) for c, row in done]
        done.append((column, pivot))
    return NullSpace(
        rank=len(done), free=tuple(free), vectors=[_vector(done, f, len(order)) for f in free]
    )


def _vector(done: Sequence[tuple[int, list[arb]]], free: int, size: int) -> list[arb]:
    vector = [arb(0)] * size
    vector[free] = arb(1)
    for column, row in done:
        vector[column] = -row[free]
    return vector


def _scaled(row: Sequence[arb]) -> list[arb]:
    largest = max((abs(x) for x in row), key=lambda x: float(x.mid()), default=arb(0))
    return [x / largest.mid() for x in row] if largest > 0 else list(row)


def _size(ball: arb) -> float:
    """Return a lower bound of a ball's absolute value; zero if the ball includes zero."""
    return float(abs(ball).lower())


def _check_zero(balls: Iterable[arb]) -> None:
    if any(float(abs(ball).upper()) > _TINY for ball in balls):
        raise PrecisionError


def _without(row: list[arb], pivot: list[arb], column: int) -> list[arb]:
    factor = row[column]
    return [
        arb(0) if j == column else x - factor * p
        for j, (x, p) in enumerate(zip(row, pivot, strict=True))
    ]


def invariants(vectors: Sequence[Sequence[arb]], group: Sequence[int]) -> list[list[int]] | None:
    """Return the invariants of directions; None if these are not small fractions.

    Parameters
    ----------
    vectors : sequence of sequence of arb
        The directions.
    group : sequence of int
        Columns that the directions change.

    Returns
    -------
    list of list of int
        Exponents (or factors) of each invariant, over the group.
    """
    # Reversed, so that the last column of the group is the common denominator.
    exact = [[fraction_of(vector[j]) for j in reversed(group)] for vector in vectors]
    if any(f is None for row in exact for f in row):
        return None
    matrix = fmpq_mat([[fmpq(*f) for f in row if f is not None] for row in exact])
    reduced, rank = matrix.rref()
    size = len(group)
    places = [next(j for j in range(size) if reduced[i, j] != 0) for i in range(rank)]
    found = []
    for free in (j for j in range(size) if j not in places):
        vector = [Fraction(int(j == free)) for j in range(size)]
        for i, place in enumerate(places):
            vector[place] = -Fraction(int(reduced[i, free].p), int(reduced[i, free].q))
        found.append(_whole(vector[::-1]))
    return found[::-1]


def _whole(vector: Sequence[Fraction]) -> list[int]:
    scale = math.lcm(*(f.denominator for f in vector))
    numbers = [int(f * scale) for f in vector]
    return [-n for n in numbers] if next((n for n in numbers if n), 1) < 0 else numbers


def product_text(names: Sequence[str], exponents: Sequence[int]) -> str:
    """Return a product of powers.

    Examples
    --------
    >>> product_text(["CL", "V", "F"], [1, 0, -1]), product_text(["a", "b"], [2, 1])
    ('CL/F', 'a^2*b')
    """
    above = [_raised(n, e) for n, e in zip(names, exponents, strict=True) if e > 0]
    below = [_raised(n, -e) for n, e in zip(names, exponents, strict=True) if e < 0]
    over = "*".join(above) or "1"
    if not below:
        return over
    return f"{over}/{below[0]}" if len(below) == 1 else f"{over}/({'*'.join(below)})"


def sum_text(names: Sequence[str], factors: Sequence[int]) -> str:
    """Return a sum.

    Examples
    --------
    >>> sum_text(["CLr", "CLh", "x"], [1, 1, -2])
    'CLr + CLh - 2*x'
    """
    text = ""
    for name, factor in zip(names, factors, strict=True):
        if factor:
            term = name if abs(factor) == 1 else f"{abs(factor)}*{name}"
            sign = ("-" if factor < 0 else "") if not text else (" - " if factor < 0 else " + ")
            text += sign + term
    return text


def _raised(name: str, exponent: int) -> str:
    return name if exponent == 1 else f"{name}^{exponent}"
