"""Execution of the missing chains of a fit; finished chains are always kept."""

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
    """Run the missing chains, and record each one when it is finished.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    manifest : Manifest
        The manifest of the folder.
    sample : callable
        Function that samples the chain with a number into a folder and returns its file.
    cores : int
        Number of chains that run at the same time.
    executor : Executor, optional
        Executor of the chains; by default threads, each of which waits for a process.

    Returns
    -------
    Manifest
        The manifest with all chains.

    Raises
    ------
    ChainError
        If chains failed; it is raised after all other chains have ended.
    """
    pool = executor or ThreadPoolExecutor(max_workers=max(1, cores))
    waiting = {pool.submit(_run_one, folder, k, sample): k for k in _missing(manifest)}
    failures: dict[int, str] = {}
    try:
        for future in as_completed(waiting):
            manifest = _note(folder, manifest, future, waiting[future], failures)
    except BaseException:  # mainly Ctrl-C and SIGTERM
        stop_samplers(list(waiting), str(folder))
        if executor is None:  # chains of an executor continue; the next start finds them
            manifest = adopt_finished(folder, manifest)
        _LOGGER.warning("stopped: %s", ChainError(_describe_progress(folder, manifest)))
        raise
    finally:
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)
    if failures:
        reasons = "\n".join(f"chain {k}: {text}" for k, text in sorted(failures.items()))
        raise ChainError(f"{reasons}\n{_describe_progress(folder, manifest)}")
    return manifest


def _missing(manifest: Manifest) -> list[int]:
    return [k for k in range(1, _count(manifest) + 1) if str(k) not in manifest.chains]


def _count(manifest: Manifest) -> int:
    return int(manifest.settings["chains"])


def _describe_progress(folder: Path, manifest: Manifest) -> str:
    return (
        f"{len(manifest.chains)} of {_count(manifest)} chains are finished and kept in {folder}; "
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
    except Exception as error:  # an error of one chain must not affect the others
        failures[number] = str(error)
        return manifest
    manifest = manifest.with_chain(folder, number)
    write_manifest(folder, manifest)
    _LOGGER.info("chain %d is finished", number)
    return manifest


def stop_samplers(futures: Sequence[Future[Any]], marker: str) -> None:
    """Cancel waiting tasks, and stop the sampler processes of this process.

    Parameters
    ----------
    futures : sequence of Future
        The tasks.
    marker : str
        Folder of the tasks, which is part of the command line of each sampler process.
    """
    for future in futures:
        future.cancel()
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in psutil.Process().children(recursive=True):
            if any(marker in word for word in _command_line(process)):
                with contextlib.suppress(psutil.Error):  # the process has ended
                    end(process)
        # A sampler ends after its current iteration, which may take minutes.
        if not wait(futures, timeout=_STOP_SECONDS).not_done:
            return


def _command_line(process: psutil.Process) -> list[str]:
    """Return the command line of a process; empty if it has ended or cannot be read."""
    try:
        arguments: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return arguments


def adopt_finished(folder: Path, manifest: Manifest) -> Manifest:
    """Record chains that finished after the process that started them had ended.

    Parameters
    ----------
    folder : Path
        Folder of the fit; the caller must hold its lock.
    manifest : Manifest
        The manifest of the folder.

    Returns
    -------
    Manifest
        The manifest with these chains. Unfinished chains that are not running are removed.
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
    """Return the manifest without chains whose file is missing or incomplete; log them."""
    lost = [k for k, name in manifest.chains.items() if not is_finished(folder / name)]
    for number in lost:
        _LOGGER.warning(
            "%s is missing or incomplete: the chain is run again", folder / manifest.chains[number]
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
        if any(word.startswith(f"file={attempt}/") for word in _command_line(process)):
            return process
    return None


def _run_one(folder: Path, number: int, sample: _Sample) -> str:
    """Sample into a new folder, then move the files into the folder of the fit."""
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
    """Wait for a chain that runs without its parent process; return False if there is none."""
    process = _writer(attempt)
    if process is None:
        return False
    _LOGGER.warning(
        "chain %d of an earlier start is still running (process %d): waiting for it",
        number, process.pid,
    )  # fmt: skip
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(_LOOK_SECONDS)
    return True


def _keep(folder: Path, attempt: Path, number: int) -> bool:
    """Move the draws of an attempt into the folder if it finished; move its messages always."""
    draws, *others = (f"chain_{number}{suffix}" for suffix in SUFFIXES)
    finished = is_finished(attempt / draws)
    for name in others:
        if (attempt / name).is_file():
            (attempt / name).replace(folder / name)
    if finished:
        (attempt / draws).replace(folder / draws)
    shutil.rmtree(attempt, ignore_errors=True)
    return finished
