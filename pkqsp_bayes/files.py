"""Checked reading of files: only regular files of a bounded size are read.

A pipe or a device may never end, and a file may be larger than the memory. Both are refused before
anything is read. Each problem is one `CheckError` that names the file.
"""

import json
import os
import stat
from pathlib import Path
from typing import Any

from pkqsp_bayes.errors import CheckError, Issue

__all__ = ["LARGEST_TABLE", "LARGEST_TEXT", "file_issues", "read_bytes", "read_json", "read_text"]

LARGEST_TEXT = 4_000_000
"""Maximal size in bytes of a file that is written by hand: a model, priors, statements."""

LARGEST_TABLE = 1_000_000_000
"""Maximal size in bytes of a table."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def read_bytes(path: str | Path, *, limit: int) -> bytes:
    """Return the content of a regular file.

    Parameters
    ----------
    path : str or Path
        The file; links are followed.
    limit : int
        Maximal size in bytes.

    Raises
    ------
    CheckError
        If the file cannot be read, is a folder, a pipe or a device, or is too large.

    Examples
    --------
    >>> read_bytes("/dev/zero", limit=100)
    Traceback (most recent call last):
    ...
    pkqsp_bayes.errors.CheckError: error: /dev/zero: it cannot be read: this is a device, not a file (save it as a file)
    """  # noqa: E501
    return _read_known(path, limit, limit + 1)


def file_issues(path: str | Path, *, limit: int) -> list[Issue]:
    """Return the reasons why a file cannot be read, without reading it.

    Parameters
    ----------
    path, limit
        As in `read_bytes`.

    Examples
    --------
    >>> [issue.what for issue in file_issues("/dev", limit=100)]
    ['it cannot be read: this is a folder, not a file']
    """
    try:
        _read_known(path, limit, 0)
    except CheckError as error:
        return list(error.issues)
    return []


def _read_known(path: str | Path, limit: int, size: int) -> bytes:
    if "\0" in str(path):
        raise _refused(path, "this is not a valid path", "check the path")
    try:
        return _read(Path(path), limit, size)
    except OSError as error:
        what = f"cannot be read: {error.strerror or type(error).__name__}"
        raise _refused(path, what, "check the path") from None


def read_text(path: str | Path, *, limit: int, remedy: str = "save it as UTF-8") -> str:
    """Return the text of a regular file in UTF-8.

    Parameters
    ----------
    path : str or Path
        The file.
    limit : int
        Maximal size in bytes.
    remedy : str
        Remedy if the file is not text.

    Raises
    ------
    CheckError
        As `read_bytes`; also if the file is not UTF-8 or has null bytes.
    """
    try:
        text = read_bytes(path, limit=limit).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(path, "this is not UTF-8 text", remedy) from None
    if "\0" in text:
        raise _refused(path, "this is not a text file", remedy)
    return text


def read_json(path: str | Path, *, limit: int, remedy: str) -> Any:
    """Return the content of a JSON file.

    Parameters
    ----------
    path : str or Path
        The file.
    limit : int
        Maximal size in bytes.
    remedy : str
        Remedy if the file is damaged.

    Raises
    ------
    CheckError
        As `read_text`; also if the file is not JSON.
    """
    text = read_text(path, limit=limit, remedy=remedy)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # deep nesting, or a long number
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _refused(path, f"it cannot be read, it is not JSON: {reason[:200]}", remedy) from None


def _read(path: Path, limit: int, size: int) -> bytes:
    # Without O_NONBLOCK the call would wait for a pipe that has no writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    found = os.fstat(descriptor)
    kind = next((name for is_one, name in _KINDS if is_one(found.st_mode)), None)
    if kind is not None:  # before fdopen, which fails on a folder
        os.close(descriptor)
        remedy = "name a file in it" if kind == "a folder" else "save it as a file"
        raise _refused(path, f"it cannot be read: this is {kind}, not a file", remedy)
    with os.fdopen(descriptor, "rb") as file:
        # One byte more than the limit shows that the file is too large.
        content = b"" if found.st_size > limit else file.read(size)
    if content is None:  # some system files are regular but never end
        raise _refused(path, "there is no content to read yet", "save it as a file")
    if max(found.st_size, len(content)) > limit:
        what = f"it has more than {limit} bytes"
        raise _refused(path, what, "check the path: files of this kind are smaller")
    return content


def _refused(path: str | Path, what: str, remedy: str) -> CheckError:
    return CheckError([Issue(where=str(path), what=what, remedy=remedy)])
