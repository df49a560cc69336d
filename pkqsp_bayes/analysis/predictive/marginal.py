"""Marginal likelihood of each subject: the random effects integrated out by importance sampling."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from pkqsp_bayes.analysis.draws import PopulationDraws
from pkqsp_bayes.analysis.predictive.replicates import ObservedStudy

__all__ = ["MarginalLikelihood", "marginal_log_likelihood"]

FloatArray = NDArray[np.float64]
_DF = 5
_INFLATED = 1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalLikelihood:
    """Log likelihood of each subject under each draw, and how well it was integrated.

    Parameters
    ----------
    log_lik : (D, S) array
        log p(y_i | phi_d).
    ess : (S,) array
        Effective number of proposals, the least over draws but the worst percent.
    """

    log_lik: FloatArray
    ess: FloatArray


def marginal_log_likelihood(
    seen: ObservedStudy, eta: FloatArray, *, proposals: int, rng: np.random.Generator
) -> MarginalLikelihood:
    """Integrate the random effects of each subject out.

    Parameters
    ----------
    seen : ObservedStudy
        The study and D draws of the population.
    eta : (E, S, R) array
        Draws of the subjects' random effects given their data. They shape the proposal: a Student
        t around their mean with a wider covariance.
    proposals : int
        Points for each subject, shared by all draws.
    rng : numpy.random.Generator
        Source of the points.
    """
    draws = seen.draws
    subjects = eta.shape[1]
    points, log_q = _proposals(eta, proposals, rng)  # (K, S, R), (K, S)
    log_joint = np.empty((draws.size, proposals, subjects))
    for d in range(draws.size):
        one = draws.take(np.full(proposals, d))
        f = seen.simulator.solve(seen.simulator.parameters(one, points)).values
        f = f[:, seen.places, seen.observations.output]
        density = dataclasses.replace(seen, draws=one).log_density(f)
        log_joint[d] = seen.by_subject(density)
        log_joint[d] += _log_prior(draws, d, points) - log_q
    log_joint = np.where(np.isnan(log_joint), -np.inf, log_joint)
    log_lik = special.logsumexp(log_joint, axis=1) - np.log(proposals)
    ess = np.exp(
        2 * special.logsumexp(log_joint, axis=1) - special.logsumexp(2 * log_joint, axis=1)
    )
    return MarginalLikelihood(log_lik=log_lik, ess=np.quantile(ess, 0.01, axis=0))


def _proposals(
    eta: FloatArray, size: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    subjects, width = eta.shape[1:]
    points, log_q = np.zeros((size, subjects, width)), np.zeros((size, subjects))
    if width == 0:
        return points, log_q
    for s in range(subjects):
        own = eta[:, s]
        shape = _INFLATED * (np.atleast_2d(np.cov(own.T)) + 1e-8 * np.eye(width))
        law = stats.multivariate_t(own.mean(axis=0), shape, df=_DF, seed=rng)
        drawn = np.asarray(law.rvs(size)).reshape(size, width)
        points[:, s], log_q[:, s] = drawn, law.logpdf(drawn)
    return points, log_q


def _log_prior(draws: PopulationDraws, d: int, points: FloatArray) -> FloatArray:
    if points.shape[2] == 0:
        return np.zeros(points.shape[:2])
    law = stats.multivariate_normal(cov=draws.covariance[d], allow_singular=True)
    return np.asarray(law.logpdf(points)).reshape(points.shape[:2])
