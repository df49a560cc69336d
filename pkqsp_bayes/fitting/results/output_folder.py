"""Where a fit is written: what is refused, room for it, and what to say if it cannot be."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pkqsp_bayes.errors import CheckError, Issue, ToolchainError
from pkqsp_bayes.remedies import setting

__all__ = ["check_folder", "explain_write_errors", "reserve"]


def check_folder(folder: Path) -> None:
    """Refuse a folder in which no chain can be sampled, before anything is done.

    Raises
    ------
    CheckError
        If it is there and no folder; if its path has a comma, which CmdStan takes for a list, or
        characters that are no text.

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
    """Make sure that a file of a size can be written, by the room that it takes.

    HDF5 does not survive a full disk: the process dies when it next opens a file.

    Parameters
    ----------
    path : Path
        Where the file will be; it is not there afterwards.
    size : int
        Bytes.

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
    """Turn a failure to write into one that says what to do, and that nothing is lost.

    Raises
    ------
    ToolchainError
        If the disk is full, a quota is reached, or the folder is not ours.
    """
    try:
        yield
    except OSError as error:
        free = _free(folder)
        what = f"cannot write {error.filename or folder}: {error.strerror or error}{free}"
        remedy = f"make room, then resume ({setting('resume')}): finished chains are kept"
        raise ToolchainError(what, remedy) from error


def _free(folder: Path) -> str:
    try:
        return f" ({shutil.disk_usage(folder).free / 1e6:.1f} MB free)"
    except OSError:
        return ""
