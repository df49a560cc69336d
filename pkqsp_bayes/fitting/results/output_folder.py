"""The output folder of a fit: its checks, disk space, errors of writing, and files of results."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from pkqsp_bayes.errors import CheckError, Issue, ToolchainError
from pkqsp_bayes.outputs import stage_output
from pkqsp_bayes.remedies import setting

__all__ = ["check_folder", "explain_write_errors", "reserve", "write_result"]


def check_folder(folder: Path) -> None:
    """Raise an error for a folder in which chains cannot be sampled.

    Raises
    ------
    CheckError
        If it exists and is not a folder; if its path has a comma, which CmdStan parses as a list,
        or characters that cannot be printed.

    Examples
    --------
    >>> check_folder(Path("/my fits/Müller's #1: $5"))
    >>> check_folder(Path("a,b"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    pkqsp_bayes.errors.CheckError: error: a,b: a path with a comma is a list to CmdStan (use ...
    """
    text, what = str(folder), ""
    if "," in text:
        what = "a path with a comma is a list to CmdStan"
    elif not text.isprintable():
        text, what = ascii(text), "its path has characters that cannot be printed"
    elif folder.exists() and not folder.is_dir():
        what = "this is a file"
    if what:
        raise CheckError([Issue(where=text, what=what, remedy="use another folder")])


def reserve(path: Path, size: int) -> None:
    """Check that a file of a given size can be written, by writing it.

    After a full disk HDF5 is not usable: the process crashes when it next opens a file.

    Parameters
    ----------
    path : Path
        Path of the file; it is removed afterwards.
    size : int
        Size in bytes.

    Raises
    ------
    OSError
        If the disk is full, or a quota or limit is reached.
    """
    try:
        with path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        path.unlink(missing_ok=True)
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


@contextmanager
def explain_write_errors(folder: Path) -> Iterator[None]:
    """Replace an error of writing by one with a remedy that keeps the finished chains.

    Raises
    ------
    ToolchainError
        If the disk is full, a quota is reached, or there is no permission to write.
    """
    try:
        yield
    except OSError as error:
        free = _free(folder)
        what = f"cannot write {error.filename or folder}: {error.strerror or error}{free}"
        remedy = f"free disk space, then resume ({setting('resume')}): finished chains are kept"
        raise ToolchainError(what, remedy) from error


def _free(folder: Path) -> str:
    try:
        return f" ({shutil.disk_usage(folder).free / 1e6:.1f} MB free)"
    except OSError:
        return ""


def write_result(tree: xr.DataTree, folder: Path) -> Path:
    """Write a result atomically as ``<method>.nc``, and return the file.

    Parameters
    ----------
    tree : xarray.DataTree
        The result; its attribute ``method`` is the name of the file.
    folder : Path
        Folder for the file; it is created if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{tree.attrs['method']}.nc"
    with stage_output(path) as part:
        tree.to_netcdf(part, engine="h5netcdf")
    return path
