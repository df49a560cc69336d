"""Ranges of validity of formulas: numbers are checked at once, symbols at run time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pkqsp_bayes.arguments.rule import shown
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ops import Value, is_number, is_value

__all__ = ["ABOVE_ZERO", "Limit", "describe_range", "limit_issues", "require"]

ABOVE_ZERO = 1e-300
"""A lower bound for quantities that must be positive."""

type Bounds = tuple[Value, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A quantity and the range, including its bounds, in which a formula is valid.

    Parameters
    ----------
    name : str
        Name of the quantity, with its unit.
    value : Value
        A number, an array of them, or a symbol.
    low, high : Value
        The range; it may depend on the same covariates as `value`.
    where : str
        Location: path in the model file, or name of the argument.
    remedy : str
        Remedy for a value outside the range.
    """

    name: str
    value: Value
    low: Value
    high: Value
    where: str = ""
    remedy: str = ""


def limit_issues(limits: Iterable[Limit]) -> list[Issue]:
    """Return the values outside their range (of an array the first one); symbols are not checked.

    Examples
    --------
    >>> [str(i) for i in limit_issues([Limit(name="age", value=-1.0, low=0.0, high=100.0)])]
    ['error: age: age is -1, outside 0 to 100']
    """
    return [issue for limit in limits if (issue := _issue(limit)) is not None]


def require(**given: Bounds) -> None:
    """Check arguments against the ranges of a formula, all together.

    Parameters
    ----------
    **given : (value, low, high)
        Value and range of each argument, by name.

    Raises
    ------
    CheckError
        With each argument that is outside its range or NaN.

    Examples
    --------
    >>> require(age=(30.0, 0.0, 100.0))
    """
    issues = limit_issues(
        Limit(name=name, value=value, low=low, high=high)
        for name, (value, low, high) in given.items()
    )
    if issues:
        raise CheckError(issues)


def _issue(limit: Limit) -> Issue | None:
    where, value = limit.where or limit.name, limit.value
    if not is_value(value):
        what = f"{limit.name} is {shown(value)}, not a number"
        return Issue(where=where, what=what, remedy=limit.remedy)
    if not all(map(_is_numeric, (value, limit.low, limit.high))):
        return None
    numbers, low, high = np.broadcast_arrays(*np.atleast_1d(value, limit.low, limit.high))
    bad = np.flatnonzero(~((numbers >= low) & (numbers <= high)))
    if not bad.size:
        return None
    first = bad[0]
    place = f" at index {first}" if numbers.size > 1 else ""
    miss = describe_range(low.ravel()[first], high.ravel()[first])
    what = f"{limit.name} is {numbers.ravel()[first]:g}{place}, {miss}"
    return Issue(where=where, what=what, remedy=limit.remedy)


def _is_numeric(value: Value) -> bool:
    return is_number(value) or getattr(getattr(value, "dtype", None), "kind", "") in tuple("fiu")


def describe_range(low: float, high: float) -> str:
    """Return in which way a value is outside a range.

    Examples
    --------
    >>> describe_range(36.5, 255.5), describe_range(ABOVE_ZERO, float("inf"))
    ('outside 36.5 to 255.5', 'not above 0')
    """
    is_open = 0.0 < low <= ABOVE_ZERO
    if np.isinf(high):
        return "not above 0" if is_open else f"below {low:g}"
    return f"outside (0, {high:g}]" if is_open else f"outside {low:g} to {high:g}"
