"""A rule: what an argument may be, and what is wrong with a value that it may not be."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pkqsp_bayes.errors import Issue

__all__ = ["Rule", "shown", "simple"]

_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an argument may be.

    Parameters
    ----------
    issues : callable
        From the name of the argument and its value to what is wrong.
    kinds : tuple of type
        Types of this argument that no other takes: with them arguments in the wrong order are told.
    """

    issues: Callable[[str, object], Iterable[Issue]]
    kinds: tuple[type, ...] = ()


def simple(
    wanted: str, problem: Callable[[object], str | None], *, kinds: tuple[type, ...] = ()
) -> Rule:
    """Return a rule of one sentence.

    Parameters
    ----------
    wanted : str
        The remedy: what to give.
    problem : callable
        From a value to what is wrong with it, or None.
    kinds : tuple of type
        As of `Rule`.
    """

    def issues(where: str, value: object) -> Iterable[Issue]:
        what = problem(value)
        return [] if what is None else [Issue(where=where, what=what, remedy=wanted)]

    return Rule(issues=issues, kinds=kinds)


def shown(value: object) -> str:
    """Return a value as messages show it: short ones whole, of others what they are.

    Examples
    --------
    >>> shown(-1), shown("a" * 100), shown(None)
    ('-1', 'a str', 'None')
    """
    if value is None or isinstance(value, bool | int | float | str):
        text = _text(value)
        if len(text) <= _MOST_SHOWN:
            return text
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _text(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # a whole number of more digits than Python prints
        return "a number of thousands of digits"
