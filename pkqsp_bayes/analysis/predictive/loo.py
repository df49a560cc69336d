"""Leave-one-out cross-validation by observation or by subject, with Pareto-smoothed weights.

Vehtari, Gelman & Gabry 2017, Stat Comput 27:1413. Leaving out a subject shows how well new patients
are predicted. It needs the subject's likelihood with the random effects integrated out, because the
posterior of a subject's own random effects depends on its data.
"""

import dataclasses
import logging
from collections.abc import Callable, Sequence

import arviz as az
import numpy as np
import xarray as xr
from arviz_stats.utils import ELPDDataLOO
from numpy.typing import NDArray
from scipy import special

from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.arguments import SEED, checked, count, instance
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.likelihood.marginal_likelihood import marginal_log_likelihood
from pkqsp_bayes.likelihood.observed_study import ObservedStudy
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.psis import LEAST_DRAWS, require_draws
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["LeaveOneOut", "loo", "loo_subject"]

FloatArray = NDArray[np.float64]
_LOGGER = logging.getLogger(__name__)
_GOOD_K = 0.7
_LARGEST_ERROR = 0.3
"""Largest Monte Carlo error of a log likelihood, as the 99th percentile of the draws."""
_NAMED = 5
_SAME = Issue(
    where="posterior",
    what="all its draws are the same, so that leave-one-out weights do not exist",
    remedy=f"check {setting('diagnose')} of the fit; fit again with a longer warm-up",
)


