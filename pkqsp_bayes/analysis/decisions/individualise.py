"""`individualise`: parameters of new subjects from their own data, which may be sparse."""

from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.decisions.individuals import Individuals, individual_draws
from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.arguments import SEED, checked, count, one_of
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.likelihood.individual_density import EffectPosterior
from pkqsp_bayes.likelihood.individual_draws import EffectDraws, sample_effects
from pkqsp_bayes.likelihood.individual_mode import Modes, find_modes
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
    """Estimate the random effects of subjects that were not in the fit.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    new_study : Study, str, Path or DataFrame
        A study, its name or its file: doses, covariates and observations of each subject. Without
        observations the result is the population distribution.
    method : {"posterior", "map"}
        ``posterior``: draws from p(phi, eta_i | fitted data, y_i) for each subject separately, by
        importance sampling around the mode of each population draw. ``map``: the mode of eta_i with
        the population at its posterior mean, and a normal approximation at the mode. This is fast,
        but ignores parameter uncertainty.
    draws : int
        Number of population draws and of draws of each individual (``posterior``).
    proposals : int
        Number of proposals for each of them (``posterior``).
    seed : int
        Seed of all random numbers.

    Returns
    -------
    Individuals
        Its method ``simulate`` predicts the subjects under other regimens; its ``dataset`` has
        ``eta`` (draw, subject, effect), ``kappa`` (draw, subject, occasion, effect_iov),
        ``individual`` (draw, subject, parameter) at the study's covariates, ``population_draw``
        (draw, subject), and by subject ``observations``, their number, and ``converged``, the share
        of mode searches that converged. ``posterior``: ``ess`` and ``ess_population``, the
        effective sample sizes of the proposals and of the population draws, and ``reliable``,
        whether both are large enough (100, or half of the draws if there are fewer). ``map``: one
        draw, and ``eta_sd`` (subject, effect).

    Raises
    ------
    CheckError
        All problems of the study; an unknown method; subjects whose data have zero density.

    Notes
    -----
    The new data also update population parameters without random effects, because population draws
    are weighted by the marginal likelihood of the subject's data. The method is importance sampling
    around a Laplace approximation (Kuk 1999, J Stat Comput Simul 63:233).
    """
    fitted = open_fit(fit)
    new_study = fitted.resolve_study(new_study)
    rng = np.random.default_rng(seed)
    seen = observed_study(
        fitted,
        new_study,
        draws=draws,
        rng=rng,
        occasions=occasion_labels(new_study),
        without_observations=True,
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
    """Return eta and kappa; each subject has the scale of its own population draw."""
    seen = target.seen
    parts = [
        EffectPosterior(seen=seen.with_draws(seen.draws.take(which[:, s]))).effects(z[:, [s]])
        for s in range(z.shape[1])
    ]
    eta, kappa = zip(*parts, strict=True)
    return np.concatenate(eta, axis=1), np.concatenate(kappa, axis=1)
