"""Canonical names of organs, from the names that users write."""

from collections.abc import Iterable

from pkqsp_bayes.spec.identifiers import nearest

__all__ = ["canonical_organ", "suggest"]

_ALIASES = {
    "lung": "lungs",
    "kidney": "kidneys",
    "bones": "bone",
    "skeleton": "bone",
    "muscles": "muscle",
    "fat": "adipose",
    "intestine": "gut",
}


def canonical_organ(name: str) -> str:
    """Return the name of an organ in the tables.

    Examples
    --------
    >>> canonical_organ("kidney"), canonical_organ("spleen")
    ('kidneys', 'spleen')
    """
    return _ALIASES.get(name, name)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a remedy: the nearest known name, or all known names.

    Examples
    --------
    >>> suggest("livr", ["liver", "lungs"])
    'did you mean liver?'
    """
    known = sorted(known)
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"use one of {', '.join(known)}"
