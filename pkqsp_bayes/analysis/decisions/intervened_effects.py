"""Random effects of the subjects of an intervention: new for each draw, or common to all draws."""

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.population_draws import PopulationDraws

__all__ = ["common_effects", "new_effects"]

FloatArray = NDArray[np.float64]
_Effects = tuple[FloatArray, FloatArray | None]


def new_effects(draws: PopulationDraws, subjects: int, rng: np.random.Generator) -> _Effects:
    """Draw eta (D, n, R) and kappa (D, n, 1, Q) of new subjects for each draw.

    Parameters
    ----------
    draws : PopulationDraws
        D population draws.
    subjects : int
        Number n of new subjects for each draw.
    rng : numpy.random.Generator
        Source of randomness.
    """
    eta = draws.draw_eta(subjects, rng)
    return eta, draws.draw_kappa(subjects, 1, rng) if draws.occasion_effects else None


def common_effects(draws: PopulationDraws, subjects: int, rng: np.random.Generator) -> _Effects:
    """Return the random effects that the same standard normal deviates have for each draw.

    The deviates are pairs of opposite sign, so that linear functions of them have no Monte Carlo
    error.

    Parameters
    ----------
    draws : PopulationDraws
        D population draws.
    subjects : int
        Number of subjects; an odd number is rounded up.
    rng : numpy.random.Generator
        Source of randomness.
    """
    z = _pairs(rng, subjects, len(draws.effects))
    eta: FloatArray = np.einsum("drk,nk->dnr", draws.factor, z)
    if not draws.occasion_effects:
        return eta, None
    later = _pairs(rng, subjects, len(draws.occasion_effects))
    return eta, draws.omega_iov[:, None, None, :] * later[:, None, :]


def _pairs(rng: np.random.Generator, subjects: int, width: int) -> FloatArray:
    half = rng.standard_normal((-(-subjects // 2), width))
    return np.concatenate([half, -half])
