"""Canonical names of organs, from the names that users write."""

__all__ = ["canonical_organ"]

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
