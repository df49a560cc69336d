"""A NONMEM-style table to a `Study`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pkqsp_bayes.arguments import PATH, TEXT, checked, either, instance, mapping, sequence
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.model_argument import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.study import StudySpec
from pkqsp_bayes.study.build import CANONICAL, Reading, build_study
from pkqsp_bayes.study.dates import DATE_COLUMNS
from pkqsp_bayes.study.ignore import parse_ignore
from pkqsp_bayes.study.raw import read_raw
from pkqsp_bayes.study.study import Study

__all__ = ["examine_study", "read_study", "study_from_frame"]

_NAMES = mapping(TEXT, wanted='give a mapping of text to text, such as {"DV": "conc"}')
_RULES = {
    "model": MODEL,
    "columns": _NAMES,
    "units": _NAMES,
    "date_format": TEXT,
    "ignore": either(TEXT, sequence(TEXT, wanted='give text such as "DV < 0", or a list of it')),
}
_TEXTS = ("ID", "CMT", "DVID", "OCC", "ASSAY", *DATE_COLUMNS)
_LIST = sequence(TEXT, wanted="give a list of the names of columns")
_FRAME = instance(pd.DataFrame, wanted="give a DataFrame; a file reads with read_study")


@checked(path=PATH, **_RULES)
def read_study(
    path: str | Path,
    *,
    model: ModelLike | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    date_format: str | None = None,
    ignore: str | Sequence[str] | None = None,
) -> Study:
    """Read and check a table.

    Parameters
    ----------
    path : str or Path
        CSV (comma, semicolon, tab or blanks), UTF-8; ``#`` begins a comment line, ``.`` is a
        missing value. Columns ID TIME AMT RATE EVID CMT ADDL II SS DV DVID MDV BLQ LLOQ ULOQ LIMIT
        ASSAY OCC DATE (DAT1 DAT2 DAT3), in upper or lower case; the others are covariates. ID and
        TIME are needed. See docs/data.md.
    model : ModelSpec, str or Path, optional
        A model, its name or its file. Its ``[study]`` says names, units, the form of dates and the
        rows to leave out, where the options below do not.
    columns : mapping of str to str, optional
        Name here to name in the file: ``{"DV": "conc", "WT": "weight"}``.
    units : mapping of str to str, optional
        Unit of a column; a header ``DV [ng/mL]`` says it too. ``{"DV.cp": "ng/mL"}`` is that of
        the rows of one output.
    date_format : str, optional
        Form of DATE where it is not ``2024-03-01``, of DAT1 to DAT3 where it is not NONMEM's.
    ignore : str or sequence of str, optional
        Rows to leave out: where a comparison holds (``"WT == -99"``, ``"DV.LT.0"``,
        ``"DVID == pca and TIME > 24"``, ``"DV == ."`` for missing cells), or where the line begins
        with a character (``"C"``, ``"#"``; ``"@"`` for any letter). What was left out is in
        `Study.left_out`.

    Returns
    -------
    Study
        With EVID and MDV filled in where the table has none: a record is a dose where AMT or
        RATE is not 0, an observation elsewhere; with MDV but no EVID, a record without either is
        an event of another kind. DV ``<0.1`` is a value below a limit of 0.1.

    Raises
    ------
    CheckError
        All problems, each with its row, a few rows of each kind.
    """
    study = examine_study(
        path, model=model, columns=columns, units=units, date_format=date_format, ignore=ignore
    )
    return _without_errors(study)


@checked(path=PATH, **_RULES)
def examine_study(
    path: str | Path,
    *,
    model: ModelLike | None = None,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    date_format: str | None = None,
    ignore: str | Sequence[str] | None = None,
) -> Study:
    """Read a table with all its errors, so that they can be reported with those of a model.

    Parameters
    ----------
    path, model, columns, units, date_format, ignore
        As in `read_study`.

    Returns
    -------
    Study
        With its errors among the `Study.warnings`; fit for `pkqsp_bayes.check` alone.

    Raises
    ------
    CheckError
        If it is no table, or has no ID or TIME.
    """
    spec = None if model is None else as_model(model)
    stated = _stated(spec)
    chosen = {**stated.columns, **(columns or {})}
    is_text = frozenset(
        wanted.strip().lower() for name, wanted in chosen.items() if name.upper() in _TEXTS
    )  # fmt: skip
    rules, issues = parse_ignore(stated.ignore if ignore is None else ignore, source=str(path))
    raw = read_raw(Path(path), text_columns=is_text, ignore=rules)
    if CANONICAL in raw.comments and stated != StudySpec():
        # The file was written after what the model's [study] says was done.
        return examine_study(
            path, columns=columns, units=units, date_format=date_format, ignore=ignore
        )
    reading = Reading(
        source=str(path), columns=chosen, units={**stated.units, **(units or {})},
        date_format=date_format or stated.date_format, ignore=tuple(rules), marked=raw.marked,
        covariates=tuple(spec.covariates) if spec else (), comments=raw.comments,
    )  # fmt: skip
    return build_study(raw.cells, raw.lines, [*issues, *raw.issues], reading)


@checked(frame=_FRAME, source=TEXT, covariates=_LIST, **_RULES)
def study_from_frame(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    date_format: str | None = None,
    ignore: str | Sequence[str] | None = None,
    source: str = "table",
    covariates: Sequence[str] = (),
    model: ModelLike | None = None,
) -> Study:
    """Make a study of a data frame, as `read_study` does of a file.

    Parameters
    ----------
    frame : pandas.DataFrame
        The same columns; rows are counted from 1 in messages.
    columns, units, date_format, ignore
        As in `read_study`.
    source : str
        Name for messages.
    covariates : sequence of str
        Columns that are covariates, although their names look like codes (``C``, ``PERIOD``).
    model : ModelSpec, str or Path, optional
        As in `read_study`.

    Raises
    ------
    CheckError
        All problems.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": [1, 1], "time": [0, 1], "amt": [100, 0], "dv": [None, 2.5]})
    >>> study_from_frame(frame).table[["ID", "EVID", "MDV"]].to_numpy().tolist()
    [['1', 1, 1], ['1', 0, 0]]
    """
    cells = frame.reset_index(drop=True)
    cells.columns = pd.Index([str(name) for name in frame.columns])
    lines = np.arange(1, len(cells) + 1, dtype=np.int64)
    if not len(cells):
        raise CheckError([Issue(where=source, what="the table is empty", remedy="check it")])
    spec = None if model is None else as_model(model)
    stated = _stated(spec)
    rules, issues = parse_ignore(stated.ignore if ignore is None else ignore, source=source)
    reading = Reading(
        source=source, columns={**stated.columns, **(columns or {})},
        units={**stated.units, **(units or {})}, date_format=date_format or stated.date_format,
        ignore=tuple(rules), covariates=(*covariates, *(spec.covariates if spec else ())),
    )  # fmt: skip
    return _without_errors(build_study(cells, lines, issues, reading))


def _stated(model: ModelSpec | None) -> StudySpec:
    """Return what a model says of its table."""
    return (model and model.study) or StudySpec()


def _without_errors(study: Study) -> Study:
    if study.errors:
        raise CheckError(study.warnings)
    return study
