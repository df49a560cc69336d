"""Statements on one parameter as points of its distribution function, and their contradictions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.elicit.statements import (
    ChipsStatement,
    QuantilesStatement,
    RangeStatement,
    Statements,
)

__all__ = ["Belief", "convert_statements", "find_contradiction"]

FloatArray = NDArray[np.float64]
_Statement = QuantilesStatement | RangeStatement | ChipsStatement
_Problem = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """A statement, converted to cumulative probabilities at some points.

    Parameters
    ----------
    of, family : str
        The parameter, and the requested family.
    text : str
        The statement for display.
    method : {"quantiles", "range", "chips"}
        Type of the statement.
    points, probabilities : (n,) array
        Points and values of the cumulative distribution function.
    problems : tuple of (str, str)
        Problems of the statement, with remedies.
    """

    of: str
    family: str
    text: str
    method: str
    points: FloatArray
    probabilities: FloatArray
    problems: tuple[_Problem, ...]


def convert_statements(statements: Statements) -> list[Belief]:
    """Return the statements on parameters, in the order quantiles, ranges, chips."""
    return [
        *(_quantiles(s) for s in statements.quantiles),
        *(_range(s) for s in statements.range),
        *(_chips(s) for s in statements.chips),
    ]


def find_contradiction(beliefs: Sequence[Belief]) -> str:
    """Return a contradiction between statements on one parameter, or an empty text.

    A larger value must not have a smaller cumulative probability, in any two statements.

    Examples
    --------
    >>> low = _range(RangeStatement(of="CL", lower=1.0, upper=2.0))
    >>> high = _range(RangeStatement(of="CL", lower=5.0, upper=6.0))
    >>> find_contradiction([low, high])
    'P(< 2) = 0.95, but P(< 5) = 0.05'
    """
    points = np.concatenate([belief.points for belief in beliefs])
    chances = np.concatenate([belief.probabilities for belief in beliefs])
    order = np.lexsort((chances, points))
    points, chances = points[order], chances[order]
    falls = np.flatnonzero(np.diff(chances) < -1e-9)
    if not falls.size:
        return ""
    i = int(falls[0])
    return f"P(< {points[i]:g}) = {chances[i]:g}, but P(< {points[i + 1]:g}) = {chances[i + 1]:g}"


def _quantiles(statement: QuantilesStatement) -> Belief:
    pairs, problems = [], []
    for text, value in statement.at.items():
        try:
            pairs.append((float(text), value))
        except ValueError:
            problems.append((f"{text!r} is not a probability", 'write "0.05"'))
    pairs.sort()
    chances, points = (np.array(x, dtype=np.float64) for x in (zip(*pairs, strict=True) if pairs
                                                              else ((), ())))  # fmt: skip
    problems += _order(points, chances)
    if len(pairs) < 2:
        problems.append(("there are fewer than two quantiles", "state two or more"))
    text = ", ".join(f"q{p:g} = {x:g}" for p, x in pairs)
    return _belief(statement, text, "quantiles", points, chances, problems)


def _range(statement: RangeStatement) -> Belief:
    tail = (1 - statement.mass) / 2
    points, chances = np.array([statement.lower, statement.upper]), np.array([tail, 1 - tail])
    text = f"between {statement.lower:g} and {statement.upper:g} with {statement.mass:g}"
    return _belief(statement, text, "range", points, chances, list(_order(points, chances)))


def _chips(statement: ChipsStatement) -> Belief:
    problems: list[_Problem] = []
    if len(statement.edges) != len(statement.chips) + 1:
        what = f"there are {len(statement.chips)} bins of chips and {len(statement.edges)} edges"
        problems.append((what, "state one edge more than bins"))
    if not statement.chips or min(statement.chips) < 0 or sum(statement.chips) <= 0:
        problems.append(
            ("there are no chips, or a negative number", "state the number of chips per bin")
        )
    if problems:
        return _belief(statement, "", "chips", np.zeros(0), np.zeros(0), problems)
    edges = np.array(statement.edges, dtype=np.float64)
    cumulative = np.cumsum(statement.chips) / sum(statement.chips)
    inner = (cumulative > 0) & (cumulative < 1)
    points, chances = edges[1:][inner], cumulative[inner]
    problems = list(_order(edges, np.linspace(0.1, 0.9, edges.size)))
    if points.size < 2:
        problems.append(("the chips are in fewer than three bins", "use narrower bins"))
    text = f"chips {', '.join(f'{c:g}' for c in statement.chips)}"
    return _belief(statement, text, "chips", points, chances, problems)


def _order(points: FloatArray, chances: FloatArray) -> Iterator[_Problem]:
    if not ((chances > 0) & (chances < 1)).all():
        yield "a probability is not between 0 and 1", "state a probability between 0 and 1"
    if not (np.diff(points) > 0).all():
        yield "the values do not increase", "put them in order"


def _belief(
    statement: _Statement,
    text: str,
    method: str,
    points: FloatArray,
    chances: FloatArray,
    problems: list[_Problem],
) -> Belief:
    return Belief(
        of=statement.of,
        family=statement.family,
        text=text,
        method=method,
        points=points,
        probabilities=chances,
        problems=tuple(problems),
    )
