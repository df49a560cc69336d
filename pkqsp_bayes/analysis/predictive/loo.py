"""Leave one out: an observation, or a whole subject, by Pareto-smoothed importance sampling.

Vehtari, Gelman & Gabry 2017, Stat Comput 27:1413. Leaving out a subject is what tells how well new
patients are predicted; it needs the subject's likelihood with its random effects integrated out,
since a subject's own effects know its data.
"""

import warnings
from collections.abc import Callable

import arviz as az
import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import special

from pkqsp_bayes.analysis.draws import PopulationDraws
from pkqsp_bayes.analysis.predictive.marginal import marginal_log_likelihood
from pkqsp_bayes.analysis.predictive.replicates import observed_study
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.study.study import Study

__all__ = ["loo", "loo_subject"]

FloatArray = NDArray[np.float64]
_GOOD_K = 0.7
_LEAST_ESS = 10


def loo(fit: xr.DataTree) -> az.ELPDData:
    """Leave out one observation at a time: conditional on the subject's other observations.

    Parameters
    ----------
    fit : xarray.DataTree
        What `pkqsp_bayes.fit` returns.

    Returns
    -------
    arviz.ELPDData
        Pointwise, with Pareto k; `arviz.compare` takes several.
    """
    return az.loo(fit, var_name="DV", pointwise=True)


def loo_subject(
    fit: xr.DataTree,
    study: Study,
    *,
    draws: int = 400,
    proposals: int = 200,
    refit: Callable[[Study], xr.DataTree] | None = None,
    seed: int = 1,
) -> az.ELPDData:
    """Leave out one subject at a time.

    Parameters
    ----------
    fit : xarray.DataTree
        What `pkqsp_bayes.fit` returns.
    study : Study
        The study of the fit.
    draws : int
        Draws of the posterior.
    proposals : int
        Points by which each subject's random effects are integrated out.
    refit : callable, optional
        Fits the model to a study; it is called without the subjects whose Pareto k is above 0.7,
        one at a time, and their values are replaced.
    seed : int
        Of everything random.

    Returns
    -------
    arviz.ELPDData
        One point a subject. Where a subject's integral rests on fewer than ten effective points
        its k is infinite.

    Raises
    ------
    CheckError
        If the subjects are not those of the fit; if the model has variability between occasions.
    """
    rng = np.random.default_rng(seed)
    seen = observed_study(fit, study, draws=draws, rng=rng)
    _check(seen.draws.subjects, study, occasions=bool(seen.draws.occasion_effects))
    eta = _own_effects(seen.draws)
    found = marginal_log_likelihood(seen, eta, proposals=proposals, rng=rng)
    tree = xr.DataTree.from_dict({
        "posterior": xr.Dataset({"lp": (("chain", "draw"), found.log_lik.sum(axis=1)[None])}),
        "log_likelihood": xr.Dataset(
            {"subject": (("chain", "draw", "ID"), found.log_lik[None])},
            coords={"ID": list(seen.draws.subjects)},
        ),
    })  # fmt: skip
    with warnings.catch_warnings():
        # Of high k, which the result has and refits mend.
        warnings.filterwarnings("ignore", message="Estimated shape parameter")
        result = az.loo(tree, var_name="subject", pointwise=True, reff=1.0)
    poor = found.ess < _LEAST_ESS
    result.pareto_k[:] = np.where(poor, np.inf, result.pareto_k)
    if refit is not None:
        for s in np.flatnonzero(result.pareto_k.to_numpy() > _GOOD_K):
            others = study.only([n for k, n in enumerate(study.subjects) if k != s])
            own = study.only([study.subjects[s]])
            alone = observed_study(refit(others), own, draws=draws, rng=rng)
            again = marginal_log_likelihood(alone, eta[:, [s]], proposals=proposals, rng=rng)
            result.elpd_i[s] = special.logsumexp(again.log_lik) - np.log(again.log_lik.size)
            result.pareto_k[s] = 0.0
        result.elpd = float(result.elpd_i.sum())
        result.se = float(np.sqrt(result.elpd_i.size * result.elpd_i.var()))
    return result


def _check(subjects: tuple[str, ...], study: Study, *, occasions: bool) -> None:
    issues = []
    if subjects != study.subjects:
        what, remedy = "its subjects are not those of the fit", "give the study of the fit"
        issues.append(Issue(where=study.source, what=what, remedy=remedy))
    if occasions:
        what = "deviations of occasions are not integrated out"
        remedy = "leave out observations (pq.loo), or compare models without iov"
        issues.append(Issue(where="population", what=what, remedy=remedy))
    if issues:
        raise CheckError(issues)


def _own_effects(draws: PopulationDraws) -> FloatArray:
    if draws.eta is None:
        return np.zeros((draws.size, len(draws.subjects), 0))
    return draws.eta
