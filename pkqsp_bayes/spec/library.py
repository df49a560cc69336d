"""Models by name or file: the library, files of the user, and arguments that are models."""

import dataclasses
from pathlib import Path

from pkqsp_bayes.arguments import PATH, Rule, checked
from pkqsp_bayes.arguments.rule import shown
from pkqsp_bayes.assets import library_folder
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import LARGEST_TEXT, file_issues
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.plain_numbers import with_plain_numbers
from pkqsp_bayes.spec.reading.documents import table_issues
from pkqsp_bayes.spec.reading.toml import read_model

__all__ = ["MODEL", "ModelLike", "as_model", "load_model", "locate", "names", "path"]


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
    remedy = suggest(name, names())
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
        If the text is neither a path of a TOML file nor the name of a library model; or if it is
        the folder of a fit.
    """
    file = Path(name)
    if str(name) not in names() and _is_fit(file):
        what, remedy = "it is the folder of a fit, not a model", f"give {file / 'model.toml'}"
        raise CheckError([Issue(where=str(name), what=what, remedy=remedy)])
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


def _is_fit(folder: Path) -> bool:
    try:
        return (folder / "model.toml").is_file()
    except (OSError, ValueError):  # a name that is too long, or has a null character
        return False


def _is_meant(file: Path) -> bool:
    """Return whether a path exists; a folder does not hide a library model of the same name."""
    try:
        return file.is_file() or (file.exists() and str(file) not in names())
    except OSError:  # the name is too long for the file system
        return False


ModelLike = ModelSpec | str | Path
"""A model; the name of a library model; the path of a TOML file."""

_WANTED = "give a ModelSpec, the name of a library model, or the path of a TOML file"


def as_model(model: ModelLike) -> ModelSpec:
    """Return the model for an argument; numbers of NumPy in it are then those of Python.

    Parameters
    ----------
    model : ModelSpec, str or Path
        A model, the name of a library model, or the path of a TOML file.

    Raises
    ------
    CheckError
        As for `pkqsp_bayes.load_model`; also if the argument is not a model.

    Examples
    --------
    >>> as_model("mavoglurant").title == as_model(as_model("mavoglurant")).title
    True
    """
    if isinstance(model, ModelSpec):
        return with_plain_numbers(model)
    if issues := list(MODEL.issues("model", model)):
        raise CheckError(issues)
    return load_model(model)


def _issues(where: str, value: object) -> list[Issue]:
    if isinstance(value, ModelSpec):
        return []
    if not isinstance(value, str | Path):
        return [Issue(where=where, what=f"it is {shown(value)}", remedy=_WANTED)]
    if found := list(PATH.issues(where, value)):
        return found
    try:
        found = file_issues(locate(value), limit=LARGEST_TEXT)
        return found or table_issues(where, value)
    except CheckError as error:
        return [dataclasses.replace(issue, where=where) for issue in error.issues]


MODEL = Rule(issues=_issues, kinds=(ModelSpec,))
