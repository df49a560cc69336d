"""Comparison of the time of a gradient of the log density: the kernel against Stan.

Both programs are bound to the same model, study and tolerances. The time of one gradient is the
difference of two runs of ``log_prob`` over many and over few points, so that the start of the
process and the reading of data are not included. The values of the two programs are compared too.
"""

import contextlib
import dataclasses
import json
import math
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import psutil
from numpy.typing import NDArray

from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, BoundModel, bind_model
from pkqsp_bayes.program.likelihood import Backend
from pkqsp_bayes.program.program_inits import unconstrained_point
from pkqsp_bayes.spec.library import MODEL
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY

__all__ = ["Cost", "GradientBench", "PointError", "bench_gradient", "gradient_cost", "log_density"]

FloatArray = NDArray[np.float64]

_LEAST_SECONDS = 0.5
_MOST_POINTS = 4096
_AGAIN = "try again: damaged files of the cache are rebuilt; free memory if the program was killed"


class PointError(ToolchainError):
    """The error for a point at which a program has no log density."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientBench:
    """The result of a comparison.

    Parameters
    ----------
    native_seconds, stan_seconds : float
        Wall time of one gradient of the log density, one thread.
    ratio : float
        Ratio of the times, Stan to native.
    value_difference, gradient_difference : float
        Largest differences at the points: the absolute one of the log density, and that of the
        gradient relative to its norm.
    points : int
        Number of points at which values were compared.
    subjects, observations, states, parameters, individual_parameters : int
        Size of the problem; ``parameters`` are the sampled ones.
    rtol, atol : float
        Tolerances of both solvers.
    stan_method : str
        Name of the Stan solver.
    """

    native_seconds: float
    stan_seconds: float
    ratio: float
    value_difference: float
    gradient_difference: float
    points: int
    subjects: int
    observations: int
    states: int
    parameters: int
    individual_parameters: int
    rtol: float
    atol: float
    stan_method: str


@checked(model=MODEL, study=STUDY, options=BIND_OPTIONS, points=count(), seed=SEED)
def bench_gradient(
    model: ModelSpec,
    study: Study,
    *,
    options: BindOptions | None = None,
    points: int = 5,
    seed: int = 1,
) -> GradientBench:
    """Measure the time of the gradient with both backends and compare the values.

    Parameters
    ----------
    model, study
        As in `bind_model`.
    options : BindOptions, optional
        Tolerances and the Stan solver.
    points : int
        Number of random points around the initial values at which values are compared.
    seed : int
        Random seed of the points.

    Raises
    ------
    CheckError
        With all problems of the model and of the study.
    ToolchainError
        If a program cannot be compiled or stops with an error.
    """
    chosen = options or BindOptions()
    bound = {b: bind_model(model, study, options=_with_backend(chosen, b)) for b in _BACKENDS}
    centre = unconstrained_point(bound["native"].inits)
    at = centre + 0.1 * np.random.default_rng(seed).normal(size=(points, centre.size))
    values, gradients, seconds = {}, {}, {}
    for backend in _BACKENDS:
        program = _Program.of(bound[backend])
        values[backend], gradients[backend] = program.evaluate(at)
        seconds[backend] = program.seconds(at)
    return GradientBench(
        native_seconds=seconds["native"],
        stan_seconds=seconds["stan"],
        ratio=seconds["stan"] / seconds["native"],
        value_difference=float(np.abs(values["native"] - values["stan"]).max()),
        gradient_difference=_relative(gradients["native"], gradients["stan"]),
        points=points,
        parameters=centre.size,
        stan_method=chosen.method,
        rtol=chosen.solver.rtol,
        atol=chosen.solver.atol,
        **_sizes(bound["native"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The wall time of one gradient and the peak memory of the process, in MB."""

    seconds: float
    megabytes: float


def gradient_cost(bound: BoundModel, *, seed: int = 1, threads: int = 1) -> Cost:
    """Measure the time and memory of one gradient of a bound model.

    Parameters
    ----------
    bound : BoundModel
        The program and its data.
    seed : int
        Random seed of the point.
    threads : int
        Number of threads that share the subjects.
    """
    centre = unconstrained_point(bound.inits)
    at = centre + 0.1 * np.random.default_rng(seed).normal(size=(1, centre.size))
    program = dataclasses.replace(_Program.of(bound), threads=threads)
    seconds = program.seconds(at)
    with tempfile.TemporaryDirectory() as folder:
        megabytes = program.run(Path(folder), np.repeat(at, 20, axis=0), watched=True).megabytes
    return Cost(seconds=seconds, megabytes=megabytes)


