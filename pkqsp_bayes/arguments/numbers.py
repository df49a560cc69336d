"""Rules for numbers: NaN, bool and extremely large numbers are refused."""

import math
from numbers import Integral, Real

import numpy as np

from pkqsp_bayes.arguments.rule import Rule, shown, simple

__all__ = [
    "CORES",
    "LEVEL",
    "REAL",
    "SEED",
    "count",
    "increasing",
    "number",
    "numbers",
    "probability",
]

_MOST = 1_000_000


def count(least: int = 1, most: int = _MOST) -> Rule:
    """Return the rule for a whole number.

    Parameters
    ----------
    least, most : int
        Range, including both bounds.

    Examples
    --------
    >>> [issue.what for v in (1, 0, True, "3") for issue in count().issues("n", v)]
    ['it is 0', 'it is True, not a whole number', "it is '3', not a whole number"]
    """

    def problem(value: object) -> str | None:
        if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
            return f"it is {shown(value)}, not a whole number"
        found = int(value)
        return None if least <= found <= most else f"it is {shown(found)}"

    return simple(f"it must be a whole number from {least} to {most}", problem)


def number(
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> Rule:
    """Return the rule for a finite number.

    Parameters
    ----------
    above, below : float
        Exclusive bounds.
    least, most : float
        Inclusive bounds.

    Examples
    --------
    >>> [i.what for v in (1, 0.0, float("nan")) for i in number(above=0).issues("x", v)]
    ['it is 0.0', 'it is nan']
    """

    def problem(value: object) -> str | None:
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            return f"it is {shown(value)}, not a number"
        found = _float(value)
        inside = above < found < below and least <= found <= most
        return None if inside and math.isfinite(found) else f"it is {shown(_plain(value))}"

    limits = [
        f"{word} {limit:g}"
        for word, limit in (("above", above), ("at least", least), ("below", below),
                            ("at most", most))
        if math.isfinite(limit)
    ]  # fmt: skip
    return simple(", ".join(["it must be a finite number", *limits]), problem)


def _no_real(value: object) -> str | None:
    real = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    return None if real else f"it is {shown(value)}, not a number"


REAL = simple("give a number", _no_real)
"""Rule for a number without a range; the function itself checks the range."""


def probability() -> Rule:
    """Return the rule for a number strictly between 0 and 1."""
    return number(above=0.0, below=1.0)


def numbers(*, sorted_: bool = False, least: int = 1, missing: bool = False) -> Rule:
    """Return the rule for a list of finite numbers, or one number.

    Parameters
    ----------
    sorted_ : bool
        Whether the numbers must increase.
    least : int
        Minimal number of elements.
    missing : bool
        Whether NaN is accepted for a missing number.

    Examples
    --------
    >>> [i.what for v in ([0, 1], [1, 0], [0, float("nan")])
    ...  for i in numbers(sorted_=True).issues("times", v)]
    ['number 2 is 0, the previous one is 1', 'number 2 is nan']
    """
    wanted = "finite numbers" + (", in increasing order" if sorted_ else "")

    def problem(value: object) -> str | None:
        array = _array(value)
        if array is None:
            return f"it is {shown(value)}, not a list of numbers"
        if array.size < least:
            return f"its length is {array.size}"
        return _first_wrong(array[~np.isnan(array)] if missing else array, sorted_=sorted_)

    return simple(f"give {wanted}" + (f", {least} or more" if least > 1 else ""), problem)


def increasing(least: int = 1) -> Rule:
    """Return the rule for finite numbers in increasing order."""
    return numbers(sorted_=True, least=least)


def _first_wrong(array: np.ndarray, *, sorted_: bool) -> str | None:
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        return f"number {bad[0] + 1} is {array[bad[0]]:g}"
    back = np.flatnonzero(np.diff(array) <= 0) if sorted_ else bad
    if back.size:
        k = back[0]
        return f"number {k + 2} is {array[k + 1]:g}, the previous one is {array[k]:g}"
    return None


def _array(value: object) -> np.ndarray | None:
    """Return a list of numbers as an array, or None if it is not one."""
    if isinstance(value, str | bytes | dict | set) or value is None:
        return None
    try:
        array = np.atleast_1d(np.asarray(value))
    except (ValueError, TypeError):
        return None
    return array.astype(float) if array.ndim == 1 and array.dtype.kind in "fiu" else None


def _float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:  # the number is too large for a float
        return math.inf


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


SEED = count(0, 2**32 - 1)
CORES = count(1, 4096)
LEVEL = probability()
