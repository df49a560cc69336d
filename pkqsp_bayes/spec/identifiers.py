"""Valid names for users, and reserved names of the equation grammar."""

import difflib
import keyword
import re
from collections.abc import Collection, Iterable

__all__ = ["FUNCTIONS", "RESERVED", "check_name", "nearest", "suggest"]

FUNCTIONS: frozenset[str] = frozenset(
    {
        "abs",
        "cos",
        "exp",
        "log",
        "log10",
        "log2",
        "max",
        "min",
        "piecewise",
        "sin",
        "sqrt",
        "tanh",
    }
)
"""Functions of the equation grammar."""

RESERVED: frozenset[str] = FUNCTIONS | frozenset({"t", "balance"}) | frozenset(keyword.kwlist)
"""Names with a meaning in the equation grammar."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LONGEST_NAME = 64


def check_name(name: str) -> str:
    """Return the problem of a name, or an empty text.

    Parameters
    ----------
    name : str
        An undotted name.

    Returns
    -------
    str
        The problem; empty if the name is valid.

    Examples
    --------
    >>> check_name("CLint")
    ''
    >>> check_name("exp")
    "'exp' is reserved in the equation grammar"
    """
    if len(name) > _LONGEST_NAME:
        return f"a name of {len(name)} characters is too long (at most {_LONGEST_NAME})"
    if name in RESERVED:
        return f"{name!r} is reserved in the equation grammar"
    if not _NAME.fullmatch(name):
        return f"{name!r} is not a valid name: use a letter, then letters, digits and underscores"
    if "__" in name:
        return f"{name!r} has two consecutive underscores"
    return ""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return the valid name that is most similar to a mistyped one, or an empty text.

    Examples
    --------
    >>> nearest("flw", ["volume", "flow"])
    'flow'
    """
    by_lower = {candidate.lower(): candidate for candidate in valid}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else ""


def suggest(name: str, valid: Collection[str], otherwise: str | None = None) -> str:
    """Return the remedy for a mistyped name: the nearest valid one, or another text.

    Parameters
    ----------
    name : str
        The mistyped name.
    valid : collection of str
        Valid names.
    otherwise : str, optional
        Remedy if none of them is similar; by default the list of them.

    Examples
    --------
    >>> suggest("flw", ["volume", "flow"]), suggest("xyz", ["volume", "flow"])
    ('did you mean flow?', 'use one of volume, flow')
    """
    guess = nearest(name, valid)
    if guess:
        return f"did you mean {guess}?"
    return "use one of " + ", ".join(valid) if otherwise is None else otherwise
