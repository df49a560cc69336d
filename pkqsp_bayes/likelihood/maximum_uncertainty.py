"""Uncertainty of estimates: Hessian of the objective, and importance sampling as a check."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pkqsp_bayes.likelihood.marginal import Marginal
from pkqsp_bayes.likelihood.marginal_likelihood import marginal_log_likelihood
from pkqsp_bayes.likelihood.maximum import Maximum, prior_gradient
from pkqsp_bayes.likelihood.psis import smoothed_weights

__all__ = ["Weighted", "covariance_of", "importance_sample"]

FloatArray = NDArray[np.float64]

_STEP = 0.05
"""Step of the Hessian in standard errors, as the outer products of gradients estimate them."""
_DF = 7
"""Degrees of freedom of the proposals."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighted:
    """Points with importance weights, and the likelihood at the maximum without approximation.

    Parameters
    ----------
    points : (D, n) array
        Proposals.
    weights : (D,) array
        Smoothed weights, which sum to 1.
    k_hat : float
        Pareto k-hat of the weights.
    log_lik : float
        Log marginal likelihood at the maximum by importance sampling.
    error : float
        Its Monte Carlo standard error.
    """

    points: FloatArray
    weights: FloatArray
    k_hat: float
    log_lik: float
    error: float


def covariance_of(marginal: Marginal, best: Maximum, *, with_priors: bool) -> FloatArray:
    """Return the covariance (n, n) of the point: the inverse of minus the Hessian.

    Parameters
    ----------
    marginal : Marginal
        The marginal likelihood.
    best : Maximum
        Its maximum.
    with_priors : bool
        Whether the priors are part of the objective.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the Hessian is not negative definite.
    """
    point = best.at.point
    scores = marginal.gradient(best.at)
    scale = np.linalg.inv(np.linalg.cholesky(scores.T @ scores + np.eye(point.size))).T

    def slope(step: FloatArray) -> FloatArray:
        moved = point + step
        found = marginal.gradient(marginal.integral(moved, best.at.z)).sum(axis=0)
        return found + prior_gradient(marginal, moved) if with_priors else found

    columns = [
        (slope(-_STEP * direction) - slope(_STEP * direction)) / (2 * _STEP)
        for direction in scale.T
    ]
    hessian = scale.T @ np.column_stack(columns)  # on the whitened scale
    root = np.linalg.cholesky((hessian + hessian.T) / 2)
    whole = scale @ np.linalg.inv(root).T
    return np.asarray(whole @ whole.T)


def importance_sample(
    marginal: Marginal,
    best: Maximum,
    covariance: FloatArray,
    *,
    draws: int,
    proposals: int,
    rng: np.random.Generator,
) -> Weighted:
    """Draw population parameters around the maximum, and weigh them by the posterior.

    Parameters
    ----------
    marginal : Marginal
        The marginal likelihood.
    best : Maximum
        Centre of the proposals.
    covariance : (n, n) array
        Their covariance.
    draws : int
        Number of points.
    proposals : int
        Number of random effects of each subject for each point.
    rng : numpy.random.Generator
        Source of randomness.
    """
    centre = best.at.point
    standard, log_q = _student(rng, draws, centre.size)
    points = np.concatenate([centre[None], centre + standard @ np.linalg.cholesky(covariance).T])
    seen = marginal.seen.with_draws(marginal.coordinates.draws(points))
    found = marginal_log_likelihood(seen, proposals=proposals, rng=rng, start=best.at.z)
    total = found.log_lik.sum(axis=1)
    weights, k_hat = smoothed_weights(
        total[1:] + marginal.coordinates.log_prior(points[1:]) - log_q
    )
    return Weighted(
        points=points[1:], weights=weights, k_hat=k_hat, log_lik=float(total[0]),
        error=float(np.sqrt((found.error[0] ** 2).sum())),
    )  # fmt: skip


def _student(rng: np.random.Generator, size: int, width: int) -> tuple[FloatArray, FloatArray]:
    """Draw standard multivariate t vectors, and return them with their log density."""
    scale = np.sqrt(_DF / rng.chisquare(_DF, size))
    x = rng.standard_normal((size, width)) * scale[:, None]
    constant = special.gammaln((_DF + width) / 2) - special.gammaln(_DF / 2)
    constant -= 0.5 * width * np.log(_DF * np.pi)
    return x, constant - 0.5 * (_DF + width) * np.log1p((x**2).sum(axis=1) / _DF)
