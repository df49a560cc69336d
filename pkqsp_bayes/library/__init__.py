"""Ready models: one TOML file each, with its source."""

from pathlib import Path

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.names import nearest
from pkqsp_bayes.spec.toml import read_model

__all__ = ["load_model", "names", "path"]

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


def load_model(name: str | Path) -> ModelSpec:
    """Read a model: one of the library by its name, or a file.

    Parameters
    ----------
    name : str or Path
        A name of `names`, or the path of a TOML file.

    Raises
    ------
    CheckError
        If there is no such model, or with everything that is wrong in the file.

    Examples
    --------
    >>> load_model("mavoglurant").drug.name
    'mavoglurant'
    """
    file = Path(name)
    if file.suffix == ".toml" or _is_meant(file):
        return read_model(file)
    return read_model(path(str(name)))


def _is_meant(file: Path) -> bool:
    """Whether a name is that of something on the disk; a folder does not hide a library model."""
    try:
        return file.is_file() or (file.exists() and str(file) not in names())
    except OSError:  # a name that is too long for the file system
        return False
