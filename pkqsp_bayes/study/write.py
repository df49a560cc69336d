"""Writing of a `Study` as a table that `read_study` reads."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pkqsp_bayes.outputs import write_output
from pkqsp_bayes.study.build import CANONICAL
from pkqsp_bayes.study.columns.header_units import MEASURED
from pkqsp_bayes.study.study import Study

__all__ = ["format_study", "write_study"]


def format_study(study: Study) -> str:
    """Return a study as CSV with its units in the header; ``.`` is a missing value.

    Parameters
    ----------
    study : Study
        Study; its ``ROW``, the line numbers of the original file, is not written.

    Examples
    --------
    >>> frame = pd.DataFrame({"ID": ["a"], "TIME": [0.5], "DV": [2.5], "WT": [70.0]})
    >>> from pkqsp_bayes.study.read import study_from_frame
    >>> text = format_study(study_from_frame(frame, units={"DV": "mg/L"}))
    >>> text.splitlines()[2]
    '"a",0.5,0,0.0,0.0,0.0,0,0,".",2.5,".",0,0,".",".",".",".",70.0'
    """
    table = study.table.drop(columns="ROW", errors="ignore")
    texts = table.select_dtypes(exclude="number").columns
    # The reader treats empty and missing cells alike.
    table = table.assign(**{name: table[name].replace("", pd.NA) for name in texts})
    names = [_with_unit(str(name), study.units) for name in table.columns]
    # IDs are quoted: otherwise #1 would begin a comment.
    text: str = table.to_csv(index=False, header=names, na_rep=".", quoting=csv.QUOTE_NONNUMERIC)
    notes = [CANONICAL, *(f"# left out: {o.rows} rows, {o.reason}" for o in study.left_out)]
    return "\n".join([*notes, text])


def _with_unit(name: str, units: Mapping[str, str]) -> str:
    """Return the name of a column with its unit, or its units by endpoint."""
    own = {key.partition(".")[2]: unit for key, unit in units.items() if key.startswith(f"{name}.")}
    if own and name in MEASURED:
        own |= {"*": units[name]} if name in units else {}
        return f"{name} [" + "; ".join(f"{key}: {unit}" for key, unit in own.items()) + "]"
    return f"{name} [{units[name]}]" if name in units else name


def write_study(study: Study, path: Path | str) -> None:
    """Write a study atomically.

    Parameters
    ----------
    study : Study
        Study to write.
    path : Path
        CSV file. `pkqsp_bayes.read_study` reads it as the same study: columns, units, covariates.

    Raises
    ------
    CheckError
        If the file cannot be written.
    """
    with write_output(Path(path)) as part:
        part.write_text(format_study(study), encoding="utf-8")
