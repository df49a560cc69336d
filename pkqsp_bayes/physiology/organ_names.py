"""One name an organ: what users write, and what the tables call it."""

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
    """Return the name that the tables use.

    Examples
    --------
    >>> canonical_organ("kidney"), canonical_organ("spleen")
    ('kidneys', 'spleen')
    """
    return _ALIASES.get(name, name)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a remedy: the nearest known name, or all of them.

    Examples
    --------
    >>> suggest("livr", ["liver", "lungs"])
    'did you mean liver?'
    """
    known = sorted(known)
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"known are {', '.join(known)}"
