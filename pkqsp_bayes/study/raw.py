"""Reading of the text of a table to a data frame of cells, with the line number of each row."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import LARGEST_TABLE, read_text
from pkqsp_bayes.study.columns.cells import MISSING
from pkqsp_bayes.study.ignore import IgnoreRule

__all__ = ["RawTable", "read_raw", "split_cells"]

MOST_LINES_LISTED = 5

_GROUPED = re.compile(r"(^|[;\s\"])[1-9]\d{0,2}\.000($|[;\s\"])")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")

# Columns that are always text: "007" and "7" are different subjects.
_AS_TEXT = re.compile(
    r"\s*(ID|SUBJECT|SUBJID|CMT|DVID|YTYPE|OCC|DATE|DAT[123]|ASSAY)\b.*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawTable:
    """Cells as written in the file.

    Parameters
    ----------
    cells : DataFrame
        Columns by the names in the file; numbers if all cells of a column are numbers, otherwise
        text.
    lines : (n,) array of int
        Line number of each row in the file, from 1.
    issues : tuple of Issue
        Unreadable lines.
    marked : tuple of int
        Number of lines that each rule left out.
    comments : tuple of str
        Comment lines.
    """

    cells: pd.DataFrame
    lines: NDArray[np.int64]
    issues: tuple[Issue, ...] = ()
    marked: tuple[int, ...] = ()
    comments: tuple[str, ...] = ()


def read_raw(
    path: Path,
    *,
    text_columns: frozenset[str] = frozenset(),
    ignore: Sequence[IgnoreRule] = (),
) -> RawTable:
    """Read the cells of a delimited table.

    Parameters
    ----------
    path : Path
        File with comma, semicolon, tab or blanks between the columns; ``#`` begins a comment line.
    text_columns : frozenset of str
        Names, in lower case, of additional text columns.
    ignore : sequence of IgnoreRule
        Rules; those with a mark leave out lines before the cells are split.

    Raises
    ------
    CheckError
        If the file has no table.
    """
    text = _decode(path)
    lines = text.split("\n")
    filled = [i for i, line in enumerate(lines) if line.strip()]
    kept = np.array([i for i in filled if lines[i][0] != "#"], dtype=np.int64)
    comments = tuple(lines[i] for i in filled if lines[i][0] == "#")
    kept, marked = _without_marked(lines, kept, ignore)
    if kept.size < 2:
        what = "the table is empty" if kept.size else "the table has no header"
        raise CheckError([Issue(where=str(path), what=what, remedy="check the file")])
    delimiter = _delimiter(lines[kept[0]])
    kept, issues = _well_formed(lines, kept, delimiter, source=str(path))
    if kept.size < 2:
        raise CheckError(issues)
    complete = kept.size == len(lines) - (not lines[-1])
    whole = text if complete else "\n".join(lines[i] for i in kept)
    if delimiter == ";":
        issues += _thousands([lines[i] for i in kept], source=str(path))
    cells = _parse(whole, kept.size - 1, lines[kept[0]], delimiter, text_columns, str(path))
    return RawTable(
        cells=cells, lines=kept[1:] + 1, issues=tuple(issues), marked=marked, comments=comments
    )


def _without_marked(
    lines: list[str], kept: NDArray[np.int64], rules: Sequence[IgnoreRule]
) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Remove and count lines, except the header, that begin with the mark of a rule."""
    counts = []
    for rule in rules:
        hit = [bool(rule.mark) and rule.marks(lines[i]) for i in kept[1:]]
        counts.append(sum(hit))
        kept = np.delete(kept, np.flatnonzero(hit) + 1)
    return kept, tuple(counts)


def _decode(path: Path) -> str:
    text = read_text(path, limit=LARGEST_TABLE, remedy="save the table as CSV in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(header: str) -> str:
    for delimiter in (",", ";", "\t"):
        if delimiter in header:
            return delimiter
    return " "


def _well_formed(
    lines: list[str], kept: NDArray[np.int64], delimiter: str, *, source: str
) -> tuple[NDArray[np.int64], list[Issue]]:
    """Remove and report lines with more or fewer cells than the header."""
    counts = np.array([_count(lines[i], delimiter) for i in kept])
    bad = np.flatnonzero(counts != counts[0])
    issues = [
        Issue(where=f"{source}, row {kept[i] + 1}",
              what=f"the line has {counts[i] + 1} cells, but the header has {counts[0] + 1}",
              remedy="complete the line; write . for a missing value")
        for i in bad[:MOST_LINES_LISTED]
    ]  # fmt: skip
    if bad.size > MOST_LINES_LISTED:
        what = f"{bad.size - MOST_LINES_LISTED} more lines have the same problem"
        issues.append(Issue(where=source, what=what, remedy="complete the lines"))
    return (np.delete(kept, bad), issues) if bad.size else (kept, issues)


def _count(line: str, delimiter: str) -> int:
    """Return the number of cells of a line, minus one."""
    if '"' in line:
        return len(split_cells(line, delimiter)) - 1
    return len(line.split()) - 1 if delimiter == " " else line.count(delimiter)


def split_cells(line: str, delimiter: str) -> list[str]:
    """Split a line into cells; delimiters inside quotes are part of a cell.

    Examples
    --------
    >>> split_cells('"a, b" , 2', ","), split_cells('"a b"   2', " ")
    (['a, b', '2'], ['a b', '2'])
    """
    plain = line.replace("\t", " ").strip() if delimiter == " " else line
    try:
        cells = next(csv.reader([plain], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:  # a cell is too long
        return []
    return [cell.strip() for cell in cells]


def _thousands(lines: list[str], *, source: str) -> list[Issue]:
    """Report columns in which a point may separate thousands, in tables with semicolons."""
    if not any(_GROUPED.search(line) for line in lines[1:]):
        return []
    rows = [split_cells(line, ";") for line in lines]
    issues = []
    for name, column in zip(rows[0], zip(*rows[1:], strict=True), strict=True):
        pointed = [cell for cell in column if "." in cell and cell not in MISSING]
        round_ = next((cell for cell in pointed if cell.endswith(".000")), None)
        if round_ is not None and all(_THOUSANDS.fullmatch(cell) for cell in pointed):
            what = f"'{round_}' is read as {float(round_):g}, with a decimal point"
            remedy = f"if the point separates thousands, write {round_.replace('.', '')}"
            issues.append(Issue(severity="warning", where=f"{source}, column {name}", what=what,
                                remedy=remedy))  # fmt: skip
    return issues


def _parse(
    text: str, rows: int, header: str, delimiter: str, text_columns: frozenset[str], source: str
) -> pd.DataFrame:
    names = split_cells(header, delimiter)
    as_text = {
        name: str for name in names if _AS_TEXT.fullmatch(name) or name.lower() in text_columns
    }
    # Names are passed explicitly because pandas renames duplicates.
    numbered = {i: str for i, name in enumerate(names) if name in as_text}
    try:
        cells = pd.read_csv(
            io.StringIO(text), sep=r"\s+" if delimiter == " " else delimiter, dtype=numbered,
            header=None, skiprows=1, na_values=list(MISSING), keep_default_na=False,
            low_memory=False, skipinitialspace=True,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        remedy = "check quotes and the number of cells"
        raise CheckError([Issue(where=source, what=str(error).strip(), remedy=remedy)]) from None
    if cells.shape != (rows, len(names)):
        what = f"{rows} lines of {len(names)} cells were expected, but {cells.shape} were found"
        remedy = "check quotes: a cell must not continue on the next line"
        raise CheckError([Issue(where=source, what=what, remedy=remedy)])
    cells.columns = pd.Index(names)
    return cells
