"""Models as arguments: a specification, a name of the library, or the path of a file."""

import dataclasses
from pathlib import Path

from pkqsp_bayes.arguments import PATH, Rule
from pkqsp_bayes.arguments.rule import shown
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import LARGEST_TEXT, file_issues
from pkqsp_bayes.spec.documents import table_issues
from pkqsp_bayes.spec.library import load_model, locate
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["MODEL", "ModelLike", "as_model"]

ModelLike = ModelSpec | str | Path
"""A model; the name of a library model; the path of a TOML file."""

_WANTED = "give a ModelSpec, the name of a library model, or the path of a TOML file"


def as_model(model: ModelLike) -> ModelSpec:
    """Return the model for an argument.

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
        return model
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
