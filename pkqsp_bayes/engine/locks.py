"""Locks that the system releases when their holder dies, with information on the holder.

Each lock has a record of its holder, so that a waiting process can report it. The record
is informative only: the lock decides, and the record of a dead process is recognised.
"""

import contextlib
import json
import logging
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.files import read_json

if TYPE_CHECKING:
    import filelock

__all__ = ["describe_holder", "hold_lock"]

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 0.5
_REPORT_AFTER = 1.0
_REPORT_EVERY = 60.0
_MOST_BYTES = 10_000


@contextlib.contextmanager
def hold_lock(
    path: Path, wanted: object, *, until: Callable[[], bool] | None = None
) -> Iterator[bool]:
    """Hold a lock; if another process holds it, report that process within seconds.

    Parameters
    ----------
    path : Path
        File of the lock; its folder must exist.
    wanted : object
        What is built under the lock, for the message of waiting processes.
    until : callable, optional
        Returns whether waiting has become unnecessary because another process has built it.

    Yields
    ------
    bool
        Whether the lock is held; False if ``until`` became true first.
    """
    import filelock  # its audit hook slows every later import down

    lock = filelock.FileLock(path)
    held = _acquire(lock, path, wanted, until)
    if not held:
        yield False
        return
    try:
        _write_holder(path, wanted)
        yield True
    finally:
        with contextlib.suppress(OSError):
            _holder_path(path).unlink(missing_ok=True)
        lock.release()


def describe_holder(path: Path) -> str:
    """Return the holder of a lock: process, host, time, and what it builds.

    Parameters
    ----------
    path : Path
        File of the lock.

    Examples
    --------
    >>> describe_holder(Path("no/such/lock"))
    'another process'
    """
    try:
        found = read_json(_holder_path(path), limit=_MOST_BYTES, remedy="")
        pid, host, since = int(found["pid"]), str(found["host"])[:80], float(found["since"])
        seconds = max(0, round(time.time() - since))
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since))
    except (CheckError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return "another process"
    if host == platform.node() and not psutil.pid_exists(pid):
        return f"another process (not {pid}, which is recorded here and has ended)"
    what = str(found.get("builds", ""))[:300]
    doing = f", for {what}" if what else ""
    return f"process {pid} on {host}, which holds it since {at} ({seconds} s){doing}"


def _acquire(
    lock: "filelock.BaseFileLock", path: Path, wanted: object, until: Callable[[], bool] | None
) -> bool:
    from filelock import Timeout

    began, report_at = time.monotonic(), _REPORT_AFTER
    while True:
        try:
            lock.acquire(timeout=_POLL_SECONDS)
        except Timeout:
            if until is not None and until():
                return False
        else:
            return True
        if time.monotonic() - began >= report_at:
            report_at += _REPORT_EVERY
            _LOGGER.warning("waiting for %s: locked by %s", wanted, describe_holder(path))


def _holder_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")


def _write_holder(path: Path, wanted: object) -> None:
    record, part = _holder_path(path), path.with_name(f"{path.name}.{os.getpid()}.part")
    content = {"pid": os.getpid(), "host": platform.node(), "since": time.time(),
            "builds": str(wanted)}  # fmt: skip
    with contextlib.suppress(OSError):  # the record is not essential
        part.write_text(json.dumps(content))
        part.replace(record)
