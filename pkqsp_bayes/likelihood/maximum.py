"""Maximum of the marginal likelihood, or of its product with the priors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.likelihood.marginal import Integral, Marginal

__all__ = ["Maximum", "find_maximum"]

FloatArray = NDArray[np.float64]

_FAR = 6.0
"""Largest change of a coordinate in one round, in approximate standard errors."""
_WORST = 1e10
_ROUND = 20
"""Largest number of iterations of one round; the scale is measured again before the next."""
_SHARE = 0.1
"""Share of a round's increase: a round at its wall ends if an iteration adds less."""
_SLOPE = 0.01
"""Largest slope at the end of a round, by one standard error."""
_HIGHER = 0.01
"""Increase of a subject's log likelihood at another mode, from which the search is repeated."""
_ENOUGH = 0.05
_LITTLE, _STALLED = 1e-3, 2
"""Smallest useful increase of a round, and how many rounds without it end the search."""
_SMALL = 1e-8
"""Relative increase of the objective at which a round ends."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Terms:
    """Minus the objective at a point, with its gradient by the whitened coordinates x."""

    x: FloatArray
    at: Integral
    value: float
    gradient: FloatArray


class _Objective:
    """Minus the log density with its gradient; modes of the last point start the next search.

    The point of the optimiser is whitened: x = (point - origin) W^-1 with W W' the inverse of the
    sum of outer products of the subjects' gradients (Berndt, Hall, Hall & Hausman 1974,
    Ann Econ Soc Meas 3:653-665), so that one unit is about one standard error.
    """

    def __init__(self, marginal: Marginal, here: Integral, *, with_priors: bool) -> None:
        self.marginal, self.with_priors = marginal, with_priors
        self.evaluations = 0
        self.origin, self.scale = here.point, np.eye(here.point.size)
        self.last = self._terms(np.zeros(here.point.size), here, marginal.gradient(here))

    def whiten(self, here: Integral) -> float:
        """Move the origin to a point, measure the scale there, and return the value."""
        scores = self.marginal.gradient(here)
        curvature = scores.T @ scores + np.eye(here.point.size)
        self.origin, self.scale = here.point, np.linalg.inv(np.linalg.cholesky(curvature)).T
        self.last = self._terms(np.zeros(here.point.size), here, scores)
        return self.last.value

    def value_and_gradient(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Return minus the objective, and its gradient by x."""
        if np.array_equal(x, self.last.x):
            return self.last.value, self.last.gradient
        self.evaluations += 1
        here = self.marginal.integral(self.origin + self.scale @ x, self.last.at.z)
        if np.isfinite(here.log_lik).all():
            found = self._terms(x, here, self.marginal.gradient(here))
            if np.isfinite(found.value) and np.isfinite(found.gradient).all():
                self.last = found
                return found.value, found.gradient
        return _WORST, np.zeros_like(x)

    def _terms(self, x: FloatArray, here: Integral, scores: FloatArray) -> _Terms:
        value, gradient = float(here.log_lik.sum()), scores.sum(axis=0)
        if self.with_priors:
            value += float(self.marginal.coordinates.log_prior(here.point[None])[0])
            gradient = gradient + prior_gradient(self.marginal, here.point)
        return _Terms(x=x.copy(), at=here, value=-value, gradient=-self.scale.T @ gradient)


def prior_gradient(marginal: Marginal, point: FloatArray) -> FloatArray:
    """Return the gradient of the log prior density at a point (n,)."""
    step = 1e-5 * np.eye(point.size)
    both = marginal.coordinates.log_prior(np.concatenate([point + step, point - step]))
    return np.asarray((both[: point.size] - both[point.size :]) / 2e-5)


def find_maximum(
    marginal: Marginal, *, with_priors: bool, start: FloatArray, iterations: int = 200
) -> Maximum:
    """Find the maximum by rounds of the quasi-Newton method L-BFGS-B.

    Each round begins with a new scale and changes each coordinate by a few standard errors at
    most. At the end the modes of all subjects are searched again from several places; the search
    goes on if one is higher.

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

    Raises
    ------
    CheckError
        If the likelihood of a subject is not finite at the first point.
    """
    here, rounds, stalled, done = marginal.integral(start), 0, 0, False
    _check_start(marginal, here)
    objective = _Objective(marginal, here, with_priors=with_priors)
    while not done and stalled < _STALLED and rounds < iterations:
        before = objective.whiten(here)
        found = _round(objective, before, min(_ROUND, iterations - rounds))
        rounds += max(1, int(found.nit))
        value, slope = objective.value_and_gradient(found.x)
        last = here = objective.last.at
        stalled = stalled + 1 if before - value < _LITTLE else 0
        if np.abs(slope).max(initial=0.0) < _ENOUGH:
            here = marginal.integral(last.point)
            done = float(np.max(here.log_lik - last.log_lik, initial=0.0)) < _HIGHER
    return Maximum(
        at=last, objective=-value, gradient=-slope, converged=done, iterations=rounds,
        evaluations=objective.evaluations, message=str(found.message),
    )  # fmt: skip


def _round(objective: _Objective, first: float, iterations: int) -> optimize.OptimizeResult:
    values: list[float] = []

    def leave(intermediate_result: optimize.OptimizeResult) -> None:
        values.append(float(intermediate_result.fun))
        at_wall = np.abs(intermediate_result.x).max(initial=0.0) >= _FAR
        if at_wall and len(values) > 1 and values[-2] - values[-1] < _SHARE * (first - values[-1]):
            raise StopIteration

    size = objective.origin.size
    return optimize.minimize(
        objective.value_and_gradient, np.zeros(size), jac=True, method="L-BFGS-B",
        bounds=[(-_FAR, _FAR)] * size, callback=leave,
        options={"maxiter": iterations, "maxcor": 20, "gtol": _SLOPE, "ftol": _SMALL},
    )  # fmt: skip


def _check_start(marginal: Marginal, here: Integral) -> None:
    bad = np.flatnonzero(~np.isfinite(here.log_lik))
    if bad.size:
        study = marginal.seen.simulator.study
        named = ", ".join(study.subjects[k] for k in bad[:5])
        what = f"the likelihood of {bad.size} subjects is not finite at the centres of the priors"
        remedy = f"check the doses and observations of ID {named}, and the priors"
        raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])
