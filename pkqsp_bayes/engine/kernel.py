"""The ODE kernel as a simulator: a compiled model that is solved for many subjects.

The C++ is in ``stan/cpp/kernel``; `pkqsp_bayes.emit.cpp` prints the model header.
"""

import hashlib
import logging
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.assets import digest_files, stan_folder
from pkqsp_bayes.engine.cache import build_once
from pkqsp_bayes.engine.compiler import Compiler, find_compiler
from pkqsp_bayes.engine.executables import is_unchanged, record_checksum
from pkqsp_bayes.engine.kernel_abi import Library, Statistics, pack_timelines
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.ode.interface import OdeInterface
from pkqsp_bayes.processors import count_processors

__all__ = [
    "Kernel",
    "Rounds",
    "Solution",
    "Timelines",
    "build_kernel",
]

_LOGGER = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

_FLAGS = ("-O3", "-std=c++17", "-fPIC", "-fvisibility=hidden", "-shared", "-pthread")
"""Symbols are hidden, so that two models in one process share none. There is no -march: the kernel
chooses the instruction set of each function at run time."""

_SOURCE = """\
#include "model.hpp"
#include "kernel/abi.hpp"
PKQSP_DEFINE_ABI(pkqsp_generated::Model)
"""


class Timelines(Protocol):
    """The attributes of `pkqsp_bayes.study.timeline.Timeline` that the kernel reads."""

    @property
    def time(self) -> FloatArray: ...  # noqa: D102
    @property
    def evid(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def amount(self) -> FloatArray: ...  # noqa: D102
    @property
    def rate(self) -> FloatArray: ...  # noqa: D102
    @property
    def interval(self) -> FloatArray: ...  # noqa: D102
    @property
    def additional(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def steady(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def dose(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def fixed(self) -> FloatArray: ...  # noqa: D102
    @property
    def own(self) -> FloatArray: ...  # noqa: D102
    @property
    def breaks(self) -> FloatArray: ...  # noqa: D102
    @property
    def segments(self) -> FloatArray: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Predictions of one subject.

    Parameters
    ----------
    values : array (n, M)
        Each output at each record, after its event. NaN if the solve failed.
    sensitivities : array (n, M, P) or None
        Derivatives with respect to the individual parameters.
    ok : bool
        Whether the solve succeeded.
    reason : str
        ``"ok"``, or the reason of the failure.
    statistics : Statistics
        Steps and other counts of the solve.
    """

    values: FloatArray
    sensitivities: FloatArray | None
    ok: bool
    reason: str
    statistics: Statistics

    @property
    def steps(self) -> int:
        """Return the number of accepted steps."""
        return self.statistics.steps


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rounds:
    """Predictions of the same subjects for D sets of parameters.

    Parameters
    ----------
    values : (D, n, M) array
        Each output at each record of all subjects; NaN if a solve failed.
    sensitivities : (D, n, M, P) array or None
        Derivatives with respect to the individual parameters.
    failed : (D, S) array of bool
        Whether each solve failed.
    """

    values: FloatArray
    sensitivities: FloatArray | None
    failed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kernel:
    """A compiled model, created by `build_kernel`; safe in threads."""

    library: Library
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]

    def solve(
        self,
        timeline: Timelines,
        parameters: ArrayLike,
        *,
        options: SolverSettings | None = None,
        sensitivities: bool = True,
    ) -> Solution:
        """Solve one subject.

        Parameters
        ----------
        timeline : Timeline
            Records and covariates of the subject.
        parameters : array (P,)
            Individual parameters in the order of ``self.parameters``.
        options : SolverSettings, optional
            Tolerances, limits, method.
        sensitivities : bool
            Whether to compute sensitivities.

        Returns
        -------
        Solution
            The predictions; ``ok`` and ``reason`` report a failure.
        """
        values = np.asarray(parameters, dtype=np.float64).reshape(1, -1)
        return self.solve_many(
            [timeline], values, options=options, sensitivities=sensitivities, threads=1
        )[0]

    def solve_many(
        self,
        timelines: Sequence[Timelines],
        parameters: ArrayLike,
        *,
        options: SolverSettings | None = None,
        sensitivities: bool = False,
        threads: int | None = None,
    ) -> list[Solution]:
        """Solve many subjects.

        Parameters
        ----------
        timelines : sequence of Timeline
            One per subject.
        parameters : array (S, P)
            Individual parameters of each subject.
        options : SolverSettings, optional
            Tolerances, limits, method.
        sensitivities : bool
            Whether to compute sensitivities.
        threads : int, optional
            Number of threads; the default is the number of processors available to the process.

        Returns
        -------
        list of Solution
            Solutions in the order of the timelines, for any number of threads.

        Raises
        ------
        ValueError
            If the shapes of arrays do not match the model.
        """
        library, chosen = self.library, options or SolverSettings()
        p = np.ascontiguousarray(parameters, dtype=np.float64)
        _check_shape(p, (len(timelines), library.parameters))
        study = pack_timelines(timelines, library)
        raw = library.solve(
            study, p, chosen, sensitivities=sensitivities, threads=threads or count_processors()
        )
        found, counters, reasons = [], raw.counters.tolist(), raw.reasons.tolist()
        for s, (start, end) in enumerate(zip(study.first, study.first[1:], strict=False)):
            found.append(
                Solution(
                    values=raw.values[start:end],
                    sensitivities=(
                        None if raw.sensitivities is None else raw.sensitivities[start:end]
                    ),
                    ok=reasons[s] == 0,
                    reason=library.reason(reasons[s]),
                    statistics=Statistics.of(counters[s]),
                )
            )
        return found

    def solve_rounds(
        self,
        timelines: Sequence[Timelines],
        parameters: ArrayLike,
        *,
        options: SolverSettings | None = None,
        sensitivities: bool = False,
        threads: int | None = None,
    ) -> Rounds:
        """Solve the same subjects many times, each time with other parameters.

        Parameters
        ----------
        timelines : sequence of Timeline
            One per subject.
        parameters : array (D, S, P)
            Individual parameters of each round and subject.
        options, sensitivities, threads
            As in `solve_many`.

        Returns
        -------
        Rounds
            The predictions as arrays, without an object per solve.

        Raises
        ------
        ValueError
            If the shapes of arrays do not match the model.
        """
        library, chosen = self.library, options or SolverSettings()
        p = np.ascontiguousarray(parameters, dtype=np.float64)
        rounds, subjects = len(p), len(timelines)
        _check_shape(p, (rounds, subjects, library.parameters))
        raw = library.solve(
            pack_timelines(timelines, library).repeated(rounds), p, chosen,
            sensitivities=sensitivities, threads=threads or count_processors(),
        )  # fmt: skip
        lanes = raw.sensitivities
        records = len(raw.values) // max(1, rounds)
        shape = (rounds, records, library.outputs)
        return Rounds(
            values=raw.values.reshape(shape),
            sensitivities=None if lanes is None else lanes.reshape(*shape, library.parameters),
            failed=(raw.reasons != 0).reshape(rounds, subjects),
        )


def _check_shape(parameters: FloatArray, wanted: tuple[int, ...]) -> None:
    if parameters.shape != wanted:
        msg = f"parameters have shape {parameters.shape}, not {wanted}"
        raise ValueError(msg)


def build_kernel(header: str, ode: OdeInterface) -> Kernel:
    """Compile a model, or load its compiled kernel from the cache.

    Parameters
    ----------
    header : str
        The header from `pkqsp_bayes.emit.cpp.emit_cpp`.
    ode : OdeInterface
        Names of its parameters and outputs.

    Returns
    -------
    Kernel
        The kernel, ready to solve.

    Raises
    ------
    ToolchainError
        If there is no C++ compiler, or if it fails.
    """
    compiler = find_compiler()
    key = _key(compiler, header)
    library = _load(key, lambda at: _compile(at, compiler, header))
    return Kernel(library=library, parameters=ode.parameters, outputs=ode.output_names)


def _load(key: str, build: Callable[[Path], None]) -> Library:
    """Build the library if needed and load it; rebuild it once if it cannot be loaded."""
    folder = build_once("kernel", key, build, is_complete=_is_whole)
    try:
        return Library.load(folder / "kernel.so")
    except OSError as error:
        _LOGGER.warning("%s cannot be loaded: %s; it is built again", folder / "kernel.so", error)
        (folder / "kernel.so").unlink(missing_ok=True)
    folder = build_once("kernel", key, build, is_complete=_is_whole)
    try:
        return Library.load(folder / "kernel.so")
    except OSError as error:
        what = f"the kernel of this model was compiled, but cannot be loaded: {error}"
        remedy = "set PKQSP_CACHE to a folder in which files may be executed"
        raise ToolchainError(what, remedy) from error


def _is_whole(folder: Path) -> bool:
    return is_unchanged(folder / "kernel.so", run=False)


def _key(compiler: Compiler, header: str) -> str:
    sources = digest_files([stan_folder() / "cpp" / "kernel"])
    parts = (compiler.command, compiler.version, compiler.target, *_FLAGS, sources, header, _SOURCE)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _compile(folder: Path, compiler: Compiler, header: str) -> None:
    (folder / "model.hpp").write_text(header, encoding="utf-8")
    source = folder / "kernel.cpp"
    source.write_text(_SOURCE)
    include = [f"-I{stan_folder() / 'cpp'}", f"-I{folder}"]
    target = [str(source), "-o", str(folder / "kernel.so")]
    command = [*compiler.command.split(), *_FLAGS, *include, *target]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        what = f"the kernel of this model could not be compiled\n{done.stderr.strip()[-4000:]}"
        raise ToolchainError(what, "free space if the disk is full; otherwise report this message")
    record_checksum(folder / "kernel.so")
