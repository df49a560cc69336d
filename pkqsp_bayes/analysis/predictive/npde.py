"""Normalised prediction distribution errors, with and without decorrelation within subjects.

Brendel et al. 2006, Pharm Res 23:2036; Comets, Brendel & Mentre 2008, Comput Methods Programs
Biomed 90:154; censored values: Nguyen, Comets & Mentre 2012, J Pharmacokinet Pharmacodyn 39:499
(censored values of observations and replicates are drawn from the model's distribution beyond the
limit, before decorrelation).

The tests rank the observed statistic among the statistics of the replicates. The nominal levels of
t and chi-square tests do not hold: the scores of one subject are uncorrelated but not independent,
and all subjects of a replicate share one draw of the parameters.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import linalg, stats

from pkqsp_bayes.analysis.observed_study import replicated_study
from pkqsp_bayes.analysis.predictive.ranks import far_p, two_sided_p
from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["npde"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_TESTS = ("mean", "variance", "normality", "all")
_LEAST = 3
"""Smallest number of observations of an endpoint for a test."""


@checked(
    fit=FIT,
    study=STUDY,
    draws=count(),
    seed=SEED,
)
@labelled
def npde(
    fit: FitLike, study: StudyLike | None = None, *, draws: int = 1000, seed: int = 1
) -> xr.Dataset:
    """Compute NPDE and NPD of every observation, and test them.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Observations: a study, its name or its file; by default the study of the fit.
    draws : int
        Number of replicates. Each has another posterior draw, so that parameter uncertainty is
        included.
    seed : int
        Seed of all random numbers.

    Returns
    -------
    xarray.Dataset
        ``npd``, ``npde`` (observation): standard normal if the model is correct; npde are also
        uncorrelated within a subject; ``prediction`` (observation), the mean of replicates;
        ``p_value`` (endpoint, test) of ``mean``, ``variance``, ``normality`` (Shapiro-Francia) of
        the npde, and ``all``, the smallest of the three. Each p-value is the rank of the observed
        statistic among those of the replicates, and not smaller than about 2 / draws. Coordinates
        ``ID``, ``TIME``, ``TAD``, ``endpoint_of``, ``censored``; ``unit`` of each endpoint.

    Raises
    ------
    CheckError
        All problems of the study; if too few draws have a replicate; if an endpoint has several
        limits of quantification, and also observations without a limit.
    """
    fitted = open_fit(fit)
    made = replicated_study(fitted, fitted.resolve_study(study), draws=draws, seed=seed)
    limits, table = made.seen.limits(), made.seen.table
    seen, simulated, rng = made.kept, made.values, made.generator()
    pool = np.vstack([table["DV"].to_numpy(dtype=float), simulated])
    side = limits.side(pool)
    side[0] = limits.side(pool[0], table["censored"].to_numpy())
    pool = _imputed(pool, side, rng)
    subject = seen.observations.subject
    white = np.empty_like(pool)
    for s in np.unique(subject):
        mine = np.flatnonzero(subject == s)
        white[:, mine] = _whitened(pool[:, mine])
    scores = _scores(white)
    endpoints = list(dict.fromkeys(table["endpoint"]))
    tests = [_tests(scores[:, (table["endpoint"] == e).to_numpy()]) for e in endpoints]
    labels = {n: ("observation", table[n].to_numpy()) for n in ("ID", "TIME", "TAD")}
    return xr.Dataset(
        {
            "npd": ("observation", _scores(pool)[0]),
            "npde": ("observation", scores[0]),
            "prediction": ("observation", simulated.mean(axis=0)),
            "p_value": (("endpoint", "test"), np.array(tests)),
        },
        coords={
            **labels,
            "censored": ("observation", side[0]),
            "endpoint_of": ("observation", table["endpoint"].to_numpy()),
            "observation": table["row"].to_numpy(),
            "endpoint": endpoints,
            "unit": ("endpoint", [seen.model.observe[e].value.unit or "" for e in endpoints]),
            "test": list(_TESTS),
        },
        attrs={
            "model": seen.model.title,
            "time_unit": seen.model.time_unit,
            "draws": seen.draws.size,
            "seed": seed,
        },
    )


def _imputed(pool: FloatArray, side: IntArray, rng: np.random.Generator) -> FloatArray:
    """Replace censored values by draws of the model's distribution beyond the limit.

    ``pool`` (1 + D, N): the observations, then their replicates, which represent that distribution.
    """
    result = pool.copy()
    for sign in (-1, 1):
        for k in np.flatnonzero((side == sign).any(axis=0)):
            hidden = side[:, k] == sign
            beyond = pool[1:, k][hidden[1:]]
            if not beyond.size:  # no replicate is: at least as extreme as all of them
                ends = pool[1:, k].min(), pool[1:, k].max()
                result[0, k] = min(ends[0], pool[0, k]) if sign < 0 else max(ends[1], pool[0, k])
                continue
            result[hidden, k] = np.quantile(beyond, rng.uniform(size=int(hidden.sum())))
    return result


def _scores(pool: FloatArray) -> FloatArray:
    """Return normal scores of the ranks of values (1 + D, N), with half weight for ties."""
    ranks = stats.rankdata(pool, axis=0)
    scores: FloatArray = stats.norm.ppf((ranks - 0.5) / len(pool))
    return scores


def _whitened(pool: FloatArray) -> FloatArray:
    """Return the decorrelated values of one subject."""
    centred = pool - pool.mean(axis=0)
    spread = centred.std(axis=0)
    scaled = centred / np.where(spread > 0, spread, 1.0)
    covariance = np.atleast_2d(np.cov(scaled.T))
    factor = np.linalg.cholesky(covariance + 1e-10 * np.eye(len(covariance)))
    solved: FloatArray = linalg.solve_triangular(factor, scaled.T, lower=True)
    return solved.T


def _tests(scores: FloatArray) -> list[float]:
    """Return the p-values of `_TESTS` for scores (1 + D, n), of which the first are observed."""
    if scores.shape[1] < _LEAST:
        return [float("nan")] * len(_TESTS)
    statistics = [scores.mean(axis=1), scores.var(axis=1, ddof=1)]
    each = [two_sided_p(s, np.broadcast_to(s, (s.size, s.size))) for s in statistics]
    each.append(_lower_p(_francia(scores)))
    smallest = np.min(each, axis=0)
    return [*(float(p[0]) for p in each), far_p(-smallest)]


def _francia(scores: FloatArray) -> FloatArray:
    """Return W' of each row, the squared correlation of its sorted values with normal quantiles.

    Shapiro & Francia 1972, J Am Stat Assoc 67:215; quantiles by Blom's formula.
    """
    size = scores.shape[1]
    expected = stats.norm.ppf((np.arange(1, size + 1) - 0.375) / (size + 0.25))
    centred = np.sort(scores, axis=1) - scores.mean(axis=1, keepdims=True)
    total = (centred**2).sum(axis=1) * (expected**2).sum()
    found: FloatArray = (centred @ expected) ** 2 / np.where(total > 0, total, 1.0)
    return found


def _lower_p(values: FloatArray) -> FloatArray:
    """Return for each value the share of values that are not larger."""
    return np.asarray(stats.rankdata(values, method="max") / values.size)
