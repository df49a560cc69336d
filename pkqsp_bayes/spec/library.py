"""Models by name: the files of the library, and files of the user."""

from pathlib import Path

from pkqsp_bayes.arguments import PATH, checked
from pkqsp_bayes.assets import library_folder
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.identifiers import nearest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.toml import read_model

__all__ = ["load_model", "locate", "names", "path"]


def names() -> tuple[str, ...]:
    """Return the names of the library models.

    Examples
    --------
    >>> "mavoglurant" in names()
    True
    """
    return tuple(sorted(file.stem for file in library_folder().glob("*.toml")))


def path(name: str) -> Path:
    """Return the file of a library model.

    Raises
    ------
    CheckError
        If there is no library model with this name.

    Examples
    --------
    >>> path("mavoglurant").name
    'mavoglurant.toml'
    """
    if name in names():
        return library_folder() / f"{name}.toml"
    guess = nearest(name, names())
    remedy = f"did you mean {guess}?" if guess else "use one of " + ", ".join(names())
    what = f"{name!r} is not a library model"
    raise CheckError([Issue(where="model", what=what, remedy=remedy)])


def locate(name: str | Path) -> Path:
    """Return the file of a library model, or another file.

    Parameters
    ----------
    name : str or Path
        A name of `names`, or the path of a TOML file, which need not exist.

    Raises
    ------
    CheckError
        If the text is neither a path of a TOML file nor the name of a library model.
    """
    file = Path(name)
    return file if file.suffix == ".toml" or _is_meant(file) else path(str(name))


@checked(name=PATH)
def load_model(name: str | Path) -> ModelSpec:
    """Read a model: a library model by its name, or a file.

    Parameters
    ----------
    name : str or Path
        A name of `names`, or the path of a TOML file.

    Raises
    ------
    CheckError
        If the model does not exist; with all problems of the file.

    Examples
    --------
    >>> load_model("mavoglurant").drug.name
    'mavoglurant'
    """
    return read_model(locate(name))


def _is_meant(file: Path) -> bool:
    """Return whether a path exists; a folder does not hide a library model of the same name."""
    try:
        return file.is_file() or (file.exists() and str(file) not in names())
    except OSError:  # the name is too long for the file system
        return False
