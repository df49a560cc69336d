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

__all__ = ["Belief", "contradiction", "stated_beliefs"]

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
    words : str
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
    words: str
    method: str
    points: FloatArray
    probabilities: FloatArray
    problems: tuple[_Problem, ...]


def stated_beliefs(statements: Statements) -> list[Belief]:
    """Return the statements on parameters, in the order quantiles, ranges, chips."""
    return [
        *(_quantiles(s) for s in statements.quantiles),
        *(_range(s) for s in statements.range),
        *(_chips(s) for s in statements.chips),
    ]


def contradiction(beliefs: Sequence[Belief]) -> str:
    """Return a contradiction between statements on one parameter, or an empty text.

    A larger value must not have a smaller cumulative probability, in any two statements.

    Examples
    --------
    >>> low = _range(RangeStatement(of="CL", lower=1.0, upper=2.0))
    >>> high = _range(RangeStatement(of="CL", lower=5.0, upper=6.0))
    >>> contradiction([low, high])
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


def _quantiles(said: QuantilesStatement) -> Belief:
    pairs, problems = [], []
    for text, value in said.at.items():
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
    words = ", ".join(f"q{p:g} = {x:g}" for p, x in pairs)
    return _belief(said, words, "quantiles", points, chances, problems)


def _range(said: RangeStatement) -> Belief:
    tail = (1 - said.mass) / 2
    points, chances = np.array([said.lower, said.upper]), np.array([tail, 1 - tail])
    words = f"between {said.lower:g} and {said.upper:g} with {said.mass:g}"
    return _belief(said, words, "range", points, chances, list(_order(points, chances)))


def _chips(said: ChipsStatement) -> Belief:
    problems: list[_Problem] = []
    if len(said.edges) != len(said.chips) + 1:
        what = f"there are {len(said.chips)} bins of chips and {len(said.edges)} edges"
        problems.append((what, "state one edge more than bins"))
    if not said.chips or min(said.chips) < 0 or sum(said.chips) <= 0:
        problems.append(
            ("there are no chips, or a negative number", "state the number of chips per bin")
        )
    if problems:
        return _belief(said, "", "chips", np.zeros(0), np.zeros(0), problems)
    edges = np.array(said.edges, dtype=np.float64)
    cumulative = np.cumsum(said.chips) / sum(said.chips)
    inner = (cumulative > 0) & (cumulative < 1)
    points, chances = edges[1:][inner], cumulative[inner]
    problems = list(_order(edges, np.linspace(0.1, 0.9, edges.size)))
    if points.size < 2:
        problems.append(("the chips are in fewer than three bins", "use narrower bins"))
    words = f"chips {', '.join(f'{c:g}' for c in said.chips)}"
    return _belief(said, words, "chips", points, chances, problems)


def _order(points: FloatArray, chances: FloatArray) -> Iterator[_Problem]:
    if not ((chances > 0) & (chances < 1)).all():
        yield "a probability is not between 0 and 1", "state a probability between 0 and 1"
    if not (np.diff(points) > 0).all():
        yield "the values do not increase", "put them in order"


def _belief(
    said: _Statement,
    words: str,
    method: str,
    points: FloatArray,
    chances: FloatArray,
    problems: list[_Problem],
) -> Belief:
    return Belief(
        of=said.of,
        family=said.family,
        words=words,
        method=method,
        points=points,
        probabilities=chances,
        problems=tuple(problems),
    )
