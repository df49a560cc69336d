"""`individualise`: the parameters of new subjects from their own, perhaps sparse, data."""

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.decisions.individual_density import EffectPosterior
from pkqsp_bayes.analysis.decisions.individual_draws import EffectDraws, sample_effects
from pkqsp_bayes.analysis.decisions.individual_mode import Modes, find_modes
from pkqsp_bayes.analysis.decisions.individuals import Individuals, individual_draws
from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.arguments import SEED, checked, count, one_of
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.study.occasions import occasion_labels
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["individualise"]

FloatArray = NDArray[np.float64]
_LEAST_ESS = 100
_METHODS = ("posterior", "map")


@checked(
    fit=FIT, new_study=STUDY, method=one_of(*_METHODS), draws=count(), proposals=count(), seed=SEED
)
@labelled
def individualise(
    fit: FitLike,
    new_study: StudyLike,
    *,
    method: Literal["posterior", "map"] = "posterior",
    draws: int = 200,
    proposals: int = 30,
    seed: int = 1,
) -> Individuals:
    """Infer the random effects of subjects who were not in the fit.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` returns; or its folder.
    new_study : Study, str, Path or DataFrame
        A study, its name or its file: doses, covariates and whatever was observed of each subject;
        nothing at all gives the population.
    method : {"posterior", "map"}
        ``posterior``: draws from p(phi, eta_i | fitted data, y_i), each subject by itself, by
        importance sampling around the mode of each draw of the population. ``map``: the mode of
        eta_i with the population at its posterior mean, and a normal approximation there: fast,
        but blind to what is not known of the population.
    draws : int
        Draws of the population, and of each individual (``posterior``).
    proposals : int
        For each of them (``posterior``).
    seed : int
        Of everything random.

    Returns
    -------
    Individuals
        Its ``simulate`` asks what would happen to the subjects; its ``dataset`` has ``eta`` (draw,
        subject, effect), ``kappa`` (draw, subject, occasion, effect_iov), ``individual`` (draw,
        subject, parameter) at the study's covariates, ``population_draw`` (draw, subject), and by
        subject ``observations``, their number, and ``converged``, the share of searches for a mode
        that ended. ``posterior``: ``ess`` and ``ess_population``, effective numbers of proposals
        and of draws of the population, and ``reliable``, whether both are large enough (100; half
        of the draws if there are fewer). ``map``: one draw, and ``eta_sd`` (subject, effect).

    Raises
    ------
    CheckError
        With every problem of the study; an unknown method; subjects whose data are impossible.

    Notes
    -----
    Population parameters without random effects learn from the new data too: draws of the
    population are weighted by their marginal likelihood of the subject's data. The method is that
    of importance sampling around a Laplace approximation (Kuk 1999, J Stat Comput Simul 63:233).
    """
    fitted = open_fit(fit)
    new_study = fitted.resolve_study(new_study)
    rng = np.random.default_rng(seed)
    seen = observed_study(
        fitted, new_study, draws=draws, rng=rng, occasions=occasion_labels(new_study)
    )
    if method == "map":
        seen = seen.with_draws(seen.draws.centre())
    target = EffectPosterior(seen=seen)
    modes = find_modes(target)
    if method == "map":
        dataset = _at_mode(target, modes)
    else:
        found = sample_effects(target, modes, proposals=proposals, rng=rng)
        dataset = _dataset(target, modes, found)
    dataset.attrs = {"model": seen.model.title, "method": method, "seed": seed}
    return Individuals(dataset=dataset, model=seen.model, study=new_study, draws=seen.draws)


def _at_mode(target: EffectPosterior, modes: Modes) -> xr.Dataset:
    size, subjects, _ = target.shape
    which = np.zeros((size, subjects), dtype=np.int64)
    own = len(target.seen.draws.effects)
    factor = target.seen.draws.factor
    covariance = modes.covariance[:, :, :own, :own]
    spread = np.einsum("drk,dskl,drl->dsr", factor, covariance, factor)[0]
    found = _base(target, modes, which, modes.z)
    return found.assign(eta_sd=(("subject", "effect"), np.sqrt(spread)))


def _dataset(target: EffectPosterior, modes: Modes, found: EffectDraws) -> xr.Dataset:
    wanted = min(_LEAST_ESS, target.shape[0] // 2)
    reliable = (found.ess >= wanted) & (found.ess_population >= wanted)
    return _base(target, modes, found.population_draw, found.z).assign(
        ess=("subject", found.ess),
        ess_population=("subject", found.ess_population),
        reliable=("subject", reliable),
    )


def _base(
    target: EffectPosterior, modes: Modes, which: NDArray[np.int64], z: FloatArray
) -> xr.Dataset:
    seen = target.seen
    eta, kappa = _effects(target, which, z)
    simulator = seen.simulator
    individual = individual_draws(simulator, seen.draws, which, eta, kappa)
    stated = seen.model.population.parameters
    columns = [k for k, name in enumerate(simulator.kernel.parameters) if name in stated]
    names = [simulator.kernel.parameters[k] for k in columns]
    subjects = np.bincount(seen.observations.subject, minlength=z.shape[1])
    return xr.Dataset(
        {
            "eta": (("draw", "subject", "effect"), eta),
            "kappa": (("draw", "subject", "occasion", "effect_iov"), kappa),
            "individual": (("draw", "subject", "parameter"), individual[:, :, columns]),
            "population_draw": (("draw", "subject"), which),
            "observations": ("subject", subjects),
            "converged": ("subject", modes.converged.mean(axis=0)),
        },
        coords={
            "subject": list(simulator.study.subjects),
            "effect": list(seen.draws.effects),
            "effect_iov": list(seen.draws.occasion_effects),
            "occasion": list(simulator.model.occasions),
            "parameter": names,
            "unit": ("parameter", [stated[name].unit for name in names]),
        },
    )


def _effects(
    target: EffectPosterior, which: NDArray[np.int64], z: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return eta and kappa; the scale of each subject is that of its own draw."""
    seen = target.seen
    parts = [
        EffectPosterior(seen=seen.with_draws(seen.draws.take(which[:, s]))).effects(z[:, [s]])
        for s in range(z.shape[1])
    ]
    eta, kappa = zip(*parts, strict=True)
    return np.concatenate(eta, axis=1), np.concatenate(kappa, axis=1)
