"""Draws of random effects given data, by importance resampling around the mode of each draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.likelihood.individual_density import EffectPosterior
from pkqsp_bayes.likelihood.individual_mode import Modes

__all__ = ["EffectDraws", "draw_proposals", "sample_effects"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_DF = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectDraws:
    """Equally weighted draws of (phi, eta_i) given the fitted study and the subject's data.

    Parameters
    ----------
    population_draw : (D, S) array of int
        Index of the population draw that belongs to each; draws that agree with the data of the
        subject occur more often.
    z : (D, S, Z) array
        Random effects, in the coordinates of `EffectPosterior`.
    ess : (S,) array
        Effective sample size of all proposals.
    ess_population : (S,) array
        Effective sample size of the population draws.
    """

    population_draw: IntArray
    z: FloatArray
    ess: FloatArray
    ess_population: FloatArray


def sample_effects(
    target: EffectPosterior, modes: Modes, *, proposals: int, rng: np.random.Generator
) -> EffectDraws:
    """Draw random effects by importance resampling.

    The proposals for population draw d have a Student's t distribution (5 df) at the mode, with the
    inverse curvature. The weight of a proposal is p(y_i, z | phi_d) / q(z), so that population
    draws are weighted by their marginal likelihood.

    Parameters
    ----------
    target : EffectPosterior
        Density of the random effects.
    modes : Modes
        Modes of each draw and subject.
    proposals : int
        Number of proposals for each draw and subject.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    CheckError
        If there are subjects for which no proposal has a finite density.
    """
    points = np.empty((proposals, *target.shape))
    weight = np.empty((proposals, *target.shape[:2]))
    for k in range(proposals):
        points[k], log_q = draw_proposals(modes, rng)
        weight[k] = target.log_density(points[k]) - log_q
    _check_possible(target, weight)
    return _resample(points, weight, rng)


def draw_proposals(modes: Modes, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Draw one proposal for each population draw and subject.

    Parameters
    ----------
    modes : Modes
        Location and covariance of the proposals.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    (D, S, Z) array
        Draws of Student's t distribution (5 df) at the mode, with the inverse curvature.
    (D, S) array
        Their log density.
    """
    factor = np.linalg.cholesky(modes.covariance)
    volume = np.log(np.einsum("dszz->dsz", factor)).sum(axis=2)
    standard, log_q = _student(rng, modes.z.shape)
    points: FloatArray = modes.z + np.einsum("dsij,dsj->dsi", factor, standard)
    return points, log_q - volume


def _student(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """Draw standard multivariate t vectors, and return them with their log density."""
    width = shape[2]
    scale = np.sqrt(_DF / rng.chisquare(_DF, shape[:2]))
    x = rng.standard_normal(shape) * scale[..., None]
    constant = special.gammaln((_DF + width) / 2) - special.gammaln(_DF / 2)
    constant -= 0.5 * width * np.log(_DF * np.pi)
    return x, constant - 0.5 * (_DF + width) * np.log1p((x**2).sum(axis=2) / _DF)


def _resample(points: FloatArray, weight: FloatArray, rng: np.random.Generator) -> EffectDraws:
    size, subjects, width = points.shape[1:]
    z = np.empty((size, subjects, width))
    which = np.empty((size, subjects), dtype=np.int64)
    ess, ess_population = np.zeros(subjects), np.zeros(subjects)
    for s in range(subjects):
        share = special.softmax(weight[:, :, s])
        ess[s] = 1 / (share**2).sum()
        ess_population[s] = 1 / (share.sum(axis=0) ** 2).sum()
        chosen = _systematic(share.ravel(), size, rng)
        which[:, s] = chosen % size
        z[:, s] = points[chosen // size, which[:, s], s]
    return EffectDraws(population_draw=which, z=z, ess=ess, ess_population=ess_population)


def _check_possible(target: EffectPosterior, weight: FloatArray) -> None:
    """Report subjects for which all proposals have zero density or all solves failed."""
    lines = target.seen.simulator.timelines
    hopeless = np.flatnonzero(~np.isfinite(weight).any(axis=(0, 1)))
    if hopeless.size:
        what = "no proposed random effects give its observations a positive density"
        remedy = "check observations before the first dose, and the errors of the solver"
        raise CheckError(
            Issue(where=f"subject {lines[s].subject}", what=what, remedy=remedy) for s in hopeless
        )


def _systematic(share: FloatArray, size: int, rng: np.random.Generator) -> IntArray:
    """Choose ``size`` indices by systematic resampling, in random order."""
    edges = np.cumsum(share)
    u = (np.arange(size) + rng.random()) / size * edges[-1]
    return rng.permutation(np.minimum(np.searchsorted(edges, u), share.size - 1))
