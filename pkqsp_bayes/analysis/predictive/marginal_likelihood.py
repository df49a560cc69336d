"""Marginal likelihood of each subject: the random effects integrated out by importance sampling.

For each draw of the population the integrand is climbed to its mode (analytic sensitivities), and
the proposal is a Student t there, with the inverse curvature: Laplace's approximation, whose error
the weights then take away. A proposal that all draws share would not do: given the typical values a
subject's effects are known far better than over the whole posterior.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pkqsp_bayes.analysis.decisions.individual_density import EffectPosterior
from pkqsp_bayes.analysis.decisions.individual_draws import draw_proposals
from pkqsp_bayes.analysis.decisions.individual_mode import Modes, find_modes
from pkqsp_bayes.analysis.observed_study import ObservedStudy

__all__ = ["MarginalLikelihood", "marginal_log_likelihood"]

FloatArray = NDArray[np.float64]
_ITERATIONS = 15
"""Of the search for a mode; a proposal that is not quite there costs some of its precision."""
_AT_ONCE = 50
"""Draws whose modes are looked for together: their sensitivities are held in memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalLikelihood:
    """Log likelihood of each subject under each draw, and how well it was integrated.

    Parameters
    ----------
    log_lik : (D, S) array
        log p(y_i | phi_d).
    error : (D, S) array
        Its Monte Carlo standard error, the relative one of the integral.
    """

    log_lik: FloatArray
    error: FloatArray


def marginal_log_likelihood(
    seen: ObservedStudy, *, proposals: int, rng: np.random.Generator
) -> MarginalLikelihood:
    """Integrate the random effects of each subject out, those of its occasions too.

    Parameters
    ----------
    seen : ObservedStudy
        The study and D draws of the population.
    proposals : int
        Points for each draw and subject.
    rng : numpy.random.Generator
        Source of the points.
    """
    size = seen.draws.size
    parts = [
        _integrated(seen.with_draws(seen.draws.take(np.arange(a, min(a + _AT_ONCE, size)))),
                    proposals, rng)
        for a in range(0, size, _AT_ONCE)
    ]  # fmt: skip
    return MarginalLikelihood(
        log_lik=np.concatenate([p.log_lik for p in parts]),
        error=np.concatenate([p.error for p in parts]),
    )


def _integrated(
    seen: ObservedStudy, proposals: int, rng: np.random.Generator
) -> MarginalLikelihood:
    target = EffectPosterior(seen=seen)
    if target.shape[2] == 0:
        exact = target.log_density(np.zeros(target.shape))
        return MarginalLikelihood(log_lik=exact, error=np.zeros_like(exact))
    modes = find_modes(target, iterations=_ITERATIONS, start=_start(target))
    return _weighed(target, modes, proposals, rng)


def _start(target: EffectPosterior) -> FloatArray | None:
    """Return the effects that were drawn with these very parameters, if they are known."""
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
