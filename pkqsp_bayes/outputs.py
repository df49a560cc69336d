"""Atomic writing of files: a file appears complete or not at all, and only files are replaced."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pkqsp_bayes.errors import CheckError, Issue

__all__ = ["stage_output", "write_output", "write_text"]


@contextmanager
def stage_output(path: Path) -> Iterator[Path]:
    """Yield a temporary name to write to; rename it to the path if no error occurs, else remove it.

    Parameters
    ----------
    path : Path
        A file; or a folder if a folder is written (a zarr store). A link is followed.

    Raises
    ------
    CheckError
        If the path is a device, a pipe or a socket; if it is a folder and a file is written, or the
        reverse.
    OSError
        If the file cannot be written.
    """
    target = _target(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        yield part
        if target.exists() and target.is_dir() != part.is_dir():
            kind = "a folder" if target.is_dir() else "a file"
            raise _refused(path, f"there is {kind} with this name")
        if target.is_dir():  # a folder cannot be replaced in one step
            target.rename(old)
        part.replace(target)
    finally:
        for rest in (part, old):
            _remove(rest)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as `stage_output` does.

    Examples
    --------
    >>> write_text(Path("/dev/null"), "lost")
    Traceback (most recent call last):
    ...
    pkqsp_bayes.errors.CheckError: error: /dev/null: it cannot be written: this is a device, a pipe or a socket (name another file)
    """  # noqa: E501
    with stage_output(path) as part:
        part.write_text(text, encoding="utf-8")


@contextmanager
def write_output(path: Path) -> Iterator[Path]:
    """Stage a file that the user has named, as `stage_output`; each failure is a `CheckError`."""
    try:
        with stage_output(path) as part:
            yield part
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error


def _target(path: Path) -> Path:
    target = path.resolve() if path.is_symlink() else path
    if not target.parent.is_dir():
        raise _refused(path, f"there is no folder {target.parent}")
    if target.exists():
        mode = target.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _refused(path, "this is a device, a pipe or a socket")
    return target


def _refused(path: Path, what: str) -> CheckError:
    where, remedy = str(path), "name another file"
    return CheckError([Issue(where=where, what=f"it cannot be written: {what}", remedy=remedy)])


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
