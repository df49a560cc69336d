"""The chains of a fit: those that are missing are run, and what ends well is never lost."""

import contextlib
import dataclasses
import logging
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed, wait
from pathlib import Path
from typing import Any

import psutil

from pkqsp_bayes.fitting.results.manifest import Manifest, write_manifest
from pkqsp_bayes.fitting.sampling.chains import SUFFIXES, ChainError, is_finished
from pkqsp_bayes.remedies import setting

__all__ = ["adopt_finished", "run_missing", "stop_samplers"]

_LOGGER = logging.getLogger(__name__)
_LOOK_SECONDS = 0.5
_STOP_SECONDS = 10

_Sample = Callable[[int, Path], Path]


def run_missing(
    folder: Path,
    manifest: Manifest,
    sample: _Sample,
    *,
    cores: int,
    executor: Executor | None = None,
) -> Manifest:
    """Run the chains that are missing, and note each as soon as it is done.

    Parameters
    ----------
    folder : Path
        The fit's folder.
    manifest : Manifest
        What is there.
    sample : callable
        Samples the chain of a number into a folder and returns its file.
    cores : int
        How many run at once.
    executor : Executor, optional
        Where they run; by default threads here, each of which waits for a process.

    Returns
    -------
    Manifest
        With all chains.

    Raises
    ------
    ChainError
        After every other chain has ended, if some failed.
    """
    pool = executor or ThreadPoolExecutor(max_workers=max(1, cores))
    waiting = {pool.submit(_run_one, folder, k, sample): k for k in _missing(manifest)}
    failures: dict[int, str] = {}
    try:
        for future in as_completed(waiting):
            manifest = _note(folder, manifest, future, waiting[future], failures)
    except BaseException:  # Ctrl-C and SIGTERM, above all
        stop_samplers(list(waiting), str(folder))
        if executor is None:  # what runs elsewhere ends by itself, and is found by the next start
            manifest = adopt_finished(folder, manifest)
        _LOGGER.warning("stopped: %s", ChainError(_account(folder, manifest)))
        raise
    finally:
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)
    if failures:
        told = "\n".join(f"chain {k}: {text}" for k, text in sorted(failures.items()))
        raise ChainError(f"{told}\n{_account(folder, manifest)}")
    return manifest


def _missing(manifest: Manifest) -> list[int]:
    return [k for k in range(1, _count(manifest) + 1) if str(k) not in manifest.chains]


def _count(manifest: Manifest) -> int:
    return int(manifest.settings["chains"])


def _account(folder: Path, manifest: Manifest) -> str:
    return (
        f"{len(manifest.chains)} of {_count(manifest)} chains are done and kept in {folder}; "
        f"resume to run the others: {setting('resume')}"
    )


def _note(
    folder: Path,
    manifest: Manifest,
    future: Future[str],
    number: int,
    failures: dict[int, str],
) -> Manifest:
    try:
        future.result()
    except Exception as error:  # whatever ends one chain must not lose the others
        failures[number] = str(error)
        return manifest
    manifest = manifest.with_chain(folder, number)
    write_manifest(folder, manifest)
    _LOGGER.info("chain %d is done", number)
    return manifest


def stop_samplers(futures: Sequence[Future[Any]], marker: str) -> None:
    """End what has not ended: tasks that wait, and the processes of ours that run.

    Parameters
    ----------
    futures : sequence of Future
        Of the tasks.
    marker : str
        Part of the command line of each process that a task runs: its folder.
    """
    for future in futures:
        future.cancel()
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in psutil.Process().children(recursive=True):
            if any(marker in word for word in _words(process)):
                with contextlib.suppress(psutil.Error):  # it has ended
                    end(process)
        # A sampler ends after the iteration in hand, which may take minutes.
        if not wait(futures, timeout=_STOP_SECONDS).not_done:
            return


def _words(process: psutil.Process) -> list[str]:
    """Return a process's command line; nothing if it is gone, or not ours."""
    try:
        words: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return words


def adopt_finished(folder: Path, manifest: Manifest) -> Manifest:
    """Take over chains that ended without being noted: whoever started them had died.

    Parameters
    ----------
    folder : Path
        The fit's folder, whose lock is held.
    manifest : Manifest
        What is there.

    Returns
    -------
    Manifest
        With the chains found. What is unfinished and not running any more is swept away.
    """
    adopted = _without_lost(folder, manifest)
    for number in range(1, _count(manifest) + 1):
        for attempt in _attempts(folder, number):
            if _writer(attempt) is None:
                _keep(folder, attempt, number)
        if str(number) not in adopted.chains and is_finished(folder / f"chain_{number}.csv"):
            adopted = adopted.with_chain(folder, number)
    write_manifest(folder, adopted)
    return adopted


def _without_lost(folder: Path, manifest: Manifest) -> Manifest:
    """Return what is there without chains whose file is gone or cut short; say so."""
    lost = [k for k, name in manifest.chains.items() if not is_finished(folder / name)]
    for number in lost:
        _LOGGER.warning(
            "%s is gone or cut short: the chain is run again", folder / manifest.chains[number]
        )
    return dataclasses.replace(
        manifest,
        chains={k: name for k, name in manifest.chains.items() if k not in lost},
        digests={k: text for k, text in manifest.digests.items() if k not in lost},
    )


def _attempts(folder: Path, number: int) -> list[Path]:
    return sorted(folder.glob(f".chain_{number}.*.part"))


def _writer(attempt: Path) -> psutil.Process | None:
    """Return the process on this machine that samples into a folder."""
    for process in psutil.process_iter():
        if any(word.startswith(f"file={attempt}/") for word in _words(process)):
            return process
    return None


def _run_one(folder: Path, number: int, sample: _Sample) -> str:
    """Sample into a folder that nobody else has, then put its files in their place."""
    for left in _attempts(folder, number):
        if _outlived(left, number) and _keep(folder, left, number):
            return f"chain_{number}.csv"
    attempt = folder / f".chain_{number}.{uuid.uuid4().hex[:8]}.part"
    attempt.mkdir()
    try:
        sample(number, attempt)
    finally:
        _keep(folder, attempt, number)
    return f"chain_{number}.csv"


def _outlived(attempt: Path, number: int) -> bool:
    """Wait for a chain that goes on after its parent's death; False if there is none."""
    process = _writer(attempt)
    if process is None:
        return False
    _LOGGER.warning(
        "chain %d still runs from an earlier start (process %d): waiting for it",
        number, process.pid,
    )  # fmt: skip
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(_LOOK_SECONDS)
    return True


def _keep(folder: Path, attempt: Path, number: int) -> bool:
    """Put what an attempt made in its place, if it was finished; what was said, in any case."""
    draws, *beside = (f"chain_{number}{suffix}" for suffix in SUFFIXES)
    finished = is_finished(attempt / draws)
    for name in beside:
        if (attempt / name).is_file():
            (attempt / name).replace(folder / name)
    if finished:
        (attempt / draws).replace(folder / draws)
    shutil.rmtree(attempt, ignore_errors=True)
    return finished
