"""Checks of compiled files in the cache: that they are unchanged, safe and executable.

Each entry has a record of the SHA-256 of its compiled file. A file that is truncated, replaced,
owned by another user, writable by everyone or not executable is reported and built again.
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

from pkqsp_bayes.cached_text import explain_distrust
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.files import read_json

__all__ = ["explain_run_failure", "is_unchanged", "record_checksum"]

_LOGGER = logging.getLogger(__name__)
_RECORD = "made.json"
_MOST_BYTES = 100_000
_SECONDS = 60


def record_checksum(made: Path) -> None:
    """Write the checksum of a compiled file next to it."""
    content = {made.name: _digest(made)}
    (made.parent / _RECORD).write_text(json.dumps(content, indent=1) + "\n")


def is_unchanged(made: Path, *, run: bool) -> bool:
    """Return whether a file of the cache is unchanged; if not, log the reason.

    Parameters
    ----------
    made : Path
        The file; its record is in the same folder.
    run : bool
        Whether the file is a program, which must run.
    """
    reason = _find_fault(
        made, run, _read_attributes(made), _read_attributes(made.parent / _RECORD), _libraries()
    )
    if reason:
        _warn(made, reason)
    return not reason


def _read_attributes(path: Path) -> tuple[int, ...]:
    """Return the attributes that change with a file; empty if it is missing."""
    try:
        found = path.lstat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def _libraries() -> str:
    return os.environ.get("LD_LIBRARY_PATH", "")


def explain_run_failure(program: Path) -> str:
    """Return why a compiled program does not run; an empty text if it runs."""
    try:
        ran = subprocess.run(
            [program, "info"], stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=_SECONDS,
        )  # fmt: skip
    except OSError as error:
        return f"it does not run: {error.strerror or error}"
    except subprocess.TimeoutExpired:
        return f"it does not respond within {_SECONDS} seconds"
    if ran.returncode == 0:
        return ""
    lines = (ran.stdout + ran.stderr).decode(errors="replace").strip().splitlines()
    message = lines[-1][:300] if lines else f"code {ran.returncode}"
    return f"it does not run: {message}"


@functools.lru_cache(maxsize=1024)  # by all that changes with a file
def _find_fault(
    made: Path, run: bool, seen: tuple[int, ...], record_seen: tuple[int, ...], libraries: str
) -> str:
    """Return the problem of a file; the other arguments are part of the key of the memory."""
    del record_seen, libraries
    if not seen:
        return "it is missing"
    found = made.lstat()
    if reason := explain_distrust(made):
        return reason
    if run and not found.st_mode & stat.S_IXUSR:
        return "it is not executable"
    try:
        record = read_json(made.parent / _RECORD, limit=_MOST_BYTES, remedy="")
        noted = record[made.name] if isinstance(record, Mapping) else None
        same = noted == _digest(made)
    except (CheckError, KeyError, OSError):
        return "there is no record of its checksum"
    if not same:
        return f"its content has changed since it was compiled ({found.st_size} bytes)"
    return explain_run_failure(made) if run else ""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=1024)  # once is enough
def _warn(made: Path, reason: str) -> None:
    _LOGGER.warning("%s cannot be used: %s; it is built again", made, reason)
