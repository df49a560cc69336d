"""Ready models: one TOML file each, with its source."""

from pathlib import Path

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.names import nearest

__all__ = ["names", "path"]

_FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Return the names of the library models.

    Examples
    --------
    >>> "mavoglurant" in names()
    True
    """
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def path(name: str) -> Path:
    """Return the file of a library model.

    Raises
    ------
    CheckError
        If there is no such model.

    Examples
    --------
    >>> path("mavoglurant").name
    'mavoglurant.toml'
    """
    if name in names():
        return _FOLDER / f"{name}.toml"
    guess = nearest(name, names())
    remedy = f"did you mean {guess}?" if guess else "the library has " + ", ".join(names())
    what = f"there is no library model {name!r}"
    raise CheckError([Issue(where="model", what=what, remedy=remedy)])