_BACKENDS: tuple[Backend, Backend] = ("native", "stan")


def _with_backend(options: BindOptions, backend: Backend) -> BindOptions:
    return dataclasses.replace(options, backend=backend)


def _relative(one: FloatArray, other: FloatArray) -> float:
    gap = np.linalg.norm(one - other, axis=1) / np.linalg.norm(other, axis=1)
    return float(gap.max())


def _sizes(bound: BoundModel) -> dict[str, int]:
    return {
        "subjects": int(bound.data["subjects"]),
        "observations": int(bound.data["observations"]),
        "states": bound.states,
        "individual_parameters": bound.individual_parameters,
    }


def log_density(bound: BoundModel, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the log density and its gradient on the unconstrained scale.

    Parameters
    ----------
    bound : BoundModel
        The program and its data.
    points : array (K, parameters)
        Points on the unconstrained scale.

    Returns
    -------
    array (K,), array (K, parameters)
        Values, which include the Jacobian of the constraints, and gradients.
    """
    return _Program.of(bound).evaluate(points)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Run:
    """The cost of one process and its table: log density and gradient, one row per point."""

    seconds: float
    megabytes: float
    table: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A compiled program with its data, run by its ``log_prob`` method."""

    executable: Path
    data: str
    threads: int = 1

    @classmethod
    def of(cls, bound: BoundModel) -> "_Program":
        executable = compile_program(bound.program, user_header=bound.header, methods="sampling")
        return cls(executable=executable, data=json.dumps(bound.plain_data()))

    def evaluate(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        with tempfile.TemporaryDirectory() as folder:
            table = self.run(Path(folder), points).table
        return table[:, 0], table[:, 1:]

    def seconds(self, points: FloatArray) -> float:
        """Return the time of one gradient, with enough points to measure it."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            few = self._fastest(folder, points[:1])
            count = 2
            while True:
                many = self._fastest(folder, np.resize(points, (count, points.shape[1])))
                if many - few > _LEAST_SECONDS or count >= _MOST_POINTS:
                    return (many - few) / (count - 1)
                count *= 2

    def _fastest(self, folder: Path, points: FloatArray) -> float:
        return min(self.run(folder, points).seconds for _ in range(2))

    def run(self, folder: Path, points: FloatArray, *, watched: bool = False) -> _Run:
        """Evaluate points in a separate process; watch its memory if ``watched``."""
        data, at, out = (folder / name for name in ("data.json", "points.json", "out.csv"))
        if not data.exists():
            data.write_text(self.data)
        at.write_text(json.dumps({"params_r": points.tolist()}))
        command = [str(self.executable), "log_prob", f"unconstrained_params={at}"]
        command += ["data", f"file={data}", "output", f"file={out}", "sig_figs=17"]
        started = time.perf_counter()
        with (folder / "log.txt").open("w+") as log:
            process = _begin(command, log, self.threads)
            megabytes = _watch(process) if watched else math.nan
            process.wait()
            seconds = time.perf_counter() - started
            log.seek(0)
            if process.returncode != 0:
                raise _stopped(process.returncode, log.read().strip(), self.executable)
        table = np.atleast_2d(np.genfromtxt(_rows(out), delimiter=","))
        return _Run(seconds=seconds, megabytes=megabytes, table=table)


def _begin(command: Sequence[str], log: TextIO, threads: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "STAN_NUM_THREADS": str(threads)}
    try:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    except OSError as error:
        raise ToolchainError(f"{command[0]} does not run: {error.strerror}", _AGAIN) from error


def _stopped(code: int, message: str, executable: Path) -> ToolchainError:
    """Return the error for a program that refuses a point or does not work."""
    if code < 0 or code in (126, 127):
        how = signal.Signals(-code).name if code < 0 else message[-300:]
        return ToolchainError(f"{executable} does not work: {how}", _AGAIN)
    return PointError(f"the program stopped: {message}")


def _watch(process: subprocess.Popen[bytes]) -> float:
    """Return the peak memory of a process in MB, read every millisecond until it ends."""
    most = 0
    with contextlib.suppress(psutil.Error):  # it has ended
        seen = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, seen.memory_info().rss)
            time.sleep(1e-3)
    return most / 1e6


def _rows(path: Path) -> Sequence[str]:
    """Return the rows of numbers of a Stan CSV file, without comments and header."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return lines[1:]
