"""``-o`` and ``--plot``: what a command writes, and in which formats.

``-o`` is a file for commands that answer a question, whose table is printed without it, and a
folder for those that sample or write a page. The ending of a file's name chooses its format; one
that a command does not write is refused before anything is computed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pkqsp_bayes.console import print_table, print_text

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = [
    "AnyFile",
    "DataFile",
    "Folder",
    "Plot",
    "TableFile",
    "TextFile",
    "answer",
    "answer_text",
    "file_option",
]


_PICTURES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".eps")


def _reader(endings: tuple[str, ...]) -> Callable[[str], Path]:
    def read_file_name(text: str) -> Path:
        path = Path(text)
        if endings and path.suffix.lower() not in endings:
            kind = f"a file {path.suffix!r}" if path.suffix else "a file without an ending"
            what = f"{kind} is not written here; name one that ends in {' or '.join(endings)}"
            raise typer.BadParameter(what)
        if not endings and path.suffix.lower() in _PICTURES:
            raise typer.BadParameter("text is not written to a picture; name a text file")
        if not path.parent.is_dir():
            what = f"it cannot be written: there is no folder {path.parent}; make it first"
            raise typer.BadParameter(what)
        return path

    return read_file_name


def file_option(*names: str, endings: tuple[str, ...], what: str) -> Any:
    """Return an option for a file that a command writes.

    Parameters
    ----------
    *names : str
        Of the option.
    endings : tuple of str
        Those of the formats that the command writes; empty for any.
    what : str
        What is written.
    """
    text = f"{what}: a file in {', '.join(endings)}." if endings else f"{what}."
    return typer.Option(*names, parser=_reader(endings), metavar="FILE", help=text)


_OUTPUT = ("--output", "-o")

TableFile = Annotated[
    Path | None,
    file_option(*_OUTPUT, endings=(".csv", ".json"), what="Write the table, do not print it"),
]
DataFile = Annotated[
    Path | None,
    file_option(
        *_OUTPUT,
        endings=(".csv", ".json", ".nc"),
        what="Write the table (.csv, .json) or the whole result (.nc), do not print it",
    ),
]
TextFile = Annotated[
    Path | None,
    file_option(*_OUTPUT, endings=(".txt",), what="Write the text, do not print it"),
]
AnyFile = Annotated[
    Path | None, file_option(*_OUTPUT, endings=(), what="Write the text, do not print it")
]
Plot = Annotated[
    Path | None, file_option("--plot", endings=(".png", ".svg", ".pdf"), what="Draw the plot")
]
Log = Annotated[
    bool | None,
    typer.Option("--log/--linear", help="Scale of the plot; by default that of the spread."),
]


def _read_folder_name(text: str) -> Path:
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise typer.BadParameter(f"there is a file {text}; name another folder")
    return path


Folder = Annotated[
    Path,
    typer.Option(
        "--output", "-o", parser=_read_folder_name, metavar="FOLDER", help="Folder of the results."
    ),
]


def answer(
    table: "pd.DataFrame",
    output: Path | None,
    *,
    whole: "xr.Dataset | None" = None,
    shown: "pd.DataFrame | None" = None,
    digits: int = 4,
) -> None:
    """Print a table, or write it.

    Parameters
    ----------
    table : DataFrame
        What is written as CSV or JSON.
    output : Path or None
        The file.
    whole : Dataset, optional
        What is written as netCDF.
    shown : DataFrame, optional
        What is printed, if it is not the table.
    digits : int
        Significant digits of what is printed.
    """
    if output is None:
        print_table(table if shown is None else shown, digits=digits)
        return
    from pkqsp_bayes.outputs import write_output

    with write_output(output) as part:
        kind = output.suffix.lower()
        if kind == ".nc" and whole is not None:
            whole.to_netcdf(part, engine="h5netcdf")
        elif kind == ".json":
            _flat(table).to_json(part, orient="records", indent=2, double_precision=15)
        else:
            _flat(table).to_csv(part, index=False, float_format="%.10g", na_rep=".")
    print_text(output)


def _flat(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return the table with its index as columns, unless that only counts the rows."""
    import pandas as pd

    if isinstance(table.index, pd.RangeIndex) and table.index.name is None:
        return table
    names = [str(name or f"level_{k}") for k, name in enumerate(table.index.names)]
    return table.rename_axis(names).reset_index()


def answer_text(text: str, output: Path | None) -> None:
    """Print a text, or write it."""
    if output is None:
        print_text(text)
        return
    from pkqsp_bayes.outputs import write_output

    with write_output(output) as part:
        part.write_text(text + "\n", encoding="utf-8")
    print_text(output)
