"""External validation of a fitted model by a study or an arm that was not in the fit."""

import logging
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.analysis_arguments import BINS, PROBABILITIES
from pkqsp_bayes.analysis.decisions.individualise import individualise
from pkqsp_bayes.analysis.decisions.individuals import Individuals, individual_draws
from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.analysis.predictive.bins import bin_times
from pkqsp_bayes.arguments import (
    SEED,
    checked,
    count,
    number,
)
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.likelihood.observed_study import ObservedStudy
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.study.occasions import occasion_labels
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["validate"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_LOGGER = logging.getLogger(__name__)
_MEASURES = ("bias", "RMSE", "pc_RMSE", "AFE", "AAFE", "within_2_fold")
_ALL = "all"


@quiet_dependencies()
@checked(
    fit=FIT,
    study=STUDY,
    early=number(),
    bins=BINS,
    probabilities=PROBABILITIES,
    draws=count(),
    seed=SEED,
)
@labelled
def validate(
    fit: FitLike,
    study: StudyLike,
    *,
    early: float | None = None,
    draws: int = 500,
    bins: int | Sequence[float] = 8,
    probabilities: Sequence[float] = (0.5, 0.9),
    seed: int = 1,
) -> xr.Dataset:
    """Compare a held-out study with predictions of the fit.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame
        Observations that were not in the fit: a study, its name or its file. A warning is logged
        for the study that was fitted.
    early : float, optional
        Time (in the unit of the model) up to which the observations of a subject are used to
        individualise it. Only later observations are compared then, for the population and for the
        individual.
    draws : int
        Number of posterior draws, each with new subjects.
    bins : int or sequence of float
        Bins of time for prediction correction; see
        `pkqsp_bayes.analysis.predictive.bins.bin_times`.
    probabilities : sequence of float
        Probabilities of the central intervals whose coverage is computed.
    seed : int
        Seed of all random numbers.

    Returns
    -------
    xarray.Dataset
        Over ``kind``: ``population``, conditional on the covariates of the subject only; and, if
        ``early`` is given, ``individual``.

        ``score`` (kind, endpoint, measure), which compares measured values y with predictions f,
        the medians over draws and subjects: ``bias`` mean of prediction less observation, ``RMSE``,
        ``pc_RMSE`` the root mean square of the prediction-corrected error (y - f) F / f with F the
        median prediction of the bin (Bergstrand et al. 2011, AAPS J 13:143), ``AFE`` and ``AAFE`` =
        10^mean(x), 10^mean(|x|) with x = log10(f / y) (Obach et al. 1997, J Pharmacol Exp Ther
        283:46), ``within_2_fold``, a share. The endpoint ``all`` has only measures without a unit.
        ``coverage`` (kind, endpoint, probability), with ``coverage_error``, its standard error with
        subjects as units; values beyond a limit of quantification count by their probability to be
        in the interval. ``count`` (endpoint) of observations. ``prediction``, ``pit`` (kind,
        observation), ``interval`` (kind, probability, bound, observation); coordinates ``ID``,
        ``TIME``, ``endpoint_of``, ``DV``, ``censored``.

    Raises
    ------
    CheckError
        All problems of the study; or if there are no observations to compare.
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study)
    _warn_of_fitted(fitted, study)
    rng = np.random.default_rng(seed)
    seen = observed_study(fitted, study, draws=draws, rng=rng, occasions=occasion_labels(study))
    later = np.ones(len(seen.observations), dtype=bool)
    f = seen.predictions("new_subjects", rng)
    found = {"population": (f, seen.observe(f, rng))}
    if early is not None:
        later = seen.table["TIME"].to_numpy() > early
        individuals = individualise(fitted, _hide(study, seen, later), draws=draws, seed=seed)
        found["individual"] = _of_individuals(seen, individuals, rng)
    if not later.any():
        what = "it has no observation to compare"
        remedy = f"give observations (EVID 0, MDV 0), some of them after {setting('early')}"
        raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])
    parts = [
        _compare(seen, later, values[:, later], replicates[:, later], bins, probabilities, rng)
        for values, replicates in found.values()
    ]
    result = xr.concat(parts, dim="kind").assign_coords(kind=list(found))
    result["count"] = result["count"].isel(kind=0)
    result.attrs = {"model": seen.model.title, "draws": seen.draws.size, "seed": seed,
                    "time_unit": seen.model.time_unit}  # fmt: skip
    return result if early is None else result.assign_attrs(early=early)


def _warn_of_fitted(fitted: FittedModel, study: Study) -> None:
    """Log a warning for the study that was fitted, as far as the fit has a record of it."""
    if "design" not in fitted.attrs and "observed_data" not in fitted.groups:
        return
    with suppress(CheckError):  # another study
        fitted.require_own(study)
        what = (
            "this is the study that was fitted, so that its coverage is not an external validation"
        )
        remedy = f"give a study that was not fitted, or compare models by {setting('loo_subject')}"
        issue = Issue(severity="warning", where=study.source, what=what, remedy=remedy)
        _LOGGER.warning("%s", issue)


def _hide(study: Study, seen: ObservedStudy, hidden: BoolArray) -> Study:
    """Return the study with some observations set to missing; their records stay."""
    table = study.table.copy()
    table.loc[table.index[seen.observations.row[hidden]], "MDV"] = 1
    return Study(table=table, source=study.source, units=study.units, covariates=study.covariates)


def _of_individuals(
    seen: ObservedStudy, individuals: Individuals, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return predictions and replicates (D, N), with the own draws of each subject."""
    dataset, simulator = individuals.dataset, seen.simulator
    which = dataset["population_draw"].to_numpy()
    parameters = individual_draws(
        simulator, individuals.draws, which, dataset["eta"].to_numpy(), dataset["kappa"].to_numpy()
    )
    f = simulator.solve(parameters).values[:, seen.places, seen.observations.output]
    replicates = np.empty_like(f)
    for s in range(which.shape[1]):
        mine = seen.observations.subject == s
        own = seen.with_draws(individuals.draws.take(which[:, s]))
        replicates[:, mine] = own.observe(f, rng)[:, mine]
    return f, replicates


def _compare(
    seen: ObservedStudy,
    later: BoolArray,
    f: FloatArray,
    replicates: FloatArray,
    bins: int | Sequence[float],
    probabilities: Sequence[float],
    rng: np.random.Generator,
) -> xr.Dataset:
    table = seen.table[later].reset_index(drop=True)
    y, censored = table["DV"].to_numpy(dtype=float), table["censored"].to_numpy()
    prediction = np.nanmedian(f, axis=0)
    pit = _pit(y, censored, replicates, rng)
    covered = np.abs(pit - 0.5)[:, None] < np.asarray(probabilities) / 2
    names = list(dict.fromkeys(table["endpoint"]))
    groups = {_ALL: np.ones(y.size, dtype=bool)}
    groups |= {name: (table["endpoint"] == name).to_numpy() for name in names}
    scores, coverage = [], []
    for name, mine in groups.items():
        measured = mine & (censored == 0)
        times = table["TIME"].to_numpy()[measured]
        scores.append(_scores(y[measured], prediction[measured], times, bins, name == _ALL))
        coverage.append(_coverage(covered[mine], table["ID"].to_numpy()[mine]))
    tails = np.array([[(1 - p) / 2, (1 + p) / 2] for p in probabilities])
    labels = {n: ("observation", table[n].to_numpy()) for n in ("ID", "TIME", "DV", "censored")}
    by_endpoint = ("endpoint", "probability")
    return xr.Dataset(
        {
            "score": (("endpoint", "measure"), np.array(scores)),
            "coverage": (by_endpoint, np.array([c for c, _ in coverage])),
            "coverage_error": (by_endpoint, np.array([e for _, e in coverage])),
            "count": ("endpoint", np.array([mine.sum() for mine in groups.values()])),
            "prediction": ("observation", prediction),
            "pit": ("observation", pit),
            "interval": (
                ("probability", "bound", "observation"), np.nanquantile(replicates, tails, axis=0)
            ),
        },
        coords={
            **labels,
            "endpoint_of": ("observation", table["endpoint"].to_numpy()),
            "observation": table["row"].to_numpy(),
            "endpoint": list(groups),
            "measure": list(_MEASURES),
            "probability": list(probabilities),
            "bound": ["lower", "upper"],
        },
    )  # fmt: skip


def _pit(
    y: FloatArray, censored: NDArray[np.int64], replicates: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return the PIT value of each observation; a censored one is drawn beyond y."""
    with np.errstate(invalid="ignore"):
        lower = ((replicates < y) + 0.5 * (replicates == y)).sum(axis=0)
    share: FloatArray = lower / np.maximum(1, (~np.isnan(replicates)).sum(axis=0))
    u = rng.random(y.size)
    beyond = np.where(censored < 0, u * share, share + u * (1 - share))
    chosen: FloatArray = np.where(censored == 0, share, beyond)
    return chosen


def _scores(
    y: FloatArray, f: FloatArray, times: FloatArray, bins: int | Sequence[float], mixed: bool
) -> list[float]:
    """Return the measures in their order; those with a unit are NaN without a common unit."""
    if not y.size:
        return [float("nan")] * len(_MEASURES)
    positive = (y > 0) & (f > 0)
    x = np.log10(f[positive] / y[positive])
    fold = [float("nan")] * 3
    if x.size:
        fold = [10 ** x.mean(), 10 ** np.abs(x).mean(), (np.abs(x) <= np.log10(2)).mean()]
    if mixed:
        return [float("nan")] * 3 + [float(v) for v in fold]
    error = y - f
    place, _ = bin_times(times, bins)
    centre = np.array([np.median(f[place == k]) for k in range(place.max() + 1)])[place]
    corrected = np.divide(error * centre, f, out=np.full(f.shape, np.nan), where=f > 0)
    corrected = corrected[~np.isnan(corrected)]
    pc = np.sqrt((corrected**2).mean()) if corrected.size else np.nan
    return [float(v) for v in (-error.mean(), np.sqrt((error**2).mean()), pc, *fold)]


def _coverage(covered: BoolArray, subject: NDArray[np.object_]) -> tuple[FloatArray, FloatArray]:
    """Return coverages (probability,) and their errors, with subjects as clusters."""
    share: FloatArray = covered.mean(axis=0)
    labels, place = np.unique(subject.astype(str), return_inverse=True)
    sums = np.zeros((labels.size, covered.shape[1]))
    np.add.at(sums, place, covered - share)
    if labels.size < 2:
        return share, np.full(share.shape, np.nan)
    inflation = labels.size / (labels.size - 1)
    return share, np.sqrt(inflation * (sums**2).sum(axis=0)) / len(covered)
