"""Rules of numbers: none is NaN, none is a bool, none is of an absurd size."""

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
    """Return the rule of a whole number.

    Parameters
    ----------
    least, most : int
        Its range, both included.

    Examples
    --------
    >>> [issue.what for v in (1, 0, True, "3") for issue in count().issues("n", v)]
    ['it is 0', 'it is True, no whole number', "it is '3', no whole number"]
    """

    def problem(value: object) -> str | None:
        if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
            return f"it is {shown(value)}, no whole number"
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
    """Return the rule of a finite number.

    Parameters
    ----------
    above, below : float
        Bounds that are not allowed themselves.
    least, most : float
        Bounds that are.

    Examples
    --------
    >>> [i.what for v in (1, 0.0, float("nan")) for i in number(above=0).issues("x", v)]
    ['it is 0.0', 'it is nan']
    """

    def problem(value: object) -> str | None:
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            return f"it is {shown(value)}, no number"
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
    return None if real else f"it is {shown(value)}, no number"


REAL = simple("give a number", _no_real)
"""A number, whatever its size; who takes it says what it may be."""


def probability() -> Rule:
    """Return the rule of a number between 0 and 1, neither of them included."""
    return number(above=0.0, below=1.0)


def numbers(*, sorted_: bool = False, least: int = 1, missing: bool = False) -> Rule:
    """Return the rule of a list of finite numbers, or of one number.

    Parameters
    ----------
    sorted_ : bool
        Whether each must be greater than the one before.
    least : int
        How many there must be.
    missing : bool
        Whether NaN stands for a missing one.

    Examples
    --------
    >>> [i.what for v in ([0, 1], [1, 0], [0, float("nan")])
    ...  for i in numbers(sorted_=True).issues("times", v)]
    ['number 2 is 0, and the one before it 1', 'number 2 is nan']
    """
    wanted = "finite numbers" + (", each greater than the one before" if sorted_ else "")

    def problem(value: object) -> str | None:
        array = _array(value)
        if array is None:
            return f"it is {shown(value)}, no list of numbers"
        if array.size < least:
            return f"there are {array.size}"
        return _first_wrong(array[~np.isnan(array)] if missing else array, sorted_=sorted_)

    return simple(f"give {wanted}" + (f", {least} or more" if least > 1 else ""), problem)


def increasing(least: int = 1) -> Rule:
    """Return the rule of finite numbers, each greater than the one before."""
    return numbers(sorted_=True, least=least)


def _first_wrong(array: np.ndarray, *, sorted_: bool) -> str | None:
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        return f"number {bad[0] + 1} is {array[bad[0]]:g}"
    back = np.flatnonzero(np.diff(array) <= 0) if sorted_ else bad
    if back.size:
        k = back[0]
        return f"number {k + 2} is {array[k + 1]:g}, and the one before it {array[k]:g}"
    return None


def _array(value: object) -> np.ndarray | None:
    """Return a list of numbers as an array; nothing if it is none."""
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
    except OverflowError:  # a whole number that no float holds
        return math.inf


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


SEED = count(0, 2**32 - 1)
CORES = count(1, 4096)
LEVEL = probability()
