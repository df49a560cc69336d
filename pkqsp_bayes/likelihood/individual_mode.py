"""Mode of the random effects of each draw and subject, by damped Newton steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.individual_density import EffectPosterior, Local

__all__ = ["Modes", "find_modes"]

FloatArray = NDArray[np.float64]
_FIRST_DAMPING = 1e-3
_STUCK = 1e8
"""Damping at which a search ends: no step increases the density."""
_FARTHEST = 3.0
"""Largest length of one step, in standard deviations of the prior."""
_CLOSE = 1e-8
"""Expected increase of the log density by a further step, below which the search ends."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Modes:
    """Modes with their normal approximations.

    Parameters
    ----------
    z : (D, S, Z) array
        Locations of the modes.
    covariance : (D, S, Z, Z) array
        Inverse of the curvature at the mode.
    converged : (D, S) array of bool
        Whether the search converged.
    value : (D, S) array
        Log density at the mode.
    """

    z: FloatArray
    value: FloatArray
    covariance: FloatArray
    converged: NDArray[np.bool_]


def find_modes(
    target: EffectPosterior, *, iterations: int = 40, start: FloatArray | None = None
) -> Modes:
    """Find the modes by the Levenberg-Marquardt method.

    Parameters
    ----------
    target : EffectPosterior
        Density that is maximised.
    iterations : int
        Largest number of iterations.
    start : (D, S, Z) array, optional
        Initial values; by default zero, the mode of the prior.
    """
    z = np.zeros(target.shape) if start is None else start
    here = target.local(z)
    damping = np.full(z.shape[:2], _FIRST_DAMPING)
    found = _rise(here) < _CLOSE
    for _ in range(iterations):
        if found.all():
            break
        step = np.where(found[..., None], 0.0, _step(here, damping))
        tried = target.local(z + step)
        better = tried.value >= here.value
        z = np.where(better[..., None], z + step, z)
        here = tried.where(better, here)
        damping = np.where(better, damping / 5, damping * 10)
        found |= damping > _STUCK
        found |= _rise(here) < _CLOSE
    converged = (_rise(here) < _CLOSE) & np.isfinite(here.value)
    covariance = np.linalg.inv(here.curvature)
    return Modes(z=z, value=here.value, covariance=covariance, converged=converged)


def _step(here: Local, damping: FloatArray) -> FloatArray:
    width = here.curvature.shape[-1]
    diagonal = np.einsum("dszz->dsz", here.curvature)[..., None] * np.eye(width)
    matrix = here.curvature + damping[..., None, None] * diagonal
    solved: FloatArray = np.linalg.solve(matrix, here.gradient[..., None])[..., 0]
    length = np.linalg.norm(solved, axis=2, keepdims=True)
    return solved * np.minimum(1.0, _FARTHEST / np.maximum(length, _FARTHEST))


def _rise(here: Local) -> FloatArray:
    newton = np.linalg.solve(here.curvature, here.gradient[..., None])[..., 0]
    rise: FloatArray = 0.5 * (here.gradient * newton).sum(axis=2)
    return rise
