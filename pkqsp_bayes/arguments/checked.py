"""The decorator that asks the rules of a function's arguments before anything is done."""

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
"""Types that say nothing of which argument is meant."""


def checked[**P, R](
    together: Together | None = None, /, **rules: Rule
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse arguments that mean nothing, all of them at once, before the function begins.

    A default is always fine. A number of NumPy becomes one of Python.

    Parameters
    ----------
    together : callable, optional
        From the arguments that keep their own rules to what is wrong with them together.
    **rules : Rule
        By the name of the argument.

    Raises
    ------
    CheckError
        From the decorated function: each problem, ``where`` is the argument's name.

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
            bound = signature.bind(*args, **kwargs)
            _require(signature, bound, rules, together)
            return function(*bound.args, **bound.kwargs)

        return call

    return decorate


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
    """Say where a value belongs that another argument takes."""
    if isinstance(value, rules[name].kinds):
        return
    for other, rule in rules.items():
        kinds = tuple(kind for kind in rule.kinds if kind not in _COMMON)
        if other != name and isinstance(value, kinds):
            what = f"it is a {type(value).__name__}, which is what {other} takes"
            remedy = f"give it as {other}=..., and look at the order of the arguments"
            yield Issue(where=name, what=what, remedy=remedy)
            return
