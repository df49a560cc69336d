"""Maximum of the marginal likelihood, or of its product with the priors."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from pkqsp_bayes.likelihood.marginal import Integral, Marginal

__all__ = ["Maximum", "find_maximum"]

_LOGGER = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

_FAR = 30.0
"""Largest distance of a point from the origin, in standard errors; a wall is beyond it."""
_WORST = 1e10
_TOLERANCES = (1.0, 0.01, 0.01, 0.01)
"""Largest slope at the end of each search, by one standard error. After each search the modes of
all subjects are searched again from several places; the search is repeated if one is higher."""
_HIGHER = 0.01
"""Increase of a subject's log likelihood at another mode, from which the search is repeated."""
_ENOUGH = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maximum:
    """The point of the maximum.

    Parameters
    ----------
    at : Integral
        The integral at the maximum.
    objective : float
        Log marginal likelihood there, with the log prior density if it is included.
    gradient : (n,) array
        Change of the objective by about one standard error in each direction.
    converged : bool
        Whether no such change is above 0.05.
    iterations, evaluations : int
        Number of iterations, and of evaluations of the objective with its gradient.
    message : str
        Message of the optimiser.
    """

    at: Integral
    objective: float
    gradient: FloatArray
    converged: bool
    iterations: int
    evaluations: int
    message: str


class _Objective:
    """Minus the log density with its gradient; modes of the last point start the next search.

    The point of the optimiser is whitened: x = (point - origin) W^-1 with W W' the inverse of the
    sum of outer products of the subjects' gradients (Berndt, Hall, Hall & Hausman 1974,
    Ann Econ Soc Meas 3:653-665), so that one unit is about one standard error.
    """

    def __init__(self, marginal: Marginal, *, with_priors: bool, origin: FloatArray) -> None:
        self.marginal, self.with_priors, self.origin = marginal, with_priors, origin
        self.last: Integral | None = None
        self.scale = np.eye(origin.size)
        self.evaluations = 0

    @property
    def at(self) -> Integral:
        """Return the integral at the last point with a finite value."""
        if self.last is None:
            msg = "no point was evaluated"
            raise ValueError(msg)
        return self.last

    def whiten(self, here: Integral) -> None:
        """Move the origin to a point, and measure the scale there."""
        scores = self.marginal.gradient(here)
        curvature = scores.T @ scores + np.eye(self.origin.size)
        self.last, self.origin = here, here.point
        self.scale = np.linalg.inv(np.linalg.cholesky(curvature)).T

    def value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return minus the objective, and its gradient by x."""
        point = self.origin + self.scale @ x
        self.evaluations += 1
        if np.abs(x).max(initial=0.0) > _FAR:
            return _WORST, np.zeros_like(x)
        here = self.marginal.integral(point, None if self.last is None else self.last.z)
        value = float(here.log_lik.sum())
        if not np.isfinite(value):
            return _WORST, np.zeros_like(x)
        gradient = self.marginal.gradient(here).sum(axis=0)
        if self.with_priors:
            value += float(self.marginal.coordinates.log_prior(point[None])[0])
            gradient = gradient + prior_gradient(self.marginal, point)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return _WORST, np.zeros_like(x)
        self.last = here
        return -value, -self.scale.T @ gradient


def prior_gradient(marginal: Marginal, point: FloatArray) -> FloatArray:
    """Return the gradient of the log prior density at a point (n,)."""
    step = 1e-5 * np.eye(point.size)
    both = marginal.coordinates.log_prior(np.concatenate([point + step, point - step]))
    return np.asarray((both[: point.size] - both[point.size :]) / 2e-5)


def find_maximum(
    marginal: Marginal, *, with_priors: bool, start: FloatArray, iterations: int = 200
) -> Maximum:
    """Find the maximum by the method of Broyden, Fletcher, Goldfarb and Shanno.

    Parameters
    ----------
    marginal : Marginal
        The marginal likelihood.
    with_priors : bool
        Whether the priors are part of the objective.
    start : (n,) array
        First point.
    iterations : int
        Largest number of iterations.
    """
    objective = _Objective(marginal, with_priors=with_priors, origin=start)
    here, nothing, rounds = marginal.integral(start), np.zeros(start.size), 0
    for tolerance in _TOLERANCES:
        objective.whiten(here)
        found = optimize.minimize(
            objective.value_and_gradient, nothing, jac=True, method="BFGS",
            options={"maxiter": max(1, iterations - rounds), "gtol": tolerance},
        )  # fmt: skip
        rounds += int(found.nit)
        value, slope = objective.value_and_gradient(found.x)
        last, here = objective.at, marginal.integral(objective.at.point)
        higher = float(np.max(here.log_lik - last.log_lik, initial=0.0))
        if tolerance < 1 and higher < _HIGHER:
            break
    done = bool(np.abs(slope).max(initial=0.0) < _ENOUGH) and higher < _HIGHER
    message = str(found.message)
    return Maximum(
        at=last, objective=-value, gradient=-slope, converged=done, iterations=rounds,
        evaluations=objective.evaluations, message=message,
    )  # fmt: skip
