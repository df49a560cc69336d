"""Studies as arguments: a study, the name of a data set, the path of a table, or a data frame."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from pkqsp_bayes.arguments import PATH, Rule
from pkqsp_bayes.arguments.rule import shown
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import LARGEST_TABLE, file_issues
from pkqsp_bayes.spec.identifiers import nearest
from pkqsp_bayes.spec.library import ModelLike, as_model
from pkqsp_bayes.study import datasets
from pkqsp_bayes.study.read import examine_study, read_study, study_from_frame
from pkqsp_bayes.study.study import COLUMNS, Study

__all__ = ["EXAMINED", "STUDY", "StudyLike", "as_examined", "as_study"]

StudyLike = Study | str | Path | pd.DataFrame
"""A study; the name of a data set; the path of a table; a data frame."""

_WANTED = "give a Study, the path of a table, the name of a data set, or a DataFrame"


def as_study(
    study: StudyLike, model: ModelLike | None = None, *, ignore: str | Sequence[str] | None = None
) -> Study:
    """Return the study for an argument.

    Parameters
    ----------
    study : Study, str, Path or DataFrame
        A study; the name of one of `pkqsp_bayes.datasets`; the path of a table, or a data frame,
        read with the model's ``[study]``.
    model : ModelSpec, str or Path, optional
        Model for the study.
    ignore : str or sequence of str, optional
        Rows of a table to leave out, as in `pkqsp_bayes.read_study`.

    Raises
    ------
    CheckError
        As for `pkqsp_bayes.read_study`; also if the argument is not a study.

    Examples
    --------
    >>> len(as_study("theophylline").subjects)
    12
    """
    return _found(study, model, read_study, ignore)


def as_examined(
    study: StudyLike, model: ModelLike | None = None, *, ignore: str | Sequence[str] | None = None
) -> Study:
    """Return a study including its errors, as `pkqsp_bayes.examine_study` does.

    Parameters
    ----------
    study, model, ignore
        As for `as_study`.

    Raises
    ------
    CheckError
        If the argument is not a table or a study.
    """
    return _found(study, model, examine_study, ignore)


def _found(
    study: StudyLike,
    model: ModelLike | None,
    read: Callable[..., Study],
    ignore: str | Sequence[str] | None,
) -> Study:
    if isinstance(study, Study):
        return study
    if issues := _issues("study", study):
        raise CheckError(issues)
    spec = None if model is None else as_model(model)
    if isinstance(study, pd.DataFrame):
        return study_from_frame(study, model=spec, ignore=ignore)
    if not _is_name(study):
        return read(study, model=spec, ignore=ignore)
    name = str(study)
    return read(datasets.path(name), units=datasets.describe(name).units, ignore=ignore)


def _is_name(study: str | Path) -> bool:
    """Return whether a text is the name of a data set; a file with that name has priority."""
    try:
        return str(study) in datasets.names() and not Path(study).is_file()
    except OSError:  # the name is too long for the file system
        return False


def _issues(where: str, value: object) -> list[Issue]:
    if isinstance(value, Study):
        return _table_issues(where, value)
    if isinstance(value, pd.DataFrame):
        return []
    if not isinstance(value, str | Path):
        return [Issue(where=where, what=f"it is {shown(value)}", remedy=_WANTED)]
    if found := list(PATH.issues(where, value)):
        return found
    return [] if _is_name(value) else _file_issues(where, value)


def _file_issues(where: str, value: str | Path) -> list[Issue]:
    found = file_issues(value, limit=LARGEST_TABLE)
    if not found and Path(value).suffix.lower() == ".toml":
        remedy = "it looks like a model: give the model first, then the study"
        return [Issue(where=where, what=f"{value} is not a table", remedy=remedy)]
    guess = nearest(str(value), datasets.names())
    if found and guess and not Path(value).suffix:
        what = f"there is no file and no data set {shown(str(value))}"
        return [Issue(where=where, what=what, remedy=f"did you mean {guess}?")]
    return found


def _table_issues(where: str, study: Study) -> list[Issue]:
    table = study.table
    if not isinstance(table, pd.DataFrame):
        return [Issue(where=where, what=f"its table is {shown(table)}", remedy=_WANTED)]
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        what = f"its table does not have {', '.join(missing)}"
        return [Issue(where=where, what=what, remedy="make it with pkqsp_bayes.study_from_frame")]
    return []


def _whole_issues(where: str, value: object) -> list[Issue]:
    return _issues(where, value) or [*(value.errors if isinstance(value, Study) else ())]


EXAMINED = Rule(issues=_issues, kinds=(Study,))
"""A study with or without errors, for functions that report them."""

STUDY = Rule(issues=_whole_issues, kinds=(Study,))
"""A study without errors."""
