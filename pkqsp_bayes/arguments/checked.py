"""The decorator that checks the arguments of a function before it runs."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from pkqsp_bayes.arguments.rule import Rule
from pkqsp_bayes.errors import CheckError, Issue

__all__ = ["checked"]

Together = Callable[[Mapping[str, Any]], list[Issue]]

_COMMON = (list, tuple)
"""Types that do not identify an argument."""


def checked[**P, R](
    together: Together | None = None, /, **rules: Rule
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Check all arguments of a function before it runs, and report all problems together.

    A default value is always accepted. A NumPy number is converted to a Python number.

    Parameters
    ----------
    together : callable, optional
        Returns the problems of the arguments together; called if each argument is valid.
    **rules : Rule
        Rule of each argument, by name.

    Raises
    ------
    CheckError
        Raised by the decorated function; the ``where`` of each problem is the name of an argument.

    Examples
    --------
    >>> from pkqsp_bayes.arguments.numbers import count
    >>> @checked(draws=count(), seed=count(0))
    ... def sample(*, draws=10, seed=1):
    ...     return draws
    >>> sample(draws=0, seed=-1)
    Traceback (most recent call last):
    ...
    pkqsp_bayes.errors.CheckError: error: draws: it is 0 (it must be a whole number from 1 to 1000000)
    error: seed: it is -1 (it must be a whole number from 0 to 1000000)
    """  # noqa: E501

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = _bind(signature, function.__name__, args, kwargs)
            _require(signature, bound, rules, together)
            return function(*bound.args, **bound.kwargs)

        return call

    return decorate


def _bind(
    signature: inspect.Signature, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    """Bind the arguments; an error names the function, as that of Python."""
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{name}() {error}") from None


def _require(
    signature: inspect.Signature,
    bound: inspect.BoundArguments,
    rules: Mapping[str, Rule],
    together: Together | None,
) -> None:
    issues: list[Issue] = []
    wrong: set[str] = set()
    for name, value in bound.arguments.items():
        if isinstance(value, np.generic):
            bound.arguments[name] = value.item()
        if name not in rules or value is signature.parameters[name].default:
            continue
        found = list(rules[name].issues(name, value))
        wrong |= {name} if found else set()
        issues += list(_misplaced(name, value, rules)) or found if found else []
    if together is not None:
        whole = {n: p.default for n, p in signature.parameters.items()} | bound.arguments
        issues += together({n: v for n, v in whole.items() if n not in wrong})
    if issues:
        raise CheckError(issues)


def _misplaced(name: str, value: object, rules: Mapping[str, Rule]) -> Iterator[Issue]:
    """Report the values that belong to another argument."""
    if isinstance(value, rules[name].kinds):
        return
    for other, rule in rules.items():
        kinds = tuple(kind for kind in rule.kinds if kind not in _COMMON)
        if other != name and isinstance(value, kinds):
            what = f"it is a {type(value).__name__}, which belongs to the argument {other}"
            remedy = f"pass it as {other}=..., and check the order of the arguments"
            yield Issue(where=name, what=what, remedy=remedy)
            return
