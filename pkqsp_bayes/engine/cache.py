"""The user's cache: each entry is a folder that is built once and appears whole or not at all.

An entry is built in a folder of another name, under a file lock that the system releases when
its holder dies, and renamed. So eight processes that want the same thing build it once, and what
a killed build leaves is never taken for a result: the next holder of the lock sweeps it away.
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

import platformdirs

from pkqsp_bayes.engine.locks import hold_lock
from pkqsp_bayes.errors import ToolchainError

__all__ = [
    "Entry", "build_once", "cache_folder", "clear", "entries", "limit_bytes", "trim",
]  # fmt: skip

_LOGGER = logging.getLogger(__name__)
_DEFAULT_LIMIT_GB = 4.0
_IN_USE_SECONDS = 3600.0
_KEPT = "stan"
"""The kind that trimming leaves alone: the toolchain, which every other entry needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One folder of the cache: its kind, its path, its size in bytes, when it was last used."""

    kind: str
    path: Path
    size: int
    used: float


def cache_folder() -> Path:
    """Return the root of the cache: ``$PKQSP_CACHE``, else the user's cache directory.

    Raises
    ------
    ToolchainError
        If the variable has line ends or other characters that are no text.

    Examples
    --------
    >>> cache_folder().is_absolute()
    True
    """
    named = os.environ.get("PKQSP_CACHE")
    if named and (not named.isprintable() or "\ufffd" in named):
        what = f"PKQSP_CACHE is {named!a}, which has characters that no text has"
        raise ToolchainError(what, "set it to a folder whose name can be printed, or unset it")
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_cache_path("pkqsp_bayes")


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
    is_whole: Callable[[Path], bool] = Path.is_dir,
) -> Path:
    """Return the folder ``<cache>/<kind>/<key>``, building it if it is not there.

    Parameters
    ----------
    kind, key : str
        Name of the entry; the key must name all of the content that went into it.
    build : callable
        Fills the empty folder it is given. Paths inside must be relative: it is renamed.
    is_whole : callable
        Whether an entry that is there can be used; one that cannot is built anew.

    Returns
    -------
    Path
        The finished folder.

    Raises
    ------
    ToolchainError
        If the cache cannot be read or written, or the disk is full.
    """
    folder = cache_folder() / kind
    final = folder / key
    with _explained(final):
        if final.is_dir() and is_whole(final):
            return _mark_used(final)
        folder.mkdir(parents=True, exist_ok=True)

        def is_there() -> bool:
            return final.is_dir() and is_whole(final)

        with hold_lock(folder / f".{key}.lock", final, until=is_there) as held:
            if held and not is_there():
                _sweep(folder, key)
                _build(folder, key, build)
        _mark_used(final)
    trim(limit_bytes())
    return final


def _build(folder: Path, key: str, build: Callable[[Path], None]) -> None:
    unfinished = folder / f".{key}.{uuid.uuid4().hex[:8]}.part"
    try:
        unfinished.mkdir()
        build(unfinished)
        unfinished.rename(folder / key)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sweep(folder: Path, key: str) -> None:
    """Take away what killed builds left, and an entry that is damaged; the lock is held."""
    for left in (*folder.glob(f".{key}.*.part"), folder / key):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)


def _mark_used(entry: Path) -> Path:
    with contextlib.suppress(OSError):  # a cache that is shared read-only serves as well
        os.utime(entry)
    return entry


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the file system says into what the user can do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what = f"no space left on the disk of {cache_folder()}"
            remedy = "free some, or set PKQSP_CACHE to a folder on another disk (about 1 GB)"
        else:
            what = f"the cache cannot be used: {error.strerror or error} ({error.filename or path})"
            remedy = "set PKQSP_CACHE to a folder that you can read and write"
        raise ToolchainError(what, remedy) from error


def entries(*, toolchain: bool = True) -> list[Entry]:
    """Return what the cache holds, the least recently used first.

    Parameters
    ----------
    toolchain : bool
        Whether to count the toolchain too, of which the size takes a moment to add up.
    """
    found = []
    for path in cache_folder().glob("*/*"):
        hidden = path.name.startswith(".") or (path.parent.name == _KEPT and not toolchain)
        if hidden or not path.is_dir():
            continue
        with contextlib.suppress(OSError):  # another process may be taking it away
            kind, used = path.parent.name, path.stat().st_mtime
            found.append(Entry(kind=kind, path=path, size=_size(path), used=used))
    return sorted(found, key=lambda entry: entry.used)


def _size(folder: Path) -> int:
    return sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_symlink() and p.is_file())


def trim(limit: int) -> None:
    """Take away the least recently used entries until the rest fits.

    The toolchain, and what was used within the hour, stay.

    Parameters
    ----------
    limit : int
        Bytes.
    """
    compiled = entries(toolchain=False)
    total = sum(entry.size for entry in compiled)
    for entry in compiled:
        if total <= limit or time.time() - entry.used < _IN_USE_SECONDS:
            return
        _remove(entry.path)
        total -= entry.size


def _remove(path: Path) -> None:
    """Rename first, so that nobody finds an entry half removed."""
    condemned = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    with contextlib.suppress(FileNotFoundError):
        path.rename(condemned)
        shutil.rmtree(condemned, ignore_errors=True)


def clear() -> int:
    """Empty the cache, the toolchain included; return the number of bytes in entries removed.

    Raises
    ------
    ToolchainError
        If the cache cannot be written.
    """
    removed = entries()
    with _explained(cache_folder()):
        for entry in removed:
            _remove(entry.path)
        for left in cache_folder().glob("*/.*.part"):
            shutil.rmtree(left)
    return sum(entry.size for entry in removed)
