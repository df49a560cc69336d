"""Chains, each in a process of its own, each on disk as soon as it is done."""

import dataclasses
import logging
import shutil
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import cmdstanpy

from pkqsp_bayes.errors import PkqspError
from pkqsp_bayes.fitting.manifest import Manifest, write_manifest
from pkqsp_bayes.fitting.settings import FitSettings

__all__ = ["ChainError", "adopt_finished", "chain_sampler", "run_missing"]

_LOGGER = logging.getLogger(__name__)


class ChainError(PkqspError, RuntimeError):
    """Some chains did not end well; the text says which, and what the sampler said."""


def run_missing(
    folder: Path,
    manifest: Manifest,
    sample: Callable[[int, Path], Path],
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
    missing = [k for k in range(1, _count(manifest) + 1) if str(k) not in manifest.chains]
    pool = executor or ThreadPoolExecutor(max_workers=max(1, cores))
    failures: dict[int, str] = {}
    try:
        waiting = {pool.submit(_run_one, folder, k, sample): k for k in missing}
        for future in as_completed(waiting):
            number = waiting[future]
            try:
                name = future.result()
            except Exception as error:  # whatever ends one chain must not lose the others
                failures[number] = str(error)
                continue
            manifest = dataclasses.replace(manifest, chains={**manifest.chains, str(number): name})
            write_manifest(folder, manifest)
            _LOGGER.info("chain %d is done", number)
    finally:
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)
    if failures:
        told = "\n".join(f"chain {k}: {text}" for k, text in sorted(failures.items()))
        raise ChainError(f"{told}\nthe other chains are kept; resume to run these again")
    return manifest


def adopt_finished(folder: Path, manifest: Manifest) -> Manifest:
    """Take over chains that ended after the process that started them had died.

    Parameters
    ----------
    folder : Path
        The fit's folder, whose lock is held.
    manifest : Manifest
        What is there.

    Returns
    -------
    Manifest
        With the chains found; what is unfinished is swept away.
    """
    chains = dict(manifest.chains)
    for attempt in folder.glob(".chain_*.part"):
        number = attempt.name.split(".")[1].removeprefix("chain_")
        for made in attempt.glob("*.csv"):
            if number not in chains and _is_finished(made):
                chains[number] = f"chain_{number}.csv"
                made.replace(folder / chains[number])
        shutil.rmtree(attempt, ignore_errors=True)
    adopted = dataclasses.replace(manifest, chains=chains)
    write_manifest(folder, adopted)
    return adopted


def _is_finished(path: Path) -> bool:
    """Whether the sampler wrote its last lines: the time that it took."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 500))
        return b"Elapsed Time" in file.read()


def _count(manifest: Manifest) -> int:
    return int(manifest.settings["chains"])


def _run_one(folder: Path, number: int, sample: Callable[[int, Path], Path]) -> str:
    """Sample into a folder that nobody else has, then put the file in its place."""
    attempt = folder / f".chain_{number}.{uuid.uuid4().hex[:8]}.part"
    attempt.mkdir()
    try:
        made = sample(number, attempt)
        name = f"chain_{number}.csv"
        made.replace(folder / name)
        return name
    finally:
        shutil.rmtree(attempt, ignore_errors=True)


def chain_sampler(
    model: cmdstanpy.CmdStanModel,
    data: str | Mapping[str, Any],
    inits: Mapping[int, Mapping[str, Any]],
    settings: FitSettings,
) -> Callable[[int, Path], Path]:
    """Return what samples the chain of a number into a folder.

    Parameters
    ----------
    model : CmdStanModel
        Compiled.
    data : str or mapping
        Path of the data, or the data.
    inits : mapping of int to mapping
        Start of each chain, on the constrained scale.
    settings : FitSettings
        Iterations and tuning.
    """

    def sample(number: int, folder: Path) -> Path:
        fit = model.sample(
            data=data,
            chains=1,
            chain_ids=number,
            seed=settings.seed,
            inits=dict(inits[number]),
            iter_warmup=settings.warmup,
            iter_sampling=settings.draws,
            adapt_delta=settings.adapt_delta,
            max_treedepth=settings.max_treedepth,
            output_dir=str(folder),
            show_progress=False,
            show_console=False,
            sig_figs=10,
        )
        return Path(fit.runset.csv_files[0])

    return sample
