"""Rules for arguments that are not numbers: choices, flags, records, mappings, paths."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from os import fspath
from pathlib import Path
from typing import Any

import numpy as np

from pkqsp_bayes.arguments.rule import Rule, shown, simple
from pkqsp_bayes.errors import Issue

__all__ = [
    "EXECUTOR",
    "FLAG",
    "PATH",
    "TEXT",
    "either",
    "instance",
    "mapping",
    "one_of",
    "record",
    "sequence",
]


def instance(*kinds: type, wanted: str) -> Rule:
    """Return the rule for an instance of a type.

    Parameters
    ----------
    *kinds : type
        Accepted types.
    wanted : str
        The remedy: the accepted object and its source.

    Examples
    --------
    >>> [issue.what for issue in instance(dict, wanted="give a dict").issues("x", 3)]
    ['it is 3']
    """

    def problem(value: object) -> str | None:
        return None if isinstance(value, kinds) else f"it is {shown(value)}"

    return simple(wanted, problem, kinds=kinds)


def one_of(*choices: str) -> Rule:
    """Return the rule for one of several texts.

    Examples
    --------
    >>> [issue.remedy for issue in one_of("a", "b").issues("x", "c")]
    ['"a" or "b"']
    """

    def problem(value: object) -> str | None:
        fine = isinstance(value, str) and value in choices
        return None if fine else f"{shown(value)} is not a valid choice"

    return simple(" or ".join(f'"{choice}"' for choice in choices), problem)


def record(kind: type, /, **rules: Rule) -> Rule:
    """Return the rule for a dataclass and its fields; messages name the fields.

    Parameters
    ----------
    kind : type
        The dataclass.
    **rules : Rule
        Rule of each field, by name.
    """

    def issues(where: str, value: object) -> Iterable[Issue]:
        if not isinstance(value, kind):
            remedy = f"give {kind.__name__}({next(iter(rules), '')}=...)"
            return [Issue(where=where, what=f"it is {shown(value)}", remedy=remedy)]
        return list(_field_issues(where, value, rules))

    return Rule(issues=issues, kinds=(kind,))


def _field_issues(where: str, value: Any, rules: Mapping[str, Rule]) -> Iterator[Issue]:
    defaults = {field.name: field.default for field in dataclasses.fields(value)}
    for name, rule in rules.items():
        found = getattr(value, name)
        if found is not defaults[name]:
            yield from rule.issues(f"{where}.{name}", found)


def sequence(each: Rule, *, wanted: str, least: int = 0) -> Rule:
    """Return the rule for a list; text is not accepted as a list.

    Parameters
    ----------
    each : Rule
        Rule of the elements.
    wanted : str
        The remedy if the value is not a list.
    least : int
        Minimal number of elements.
    """

    def issues(where: str, value: object) -> Iterable[Issue]:
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            return [Issue(where=where, what=f"it is {shown(value)}", remedy=wanted)]
        if len(value) < least:
            return [Issue(where=where, what="it is empty", remedy=wanted)]
        return [i for k, one in enumerate(value) for i in each.issues(f"{where}[{k}]", one)]

    return Rule(issues=issues, kinds=(list, tuple))


def mapping(each: Rule | None, *, wanted: str) -> Rule:
    """Return the rule for a mapping whose keys are names.

    Parameters
    ----------
    each : Rule or None
        Rule of the values.
    wanted : str
        The remedy if the value is not a mapping.
    """

    def issues(where: str, value: object) -> Iterable[Issue]:
        if not isinstance(value, Mapping):
            return [Issue(where=where, what=f"it is {shown(value)}", remedy=wanted)]
        return list(_member_issues(where, value, each, wanted))

    return Rule(issues=issues)


def _member_issues(
    where: str, given: Mapping[Any, object], each: Rule | None, wanted: str
) -> Iterator[Issue]:
    for name, value in given.items():
        if not isinstance(name, str):
            yield Issue(where=where, what=f"{shown(name)} is not a name", remedy=wanted)
        elif each is not None:
            yield from each.issues(f"{where}.{name}", value)


def either(*rules: Rule) -> Rule:
    """Return the rule for a value that satisfies one of several rules.

    The problem is reported by the rule for values of this type, or else by the last rule.
    """

    def issues(where: str, value: object) -> Iterable[Issue]:
        found = [list(rule.issues(where, value)) for rule in rules]
        if not all(found):
            return []
        fitting = [issues_of_rule for issues_of_rule, rule in zip(found, rules, strict=True)
                   if isinstance(value, rule.kinds)]  # fmt: skip
        return (fitting or found[-1:])[0]

    return Rule(issues=issues, kinds=tuple(kind for rule in rules for kind in rule.kinds))


def _flag_problem(value: object) -> str | None:
    return None if isinstance(value, bool | np.bool_) else f"it is {shown(value)}"


def _text_problem(value: object) -> str | None:
    return None if isinstance(value, str) else f"it is {shown(value)}, not text"


def _path_problem(value: object) -> str | None:
    if not isinstance(value, str | Path):
        return f"it is {shown(value)}, not a path"
    text = fspath(value)
    if not text or "\0" in text:
        return f"it is {shown(text)}"
    return None


FLAG = simple("give True or False", _flag_problem)
TEXT = simple("give text", _text_problem)
PATH = simple("give a path: a str or a Path", _path_problem)
EXECUTOR = instance(Executor, wanted="give an Executor of concurrent.futures")
