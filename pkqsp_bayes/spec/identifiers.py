"""Which names a user may give, and which are words of the equation grammar."""

import difflib
import keyword
import re
from collections.abc import Iterable

__all__ = ["FUNCTIONS", "RESERVED", "check_name", "nearest"]

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
"""Names that mean something in the grammar already."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LONGEST_NAME = 64


def check_name(name: str) -> str:
    """Say what is wrong with a name, or nothing.

    Parameters
    ----------
    name : str
        An undotted name.

    Returns
    -------
    str
        The complaint; empty if the name is good.

    Examples
    --------
    >>> check_name("CLint")
    ''
    >>> check_name("exp")
    "'exp' is a word of the equation grammar"
    """
    if len(name) > _LONGEST_NAME:
        return f"a name of {len(name)} characters is too long (at most {_LONGEST_NAME})"
    if name in RESERVED:
        return f"{name!r} is a word of the equation grammar"
    if not _NAME.fullmatch(name):
        return f"{name!r} is not a name: letters, digits and underscores, a letter first"
    if "__" in name:
        return f"{name!r} has two underscores in a row"
    return ""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return the valid name closest to a mistyped one, or an empty string.

    Examples
    --------
    >>> nearest("flw", ["volume", "flow"])
    'flow'
    """
    by_lower = {candidate.lower(): candidate for candidate in valid}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else ""