@dataclasses.dataclass(kw_only=True, repr=False, eq=False)
class LeaveOneOut(ELPDDataLOO):
    """Result of ArviZ, with the label of the draws if they come from a poor approximation."""

    label: str = ""

    def __str__(self) -> str:
        """Return the label and the table."""
        table: str = super().__str__()  # type: ignore[no-untyped-call]
        return f"Draws of {self.label}\n{table}" if self.label else table

    @classmethod
    def of(cls, found: az.ELPDData) -> "LeaveOneOut":
        """Return the result of ArviZ as this class."""
        return cls(
            **{field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
        )


@checked(fit=FIT, study=STUDY)
@labelled
def loo(fit: FitLike, study: StudyLike | None = None) -> LeaveOneOut:
    """Leave out one observation at a time, conditional on the subject's other observations.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default). Its likelihood is in the fit; a study that is given is
        compared with the fitted one.

    Returns
    -------
    LeaveOneOut
        ELPDData of ArviZ, pointwise, with Pareto k; `arviz.compare` compares several results. If k
        is above 0.7 for some observations, their values and the sum are not reliable, and a warning
        is logged.

    Raises
    ------
    CheckError
        If the study is not the study of the fit; if there are fewer than 25 draws, or all are the
        same.
    """
    fitted = open_fit(fit)
    if study is not None:
        fitted.resolve_study(study, own=True)
    tree = fitted.tree
    _require_likelihood(tree)
    with quiet_dependencies():
        result = LeaveOneOut.of(az.loo(tree, var_name="DV", pointwise=True))
    poor = ~(result.pareto_k.to_numpy() <= _GOOD_K)
    if poor.any():
        what = f"Pareto k is above {_GOOD_K} for {poor.sum()} of {poor.size} observations, whose "
        what += "values are not reliable"
        remedy = f"compare models by {setting('loo_subject')}"
        issue = Issue(severity="warning", where="leave one out", what=what, remedy=remedy)
        _LOGGER.warning("%s", issue)
    return result


def _require_likelihood(tree: xr.DataTree) -> None:
    """Refuse a fit with too few or equal draws, or without likelihood of observations."""
    if "log_likelihood" not in tree.children or "DV" not in tree["log_likelihood"]:
        what, remedy = "it has no likelihood of observations", f"give {setting('a fit')}"
        raise CheckError([Issue(where="fit", what=what, remedy=remedy)])
    found = tree["log_likelihood"]["DV"].stack(sample=("chain", "draw")).transpose("sample", ...)
    require_draws(found.sizes["sample"])
    if np.ptp(found.to_numpy(), axis=0).max(initial=0.0) == 0:
        raise CheckError([_SAME])


_REFIT = instance(Callable, wanted="give a function from a study to a fit")  # type: ignore[arg-type]


@checked(
    fit=FIT,
    study=STUDY,
    proposals=count(),
    refit=_REFIT,
    draws=count(LEAST_DRAWS),
    seed=SEED,
)
@labelled
def loo_subject(
    fit: FitLike,
    study: StudyLike | None = None,
    *,
    draws: int = 1000,
    proposals: int = 30,
    refit: Callable[[Study], xr.DataTree] | None = None,
    seed: int = 1,
) -> LeaveOneOut:
    """Leave out one subject at a time.

    In the likelihood of each subject for each population draw, the random effects are integrated
    out, also those of occasions, by importance sampling around their mode (Laplace's approximation,
    corrected by weights). Subjects are then left out by Pareto-smoothed weights.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default): a study, its name or its file.
    draws : int
        Number of posterior draws, 25 or more.
    proposals : int
        Number of points of the integral over the random effects of each subject, for each draw.
    refit : callable, optional
        Function that fits the model to a study. It is called without each subject whose Pareto k is
        above 0.7, and the values of these subjects are replaced.
    seed : int
        Seed of all random numbers.

    Returns
    -------
    LeaveOneOut
        One point per subject. If the Pareto k of a subject is above 0.7, its value and the sum are
        NaN, because weights of these draws cannot approximate a fit without that subject; a warning
        with a remedy is logged. k is infinite if the integral is not exact enough (Monte Carlo
        error of the log likelihood above 0.3).

    Raises
    ------
    CheckError
        If the study is not the study of the fit; if there are fewer than 25 draws, or all are the
        same.
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study, own=True)
    rng = np.random.default_rng(seed)
    seen = observed_study(fitted, study, draws=draws, rng=rng)
    require_draws(seen.draws.size)
    _require_spread(seen.draws)
    result = _left_out(seen, proposals, rng)
    poor = np.flatnonzero(~(result.pareto_k.to_numpy() <= _GOOD_K))
    if refit is not None:
        for s in poor:
            result.elpd_i[s] = _refitted(refit, study, int(s), draws, proposals, rng)
            result.pareto_k[s] = 0.0
        _sum_up(result)
    elif poor.size:
        _without_number(result, poor, [study.subjects[s] for s in poor])
    return result


def _require_spread(draws: PopulationDraws) -> None:
    """Refuse draws that are all the same although parameters have distributions."""
    everything = [draws.omega, draws.sigma, draws.correlation, draws.omega_iov]
    everything += [draws.shared[name] for name in draws.sampled]
    if all(np.ptp(values, axis=0).max(initial=0.0) == 0 for values in everything):
        raise CheckError([_SAME])


def _left_out(seen: ObservedStudy, proposals: int, rng: np.random.Generator) -> LeaveOneOut:
    """Return Pareto-smoothed LOO of the subjects; k is infinite for an inexact integral."""
    found = marginal_log_likelihood(seen, proposals=proposals, rng=rng)
    tree = xr.DataTree.from_dict({
        "posterior": xr.Dataset({"lp": (("chain", "draw"), found.log_lik.sum(axis=1)[None])}),
        "log_likelihood": xr.Dataset(
            {"subject": (("chain", "draw", "ID"), found.log_lik[None])},
            coords={"ID": list(seen.simulator.study.subjects)},
        ),
    })  # fmt: skip
    with quiet_dependencies():
        result = LeaveOneOut.of(az.loo(tree, var_name="subject", pointwise=True, reff=1.0))
    poor = ~(np.quantile(found.error, 0.99, axis=0) <= _LARGEST_ERROR)
    result.pareto_k[:] = np.where(poor, np.inf, result.pareto_k)
    return result


def _refitted(
    refit: Callable[[Study], xr.DataTree],
    study: Study,
    subject: int,
    draws: int,
    proposals: int,
    rng: np.random.Generator,
) -> float:
    """Return log p(y_s | other subjects) from a fit without the subject."""
    gone = study.subjects[subject]
    others, own = study.only([n for n in study.subjects if n != gone]), study.only([gone])
    alone = observed_study(refit(others), own, draws=draws, rng=rng)
    again = marginal_log_likelihood(alone, proposals=proposals, rng=rng)
    return float(special.logsumexp(again.log_lik) - np.log(again.log_lik.size))


def _without_number(result: LeaveOneOut, poor: NDArray[np.int64], named: Sequence[str]) -> None:
    """Set unreliable values to NaN, and log a warning."""
    result.elpd_i[poor] = np.nan
    _sum_up(result)
    shown = ", ".join(named[:_NAMED]) + (", ..." if len(named) > _NAMED else "")
    issue = Issue(
        severity="warning",
        where="leave one out",
        what=f"Pareto k is above {_GOOD_K} for {len(named)} of {result.elpd_i.size} subjects "
        f"({shown}): their values, and the sum, are NaN",
        remedy=f"{setting('refit')}; if k is slightly above or infinite, more draws of a longer "
        f"fit and more proposals help ({setting('proposals')})",
    )
    _LOGGER.warning("%s", issue)


def _sum_up(result: LeaveOneOut) -> None:
    result.elpd = float(result.elpd_i.sum(skipna=False))
    result.se = float(np.sqrt(result.elpd_i.size * result.elpd_i.var(skipna=False)))
    if np.isnan(result.elpd):
        result.p = float("nan")
