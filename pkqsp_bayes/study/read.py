"""Reading of a NONMEM-style table as a `Study`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pkqsp_bayes.arguments import PATH, TEXT, checked, either, instance, mapping, sequence
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec, StudySpec
from pkqsp_bayes.study.build import CANONICAL, Reading, build_study
from pkqsp_bayes.study.columns.dates import DATE_COLUMNS
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
    "ignore": either(TEXT, sequence(TEXT, wanted='give text such as "DV < 0", or a list of texts')),
}
_TEXTS = ("ID", "CMT", "DVID", "OCC", "ASSAY", *DATE_COLUMNS)
_LIST = sequence(TEXT, wanted="give a list of column names")
_FRAME = instance(pd.DataFrame, wanted="give a DataFrame; use read_study for a file")


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
        File: CSV (comma, semicolon, tab or blanks), UTF-8; ``#`` begins a comment line, ``.`` is a
        missing value. Columns ID TIME AMT RATE EVID CMT ADDL II SS DV DVID MDV BLQ LLOQ ULOQ LIMIT
        ASSAY OCC DATE (DAT1 DAT2 DAT3), in upper or lower case; all others are covariates. ID and
        TIME are required. See docs/data.md.
    model : ModelSpec, str or Path, optional
        Model, its name or its file. Its ``[study]`` states names, units, the format of dates and
        the rows to leave out; the options below take precedence.
    columns : mapping of str to str, optional
        Name in the file by name in this package: ``{"DV": "conc", "WT": "weight"}``.
    units : mapping of str to str, optional
        Units of columns, which a header ``DV [ng/mL]`` can state, too. ``{"DV.cp": "ng/mL"}`` is
        that of the rows of one output.
    date_format : str, optional
        Format of DATE if it is not ``2024-03-01``, of DAT1 to DAT3 if it is not NONMEM's.
    ignore : str or sequence of str, optional
        Rows to leave out: by a comparison (``"WT == -99"``, ``"DV.LT.0"``,
        ``"DVID == pca and TIME > 24"``, ``"DV == ."`` for missing cells), or by the first character
        of the line (``"C"``, ``"#"``; ``"@"`` for any letter). `Study.left_out` lists the rows that
        were left out.

    Returns
    -------
    Study
        Study in which EVID and MDV are completed: a record is a dose if AMT or RATE is not 0, and
        an observation otherwise; with MDV but no EVID, a record that is neither is an event of
        another kind. DV ``<0.1`` is a value below a limit of 0.1.

    Raises
    ------
    CheckError
        All problems with their rows, a few rows per problem.
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
    """Read a table including its errors, for a report together with the errors of a model.

    Parameters
    ----------
    path, model, columns, units, date_format, ignore
        As in `read_study`.

    Returns
    -------
    Study
        With its errors among the `Study.warnings`; only for `pkqsp_bayes.check`.

    Raises
    ------
    CheckError
        If the file is not a table, or has no ID or TIME.
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
        # The rules of the model's [study] were applied before the file was written.
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
    """Make a study from a data frame, as `read_study` does from a file.

    Parameters
    ----------
    frame : pandas.DataFrame
        Data frame with the same columns; messages count rows from 1.
    columns, units, date_format, ignore
        As in `read_study`.
    source : str
        Name for messages.
    covariates : sequence of str
        Columns that are covariates although their names look like codes (``C``, ``PERIOD``).
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
        raise CheckError(
            [Issue(where=source, what="the table is empty", remedy="check the data frame")]
        )
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
    """Return the instructions of a model for its table."""
    return (model and model.study) or StudySpec()


def _without_errors(study: Study) -> Study:
    if study.errors:
        raise CheckError(study.warnings)
    return study
