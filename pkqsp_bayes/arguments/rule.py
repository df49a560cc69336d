"""A rule: the valid values of an argument, and the problems of invalid ones."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pkqsp_bayes.errors import Issue

__all__ = ["Rule", "shown", "simple"]

_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The valid values of an argument.

    Parameters
    ----------
    issues : callable
        Returns the problems of a value, from the name of the argument and the value.
    kinds : tuple of type
        Types that only this argument accepts; they reveal arguments in the wrong order.
    """

    issues: Callable[[str, object], Iterable[Issue]]
    kinds: tuple[type, ...] = ()


def simple(
    wanted: str, problem: Callable[[object], str | None], *, kinds: tuple[type, ...] = ()
) -> Rule:
    """Return a rule with one message.

    Parameters
    ----------
    wanted : str
        The remedy: the valid values.
    problem : callable
        Returns the problem of a value, or None.
    kinds : tuple of type
        As in `Rule`.
    """

    def issues(where: str, value: object) -> Iterable[Issue]:
        what = problem(value)
        return [] if what is None else [Issue(where=where, what=what, remedy=wanted)]

    return Rule(issues=issues, kinds=kinds)


def shown(value: object) -> str:
    """Return a value as text for messages: short values literally, others by their type.

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
    except ValueError:  # Python refuses to print a number of this length
        return "a number of thousands of digits"
