"""Marginal likelihood of each subject, with random effects integrated by importance sampling.

For each population draw, the mode of the integrand is found with analytic sensitivities. The
proposal is a Student t distribution at the mode, with the inverse curvature; the weights correct
the error of this Laplace approximation. One proposal for all draws is not sufficient: given the
typical values, the random effects of a subject vary much less than over the whole posterior.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pkqsp_bayes.likelihood.individual_density import EffectPosterior
from pkqsp_bayes.likelihood.individual_draws import draw_proposals
from pkqsp_bayes.likelihood.individual_mode import Modes, find_modes
from pkqsp_bayes.likelihood.observed_study import ObservedStudy

__all__ = ["MarginalLikelihood", "marginal_log_likelihood"]

FloatArray = NDArray[np.float64]
_ITERATIONS = 15
"""Iterations of the search for a mode; a proposal near the mode is only slightly less precise."""
_AT_ONCE = 50
"""Number of draws whose modes are searched together, with their sensitivities in memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalLikelihood:
    """Log likelihood of each subject for each draw, with its Monte Carlo error.

    Parameters
    ----------
    log_lik : (D, S) array
        log p(y_i | phi_d).
    error : (D, S) array
        Monte Carlo standard error of the log likelihood, the relative error of the integral.
    """

    log_lik: FloatArray
    error: FloatArray


def marginal_log_likelihood(
    seen: ObservedStudy,
    *,
    proposals: int,
    rng: np.random.Generator,
    start: FloatArray | None = None,
) -> MarginalLikelihood:
    """Integrate out the random effects of each subject, including those of its occasions.

    Parameters
    ----------
    seen : ObservedStudy
        Study and D population draws.
    proposals : int
        Number of points for each draw and subject.
    rng : numpy.random.Generator
        Source of randomness of the points.
    start : (S, Z) array, optional
        Standardised random effects at which the searches of the modes begin.
    """
    size = seen.draws.size
    parts = [
        _integrated(seen.with_draws(seen.draws.take(np.arange(a, min(a + _AT_ONCE, size)))),
                    proposals, rng, start)
        for a in range(0, size, _AT_ONCE)
    ]  # fmt: skip
    return MarginalLikelihood(
        log_lik=np.concatenate([p.log_lik for p in parts]),
        error=np.concatenate([p.error for p in parts]),
    )


def _integrated(
    seen: ObservedStudy, proposals: int, rng: np.random.Generator, start: FloatArray | None
) -> MarginalLikelihood:
    target = EffectPosterior(seen=seen)
    if target.shape[2] == 0:
        exact = target.log_density(np.zeros(target.shape))
        return MarginalLikelihood(log_lik=exact, error=np.zeros_like(exact))
    first = _start(target) if start is None else np.broadcast_to(start, target.shape)
    modes = find_modes(target, iterations=_ITERATIONS, start=first)
    return _weighed(target, modes, proposals, rng)


def _start(target: EffectPosterior) -> FloatArray | None:
    """Return the random effects that belong to these population draws, if they are known."""
    draws, simulator = target.seen.draws, target.seen.simulator
    moving = bool(draws.occasion_effects and simulator.model.occasions)
    if draws.eta is None or draws.subjects != simulator.study.subjects:
        return None
    if moving and (draws.kappa is None or draws.occasions != simulator.model.occasions):
        return None
    return target.from_effects(draws.eta, draws.kappa if moving else None)


def _weighed(
    target: EffectPosterior, modes: Modes, proposals: int, rng: np.random.Generator
) -> MarginalLikelihood:
    weight = np.empty((proposals, *target.shape[:2]))
    for k in range(proposals):
        z, log_q = draw_proposals(modes, rng)
        weight[k] = target.log_density(z) - log_q
    total, squares = (special.logsumexp(m * weight, axis=0) for m in (1, 2))
    with np.errstate(invalid="ignore"):
        # 1 / ESS - 1 / K is the squared coefficient of variation of the mean weight
        spread = np.exp(squares - 2 * total) - 1 / proposals
    error = np.sqrt(np.maximum(np.where(np.isfinite(spread), spread, np.inf), 0.0))
    return MarginalLikelihood(log_lik=total - np.log(proposals), error=error)
