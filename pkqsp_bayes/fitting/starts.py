"""Where chains begin: points at which log density and gradient are finite, or an honest error."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.program.starts import Start, constrain_point, unconstrained_point

__all__ = ["find_starts"]

FloatArray = NDArray[np.float64]

_SPREADS = (0.3, 0.1, 0.03)
_TRIES = 4


def find_starts(bound: BoundModel, chains: int, seed: int) -> dict[int, dict[str, Any]] | None:
    """Return a start for each chain, on the constrained scale; None if there is none.

    Random points around the centre of the priors, closer to it from try to try.

    Parameters
    ----------
    bound : BoundModel
        Program and data.
    chains : int
        How many.
    seed : int
        Of the points.

    """
    centre = unconstrained_point(bound.starts)
    rng = np.random.default_rng(seed)
    found: list[FloatArray] = []
    for spread in _SPREADS:
        for _ in range(_TRIES):
            wanted = chains - len(found)
            points = centre + spread * rng.normal(size=(wanted, centre.size))
            found += [point for point in points if _is_finite(bound, point)]
            if len(found) == chains:
                return _constrained(bound.starts, found)
    if _is_finite(bound, centre):
        found += [centre] * (chains - len(found))
        return _constrained(bound.starts, found)
    return None


def _is_finite(bound: BoundModel, point: FloatArray) -> bool:
    try:
        value, gradient = log_density(bound, point.reshape(1, -1))
    except ToolchainError:
        return False  # the program refuses the point
    return math.isfinite(value[0]) and bool(np.isfinite(gradient).all())


def _constrained(
    starts: Mapping[str, Start], points: list[FloatArray]
) -> dict[int, dict[str, Any]]:
    return {k: constrain_point(starts, point) for k, point in enumerate(points, start=1)}
