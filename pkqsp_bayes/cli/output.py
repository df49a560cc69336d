"""``-o`` and ``--plot``: what a command writes, and in which formats.

``-o`` is a file for commands that answer a question, whose table is printed without it, and a
folder for those that sample. The ending of a file's name chooses its format; one that a command
does not write is refused before anything is computed.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pkqsp_bayes.console import print_table, print_text

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = [
    "DataFile",
    "Folder",
    "Plot",
    "TableFile",
    "TextFile",
    "answer",
    "answer_text",
]

_TABLE = (".csv", ".json")
_DATA = (".csv", ".json", ".nc")
_TEXT = (".txt",)
_PICTURE = (".png", ".svg", ".pdf")


def _check(text: str, endings: tuple[str, ...]) -> Path:
    path, choice = Path(text), ", ".join(endings)
    if path.suffix not in endings:
        kind = f"files that end in {path.suffix!r}" if path.suffix else "names without an ending"
        raise typer.BadParameter(f"{kind} are not written here (name a file in {choice})")
    if not path.parent.is_dir():
        what = f"it cannot be written: there is no folder {path.parent} (make it, or name another)"
        raise typer.BadParameter(what)
    return path


def _table_file(text: str) -> Path:
    return _check(text, _TABLE)


def _data_file(text: str) -> Path:
    return _check(text, _DATA)


def _text_file(text: str) -> Path:
    return _check(text, _TEXT)


def _picture_file(text: str) -> Path:
    return _check(text, _PICTURE)


TableFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", parser=_table_file, metavar="FILE",
                 help="File for the table: .csv, .json. By default it is printed."),
]  # fmt: skip
DataFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", parser=_data_file, metavar="FILE",
                 help="File for the table: .csv, .json; for the whole result: .nc. "
                 "By default the table is printed."),
]  # fmt: skip
TextFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", parser=_text_file, metavar="FILE",
                 help="File for the text: .txt. By default it is printed."),
]  # fmt: skip
Plot = Annotated[
    Path | None,
    typer.Option("--plot", parser=_picture_file, metavar="FILE",
                 help="File for the plot: .png, .svg, .pdf."),
]  # fmt: skip
Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder of the results.")
]


def answer(
    table: "pd.DataFrame",
    output: Path | None,
    *,
    whole: "xr.Dataset | None" = None,
    digits: int = 4,
) -> None:
    """Print a table, or write it.

    Parameters
    ----------
    table : DataFrame
        What is printed, or written as CSV or JSON.
    output : Path or None
        The file.
    whole : Dataset, optional
        What is written as netCDF.
    digits : int
        Significant digits of what is printed.
    """
    if output is None:
        print_table(table, digits=digits)
        return
    from pkqsp_bayes.outputs import write_output

    with write_output(output) as part:
        if output.suffix == ".nc" and whole is not None:
            whole.to_netcdf(part, engine="h5netcdf")
        elif output.suffix == ".json":
            table.reset_index().to_json(part, orient="records", indent=2, double_precision=15)
        else:
            table.to_csv(part, float_format="%.10g")
    print_text(output)


def answer_text(text: str, output: Path | None) -> None:
    """Print a text, or write it."""
    if output is None:
        print_text(text)
        return
    from pkqsp_bayes.outputs import write_output

    with write_output(output) as part:
        part.write_text(text + "\n", encoding="utf-8")
    print_text(output)
