"""Compiled kernels, tight solutions and differences of them."""

import functools
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.engine.kernel import Kernel, Timelines, build_kernel
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.ode.lowering.lower import lower_system
from pkqsp_bayes.ode.system import OdeSystem

__all__ = ["TIGHT", "compiled", "differences", "observe", "relative", "vector"]

TIGHT = SolverSettings(rtol=1e-11, atol=1e-11, max_steps=1_000_000)


@functools.cache
def compiled(make: Callable[[], OdeSystem]) -> Kernel:
    """Return the kernel of a system, compiled once a session (and kept in the cache)."""
    lowered = lower_system(make())
    return build_kernel(emit_cpp(lowered), lowered)


def vector(kernel: Kernel, values: Mapping[str, float]) -> np.ndarray:
    """Return parameters in the kernel's order."""
    return np.array([values[name] for name in kernel.parameters])


def observe(*times: float) -> list[dict[str, float]]:
    """Return observation records."""
    return [{"time": t} for t in times]


def differences(
    kernel: Kernel, line: Timelines, p: np.ndarray, which: Iterable[int] | None = None
) -> np.ndarray:
    """Richardson-extrapolated central differences of tight solutions (n, M, P)."""
    columns = []
    for j in range(len(p)) if which is None else which:
        step = 4e-3 * p[j]
        halves = [_central(kernel, line, p, j, h) for h in (step / 2, step)]
        columns.append((4 * halves[0] - halves[1]) / 3)
    return np.stack(columns, axis=-1)


def _central(kernel: Kernel, line: Timelines, p: np.ndarray, j: int, h: float) -> np.ndarray:
    up, down = p.copy(), p.copy()
    up[j] += h
    down[j] -= h
    values = [kernel.solve(line, q, options=TIGHT, sensitivities=False).values for q in (up, down)]
    return np.asarray((values[0] - values[1]) / (2 * h))


def relative(computed: np.ndarray, exact: np.ndarray, floor: np.ndarray | float) -> float:
    """Return the largest error, relative to the exact value or to a floor where it is small."""
    return float(np.max(np.abs(computed - exact) / (np.abs(exact) + floor)))
