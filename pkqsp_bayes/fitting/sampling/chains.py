"""Sampling of one chain: a separate process that writes its files into its own folder."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cmdstanpy
from cmdstanpy.cmdstan_args import CmdStanArgs, SamplerArgs

from pkqsp_bayes.errors import PkqspError
from pkqsp_bayes.fitting.inits.chain_inits import ChainInits
from pkqsp_bayes.fitting.sampling.settings import FitSettings

__all__ = [
    "SUFFIXES",
    "ChainError",
    "ChainInterruptedError",
    "ChainSampler",
    "chain_sampler",
    "is_finished",
    "seconds_of",
]

SUFFIXES = (".csv", ".txt", ".solver.json")
"""Suffixes of the files ``chain_<k>``: draws, messages of the sampler, counts of the kernel."""

_DIGITS = 10
_MOST_LINES = 3
_REFRESHES = 100
# The first phases of Stan have 75 and 25 iterations. With a first metric fewer are needed; and the
# sooner the first window ends, the sooner the metric is that of the posterior.
_EARLY, _LONG_WARMUP = 15, 100
_ASKED_TO_END = frozenset({130, 143, -signal.SIGINT, -signal.SIGTERM})


class ChainError(PkqspError, RuntimeError):
    """Some chains failed; the text lists them with the messages of the sampler."""


class ChainInterruptedError(ChainError):
    """A chain was stopped before it was finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSampler:
    """Function that samples a chain into a folder. It can be pickled for executors.

    The process of CmdStan writes its console output to a file, not to a pipe. Its progress can be
    read from the end of that file, and it continues if its parent process ends.

    Parameters
    ----------
    executable : str
        Path of the compiled program.
    data : str or mapping
        Path of the data, or the data.
    inits : mapping of int to mapping
        Initial values of each chain, on the constrained scale.
    settings : FitSettings
        Iterations and tuning.
    variances : sequence of float, optional
        The diagonal of the inverse metric with which warm-up begins.
    adapts : bool
        Whether warm-up adapts the metric.
    threads : int
        Number of threads.
    key : str
        Digest of program and data, for the header of each chain.
    """

    executable: str
    data: str | Mapping[str, Any]
    inits: Mapping[int, Mapping[str, Any]]
    settings: FitSettings
    variances: Sequence[float] | None = None
    adapts: bool = True
    threads: int = 1
    key: str = ""

    def __call__(self, number: int, folder: Path) -> Path:
        """Sample the chain with a number into a folder, and return its file of draws.

        Raises
        ------
        ChainInterruptedError
            If the process was stopped.
        ChainError
            If the process failed, or its file is incomplete.
        """
        draws, console, log = (folder / f"chain_{number}{suffix}" for suffix in SUFFIXES)
        own = {"PKQSP_SOLVER_LOG": str(log), "STAN_NUM_THREADS": str(self.threads)}
        with console.open("w") as output:
            done = subprocess.run(
                self._command(number, draws),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **own},
                check=False,
            )
        if done.returncode in _ASKED_TO_END:
            raise ChainInterruptedError(_failure(done.returncode, console))
        if done.returncode != 0:
            raise ChainError(_failure(done.returncode, console))
        if not is_finished(draws):
            free = shutil.disk_usage(folder).free / 1e6
            text = f"its file is incomplete ({free:.0f} MB are free in {folder.parent})"
            raise ChainError(text)
        return draws

    def _command(self, number: int, draws: Path) -> list[str]:
        """Return CmdStan's command line, as cmdstanpy composes it."""
        chosen, part = self.settings, f"_{self.key}" if self.key else ""
        method = SamplerArgs(
            num_chains=1,
            iter_warmup=chosen.warmup,
            iter_sampling=chosen.draws,
            adapt_delta=chosen.adapt_delta,
            max_treedepth=chosen.max_treedepth,
            **self._metric(draws.with_name(f"metric_{number}.json")),
        )
        arguments = CmdStanArgs(
            Path(self.executable).name,
            self.executable,
            chain_ids=[number],
            data=_as_file(self.data, draws.with_name(f"data_{number}.json")),
            seed=chosen.seed,
            inits=[_as_file(self.inits[number], draws.with_name(f"start_{number}{part}.json"))],
            output_dir=str(draws.parent),
            sig_figs=_DIGITS,
            refresh=max(1, (chosen.warmup + chosen.draws) // _REFRESHES),
            method_args=method,
        )
        return arguments.compose_command(0, str(draws))

    def _metric(self, place: Path) -> dict[str, Any]:
        """Return the arguments of the first metric, and of its adaptation."""
        if self.variances is None:
            return {}
        cmdstanpy.write_stan_json(str(place), {"inv_metric": list(self.variances)})
        return {"metric_type": "diag_e", "metric_file": str(place), **self._phases()}

    def _phases(self) -> dict[str, int]:
        """Return the first phases of warm-up; Stan's defaults for a short one."""
        warmup = self.settings.warmup
        if not self.adapts:
            return {"adapt_init_phase": 0, "adapt_metric_window": 0, "adapt_step_size": warmup}
        early = {"adapt_init_phase": _EARLY, "adapt_metric_window": _EARLY}
        return early if warmup >= _LONG_WARMUP else {}


def chain_sampler(
    model: cmdstanpy.CmdStanModel,
    data: str | Mapping[str, Any],
    inits: ChainInits,
    settings: FitSettings,
    *,
    threads: int = 1,
    key: str = "",
) -> ChainSampler:
    """Return a function that samples the chain with a number into a folder.

    Parameters
    ----------
    model : CmdStanModel
        The compiled program.
    data : str or mapping
        Path of the data, or the data.
    inits : ChainInits
        Initial values of each chain, and optionally the first metric.
    settings : FitSettings
        Iterations and tuning.
    threads : int
        Number of threads of each chain.
    key : str
        Digest of program and data.
    """
    variances = inits.variances
    return ChainSampler(
        executable=str(model.exe_file),
        data=data,
        inits=dict(inits.by_chain),
        settings=settings,
        variances=None if variances is None else variances.tolist(),
        adapts=inits.adapts,
        threads=threads,
        key=key,
    )


def is_finished(path: Path) -> bool:
    """Return whether the sampler wrote its last lines, with the elapsed time.

    Parameters
    ----------
    path : Path
        A file of draws, which may not exist.
    """
    return path.is_file() and b"Elapsed Time" in _end_of(path)


def seconds_of(path: Path) -> float:
    """Return the sampling time of a finished chain in seconds, warm-up included.

    Parameters
    ----------
    path : Path
        A file of draws.
    """
    found = re.search(rb"([\d.e+-]+) seconds \(Total\)", _end_of(path))
    return float(found.group(1)) if found else float("nan")


def _end_of(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 500))
        return file.read()


def _as_file(value: str | Mapping[str, Any], place: Path) -> str:
    if isinstance(value, str):
        return value
    cmdstanpy.write_stan_json(str(place), dict(value))
    return str(place)


def _failure(code: int, console: Path) -> str:
    """Describe why a process ended."""
    if code == -signal.SIGKILL:
        return "it was killed (SIGKILL): by a user, or because there was not enough memory"
    if code == -signal.SIGXFSZ:
        return "its file reached the size limit (ulimit -f, or a quota)"
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    with console.open(errors="replace") as file:
        lines = [line.strip()[:500] for line in file if line.strip()]
    messages = [line for line in lines if line.startswith(("Error", "Exception"))]
    last = f": {lines[-1]}" if lines and code in (126, 127) else ""
    return "; ".join(messages[-_MOST_LINES:]) or f"it ended with code {code}{last}"
