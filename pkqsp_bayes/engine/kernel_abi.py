"""The kernel's C ABI (``stan/cpp/kernel/abi.hpp``) through ctypes."""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.errors import ToolchainError

__all__ = ["Library", "PackedStudy", "RawSolution", "Statistics", "pack_timelines"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
LongArray = NDArray[np.int64]

_VERSION = 2
_COUNTERS = 6


_ARRAYS = (
    "first",
    "time",
    "evid",
    "amount",
    "rate",
    "interval",
    "additional",
    "steady",
    "dose",
    "fixed",
    "own",
    "first_break",
    "breaks",
    "segments",
)


class _Study(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in _ARRAYS]


class _Options(ctypes.Structure):
    _fields_ = [
        ("rtol", ctypes.c_double),
        ("atol", ctypes.c_double),
        ("min_step", ctypes.c_double),
        ("max_step", ctypes.c_double),
        ("max_steps", ctypes.c_longlong),
        ("choice", ctypes.c_int),
        ("level", ctypes.c_int),
        ("threads", ctypes.c_int),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counters of one solve.

    Parameters
    ----------
    steps, rejected : int
        Numbers of accepted and rejected steps.
    factorisations : int
        Number of LU factorisations.
    explicit_steps : int
        Number of accepted steps of the explicit pair.
    steady_passes : int
        Number of dosing periods integrated to find steady states.
    """

    steps: int
    rejected: int
    factorisations: int
    explicit_steps: int
    steady_passes: int

    @classmethod
    def of(cls, counters: Sequence[int]) -> "Statistics":
        """Return the counters of one subject, given in the order of the ABI."""
        steps, rejected, factorisations, explicit_steps, steady_passes, _ = counters
        return cls(
            steps=steps,
            rejected=rejected,
            factorisations=factorisations,
            explicit_steps=explicit_steps,
            steady_passes=steady_passes,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PackedStudy:
    """Records of all subjects, concatenated; the fields are those of the C structure."""

    first: LongArray
    time: FloatArray
    evid: IntArray
    amount: FloatArray
    rate: FloatArray
    interval: FloatArray
    additional: IntArray
    steady: IntArray
    dose: IntArray
    fixed: FloatArray
    own: FloatArray
    first_break: LongArray
    breaks: FloatArray
    segments: FloatArray

    def repeated(self, times: int) -> "PackedStudy":
        """Return the same subjects repeated, one round after the other."""
        changed = {
            name: np.tile(getattr(self, name), times)
            for name in _ARRAYS
            if name not in ("first", "first_break")
        }
        return PackedStudy(
            first=_rounds(self.first, times),
            first_break=_rounds(self.first_break, times),
            **changed,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawSolution:
    """Predictions of all records (n, M), sensitivities (n, M, P), status codes and counters."""

    values: FloatArray
    sensitivities: FloatArray | None
    reasons: IntArray
    counters: LongArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Library:
    """A loaded kernel and the sizes of its model."""

    handle: Any
    states: int
    parameters: int
    fixed: int
    varying: int
    doses: int
    outputs: int
    level: int
    """Instruction set that the machine supports: see ``Instructions``."""

    @classmethod
    def load(cls, path: Path) -> "Library":
        """Load a shared library.

        Raises
        ------
        ToolchainError
            If the library is not of this version.
        """
        handle = ctypes.CDLL(str(path))
        if handle.pkqsp_abi_version() != _VERSION:
            raise ToolchainError(
                f"{path} has another ABI", "empty the cache: `pkqsp cache --clear`"
            )
        handle.pkqsp_reason.restype = ctypes.c_char_p
        sizes = (ctypes.c_int * 8)()
        handle.pkqsp_sizes(sizes)
        n, p, x, c, d, m, _, level = sizes
        return cls(
            handle=handle,
            states=n,
            parameters=p,
            fixed=x,
            varying=c,
            doses=d,
            outputs=m,
            level=level,
        )

    def reason(self, code: int) -> str:
        """Return the text of a status code."""
        return str(self.handle.pkqsp_reason(code).decode())

    def solve(
        self,
        study: PackedStudy,
        parameters: FloatArray,
        options: Any,
        *,
        sensitivities: bool,
        threads: int,
    ) -> RawSolution:
        """Solve all subjects of a study (options: `SolverSettings`).

        Raises
        ------
        ToolchainError
            If memory or threads are exhausted.
        """
        n, subjects = len(study.time), len(study.first) - 1
        raw = RawSolution(
            values=np.empty((n, self.outputs)),
            sensitivities=np.empty((n, self.outputs, self.parameters)) if sensitivities else None,
            reasons=np.empty(subjects, dtype=np.int32),
            counters=np.empty((subjects, _COUNTERS), dtype=np.int64),
        )
        view = _Study(*(getattr(study, name).ctypes.data for name in _ARRAYS))
        chosen = _Options(
            options.rtol,
            options.atol,
            options.min_step,
            options.max_step,
            options.max_steps,
            int(options.method),
            int(options.instructions),
            threads,
        )
        failed = self.handle.pkqsp_solve(
            ctypes.c_longlong(subjects),
            ctypes.byref(view),
            _pointer(parameters),
            ctypes.byref(chosen),
            _pointer(raw.values),
            _pointer(raw.sensitivities),
            _pointer(raw.reasons),
            _pointer(raw.counters),
        )
        if failed:
            raise ToolchainError("the kernel ran out of memory or threads", "use fewer threads")
        return raw


def _pointer(array: NDArray[Any] | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.ctypes.data)


def pack_timelines(timelines: Sequence[Any], library: Library) -> PackedStudy:
    """Pack the records of all subjects in the layout of the ABI.

    Parameters
    ----------
    timelines : sequence of Timeline
        One per subject.
    library : Library
        Kernel of the model, which determines the number of covariates.

    Raises
    ------
    ValueError
        If a timeline and the model have different covariates.
    """
    for line in timelines:
        _check_covariates(line, library)
    return PackedStudy(
        first=_starts([len(t.time) for t in timelines]),
        time=_joined([t.time for t in timelines], np.float64),
        evid=_joined([t.evid for t in timelines], np.int32),
        amount=_joined([t.amount for t in timelines], np.float64),
        rate=_joined([t.rate for t in timelines], np.float64),
        interval=_joined([t.interval for t in timelines], np.float64),
        additional=_joined([t.additional for t in timelines], np.int32),
        steady=_joined([t.steady for t in timelines], np.int32),
        dose=_joined([t.dose for t in timelines], np.int32),
        fixed=_joined([t.fixed for t in timelines], np.float64),
        own=_joined([np.ravel(t.own) for t in timelines], np.float64),
        first_break=_starts([len(t.breaks) for t in timelines]),
        breaks=_joined([t.breaks for t in timelines], np.float64),
        segments=_joined([np.ravel(t.segments) for t in timelines], np.float64),
    )


def _check_covariates(line: Any, library: Library) -> None:
    segments = np.shape(line.segments)
    wanted = (len(line.breaks), 2 * library.varying)
    own = (len(line.time), library.varying)
    fits = not library.varying or (segments == wanted and np.shape(line.own) == own)
    if len(line.fixed) != library.fixed or not fits:
        msg = (
            f"the timeline has {len(line.fixed)} fixed covariates and segments {segments}; "
            f"the model requires {library.fixed} and {wanted}"
        )
        raise ValueError(msg)
    if len(line.breaks) == 0:
        msg = "a timeline needs at least one covariate segment"
        raise ValueError(msg)


def _rounds(starts: LongArray, times: int) -> LongArray:
    size = starts[-1]
    shifted = starts[:-1] + size * np.arange(times)[:, None]
    return np.append(shifted.ravel(), size * times).astype(np.int64)


def _starts(lengths: Sequence[int]) -> LongArray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _joined(arrays: Sequence[Any], kind: type[np.generic]) -> NDArray[Any]:
    joined = np.concatenate([np.asarray(a) for a in arrays]) if arrays else np.empty(0)
    return np.ascontiguousarray(joined, dtype=kind)
