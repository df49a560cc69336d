"""The user's cache: each entry is a folder that is built once and appears complete or not at all.

An entry is built in a folder with a temporary name and then renamed. A file lock, which the system
releases when its holder dies, protects the build: eight processes that need the same entry build it
once. The next holder of the lock removes what an interrupted build left.
"""

import contextlib
import errno
import logging
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pkqsp_bayes.cached_text import cache_folder
from pkqsp_bayes.engine.locks import hold_lock
from pkqsp_bayes.errors import ToolchainError

__all__ = ["Entry", "build_once", "clear", "entries", "limit_bytes", "trim"]

_LOGGER = logging.getLogger(__name__)
_DEFAULT_LIMIT_GB = 4.0
_IN_USE_SECONDS = 3600.0
_KEPT = "stan"
"""The kind that trimming keeps: the toolchain, which every other entry needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One folder of the cache: kind, path, size in bytes, time of last use."""

    kind: str
    path: Path
    size: int
    used: float


def limit_bytes() -> int:
    """Return the cache's size limit: ``$PKQSP_CACHE_LIMIT_GB``, by default 4.

    Raises
    ------
    ToolchainError
        If the variable is not a positive number.
    """
    text = os.environ.get("PKQSP_CACHE_LIMIT_GB", "")
    try:
        limit = float(text) if text else _DEFAULT_LIMIT_GB
    except ValueError:
        limit = -1.0
    if not 0 < limit < float("inf"):
        what = f"PKQSP_CACHE_LIMIT_GB is {text!r}"
        raise ToolchainError(what, "set it to a positive number of gigabytes, or unset it")
    return int(limit * 1e9)


def build_once(
    kind: str,
    key: str,
    build: Callable[[Path], None],
    *,
    is_complete: Callable[[Path], bool] = Path.is_dir,
) -> Path:
    """Return the folder ``<cache>/<kind>/<key>``; build it if it is missing.

    Parameters
    ----------
    kind, key : str
        Name of the entry; the key must identify all of the content that the entry depends on.
    build : callable
        Fills the empty folder that it receives. Paths inside must be relative: it is renamed.
    is_complete : callable
        Returns whether an existing entry can be used; an incomplete one is built again.

    Returns
    -------
    Path
        The complete folder.

    Raises
    ------
    ToolchainError
        If the cache cannot be read or written, or the disk is full.
    """
    folder = cache_folder() / kind
    final = folder / key
    with _explain_errors(final):
        if final.is_dir() and is_complete(final):
            return _mark_used(final)
        folder.mkdir(parents=True, exist_ok=True)

        def is_there() -> bool:
            return final.is_dir() and is_complete(final)

        with hold_lock(folder / f".{key}.lock", final, until=is_there) as held:
            if held and not is_there():
                _remove_leftovers(folder, key)
                _build(folder, key, build)
        _mark_used(final)
    trim(limit_bytes())
    return final


def _build(folder: Path, key: str, build: Callable[[Path], None]) -> None:
    stage_output = folder / f".{key}.{uuid.uuid4().hex[:8]}.part"
    try:
        stage_output.mkdir()
        build(stage_output)
        stage_output.rename(folder / key)
    finally:
        shutil.rmtree(stage_output, ignore_errors=True)


def _remove_leftovers(folder: Path, key: str) -> None:
    """Remove what interrupted builds left, and a damaged entry; the caller holds the lock."""
    for left in (*folder.glob(f".{key}.*.part"), folder / key):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)


def _mark_used(entry: Path) -> Path:
    with contextlib.suppress(OSError):  # a shared read-only cache can be used, too
        os.utime(entry)
    return entry


@contextlib.contextmanager
def _explain_errors(path: Path) -> Iterator[None]:
    """Convert an error of the file system to one with a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what = f"there is no space left on the disk of {cache_folder()}"
            remedy = "free some space, or set PKQSP_CACHE to a folder on another disk (about 1 GB)"
        else:
            what = f"the cache cannot be used: {error.strerror or error} ({error.filename or path})"
            remedy = "set PKQSP_CACHE to a folder that you can read and write"
        raise ToolchainError(what, remedy) from error


def entries(*, toolchain: bool = True) -> list[Entry]:
    """Return the entries of the cache, the least recently used first.

    Parameters
    ----------
    toolchain : bool
        Whether to include the toolchain, whose size takes a moment to compute.
    """
    found = []
    for path in cache_folder().glob("*/*"):
        hidden = path.name.startswith(".") or (path.parent.name == _KEPT and not toolchain)
        if hidden or not path.is_dir():
            continue
        with contextlib.suppress(OSError):  # another process may be removing it
            kind, used = path.parent.name, path.stat().st_mtime
            found.append(Entry(kind=kind, path=path, size=_size(path), used=used))
    return sorted(found, key=lambda entry: entry.used)


def _size(folder: Path) -> int:
    return sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_symlink() and p.is_file())


def trim(limit: int) -> None:
    """Remove the least recently used entries until the cache is within a limit.

    The toolchain and entries that were used within the last hour are kept.

    Parameters
    ----------
    limit : int
        Maximal size in bytes.
    """
    compiled = entries(toolchain=False)
    total = sum(entry.size for entry in compiled)
    for entry in compiled:
        if total <= limit or time.time() - entry.used < _IN_USE_SECONDS:
            return
        _remove(entry.path)
        total -= entry.size


def _remove(path: Path) -> None:
    """Rename the folder before removing it, so that no process finds an incomplete entry."""
    condemned = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    with contextlib.suppress(FileNotFoundError):
        path.rename(condemned)
        shutil.rmtree(condemned, ignore_errors=True)


def clear() -> int:
    """Remove all entries, including the toolchain; return the number of bytes in them.

    Raises
    ------
    ToolchainError
        If the cache cannot be written.
    """
    removed = entries()
    with _explain_errors(cache_folder()):
        for entry in removed:
            _remove(entry.path)
        for left in cache_folder().glob("*/.*.part"):
            shutil.rmtree(left)
    return sum(entry.size for entry in removed)
