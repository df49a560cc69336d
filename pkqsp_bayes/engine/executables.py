"""What was compiled before and is found in the cache: whether it is what was made, and runs.

Each entry has a record of the SHA-256 of what was made in it. A file that is cut short, replaced,
of another owner, open to everybody, or that the system cannot run is named, and built anew.
"""

import functools
import hashlib
import json
import logging
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pkqsp_bayes.engine.cache import cache_folder
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.files import read_json

__all__ = ["is_as_made", "record_made", "why_not_run", "why_not_trusted"]

_LOGGER = logging.getLogger(__name__)
_RECORD = "made.json"
_MOST_BYTES = 100_000
_SECONDS = 60


def record_made(made: Path) -> None:
    """Write down the content of what was made, beside it."""
    content = {made.name: _digest(made)}
    (made.parent / _RECORD).write_text(json.dumps(content, indent=1) + "\n")


def is_as_made(made: Path, *, run: bool) -> bool:
    """Whether a file of the cache is what was made there; if not, the log says why.

    Parameters
    ----------
    made : Path
        The file; its record lies beside it.
    run : bool
        Whether it is a program, which has to run.
    """
    reason = _fault(made, run, _seen(made), _seen(made.parent / _RECORD), _libraries())
    if reason:
        _warn(made, reason)
    return not reason


def _seen(path: Path) -> tuple[int, ...]:
    """Return what changes with a file, to the nanosecond; nothing if it is not there."""
    try:
        found = path.lstat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def _libraries() -> str:
    return os.environ.get("LD_LIBRARY_PATH", "")


def why_not_run(program: Path) -> str:
    """Return why a compiled program does not run; an empty text if it does."""
    try:
        ran = subprocess.run(
            [program, "info"], stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=_SECONDS,
        )  # fmt: skip
    except OSError as error:
        return f"it does not run: {error.strerror or error}"
    except subprocess.TimeoutExpired:
        return f"it does not answer within {_SECONDS} seconds"
    if ran.returncode == 0:
        return ""
    lines = (ran.stdout + ran.stderr).decode(errors="replace").strip().splitlines()
    told = lines[-1][:300] if lines else f"code {ran.returncode}"
    return f"it does not run: {told}"


@functools.lru_cache(maxsize=1024)  # by all that changes with a file
def _fault(
    made: Path, run: bool, seen: tuple[int, ...], record_seen: tuple[int, ...], libraries: str
) -> str:
    """Return what is wrong with a file; the rest of the arguments say when to look again."""
    del record_seen, libraries
    if not seen:
        return "it is not there"
    found = made.lstat()
    if reason := why_not_trusted(made):
        return reason
    if run and not found.st_mode & stat.S_IXUSR:
        return "it may not be run"
    try:
        record = read_json(made.parent / _RECORD, limit=_MOST_BYTES, remedy="")
        noted = record[made.name] if isinstance(record, Mapping) else None
        same = noted == _digest(made)
    except (CheckError, KeyError, OSError):
        return "there is no record of its content"
    if not same:
        return f"its content is not what was made ({found.st_size} bytes)"
    return why_not_run(made) if run else ""


def why_not_trusted(path: Path) -> str:
    """Return why another user may have written a file of the cache; an empty text if none may.

    Raises
    ------
    OSError
        If it is not there.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    if hasattr(os, "geteuid") and found.st_uid not in (os.geteuid(), 0, _owner()):
        return f"it belongs to another user ({found.st_uid})"
    return "everybody may write to it" if found.st_mode & stat.S_IWOTH else ""


def _owner() -> int:
    """Return whose the cache is: a group may share what one of them has made."""
    return cache_folder().stat().st_uid


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=1024)  # once is enough
def _warn(made: Path, reason: str) -> None:
    _LOGGER.warning("%s cannot be used: %s; it is built anew", made, reason)
