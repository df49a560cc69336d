"""Normalised prediction distribution errors, with and without decorrelation within subjects.

Brendel et al. 2006, Pharm Res 23:2036; Comets, Brendel & Mentre 2008, Comput Methods Programs
Biomed 90:154; values below LLOQ: Nguyen, Comets & Mentre 2012, J Pharmacokinet Pharmacodyn 39:499
(the value is drawn from the model's distribution below the limit).
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import linalg, stats

from pkqsp_bayes.analysis.predictive.replicates import observed_study
from pkqsp_bayes.study.study import Study

__all__ = ["npde"]

FloatArray = NDArray[np.float64]


def npde(fit: xr.DataTree, study: Study, *, draws: int = 1000, seed: int = 1) -> xr.Dataset:
    """Compute NPDE and NPD of every observation, and test them.

    Parameters
    ----------
    fit : xarray.DataTree
        What `pkqsp_bayes.fit` returns.
    study : Study
        The observations.
    draws : int
        Replicates; each is of another draw of the posterior, so that its uncertainty is in.
    seed : int
        Of everything random.

    Returns
    -------
    xarray.Dataset
        ``npd``, ``npde`` (observation): standard normal under the model, npde also independent
        within a subject; ``prediction`` (observation), the mean of replicates; ``p_value``
        (endpoint, test): of ``mean`` (t), ``variance`` (chi square), ``normality`` (Shapiro-Wilk)
        of the npde, and ``all``, the smallest of the three times 3; coordinates ``ID``, ``TIME``,
        ``endpoint``, ``censored``.

    Raises
    ------
    CheckError
        With every problem of the study.
    """
    rng = np.random.default_rng(seed)
    seen = observed_study(fit, study, draws=draws, rng=rng)
    simulated = seen.observe(seen.predictions("new_subjects", rng), rng)
    table = seen.table
    values = _imputed(
        table["DV"].to_numpy(dtype=float), table["censored"].to_numpy(), simulated, rng
    )
    npd = _scores(values, simulated)
    decorrelated = np.empty_like(npd)
    for s in np.unique(seen.observations.subject):
        mine = np.flatnonzero(seen.observations.subject == s)
        decorrelated[mine] = _decorrelated(values[mine], simulated[:, mine])
    endpoints = list(dict.fromkeys(table["endpoint"]))
    tests = [_tests(decorrelated[(table["endpoint"] == e).to_numpy()]) for e in endpoints]
    labels = {n: ("observation", table[n].to_numpy()) for n in ("ID", "TIME", "TAD", "censored")}
    return xr.Dataset(
        {
            "npd": ("observation", npd),
            "npde": ("observation", decorrelated),
            "prediction": ("observation", simulated.mean(axis=0)),
            "p_value": (("endpoint", "test"), np.array(tests)),
        },
        coords={
            **labels,
            "endpoint_of": ("observation", table["endpoint"].to_numpy()),
            "observation": table["row"].to_numpy(),
            "endpoint": endpoints,
            "test": ["mean", "variance", "normality", "all"],
        },
        attrs={"model": seen.model.title, "draws": seen.draws.size, "seed": seed},
    )


def _imputed(
    values: FloatArray, censored: NDArray[np.int64], simulated: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Put a value of the model's own distribution beyond the limit where a value is censored."""
    result = values.copy()
    for k in np.flatnonzero(censored):
        column = np.sort(simulated[:, k])
        share = np.searchsorted(column, values[k]) / column.size
        u = rng.uniform(0, share) if censored[k] < 0 else rng.uniform(share, 1)
        result[k] = np.quantile(column, u)
    return result


def _scores(values: FloatArray, simulated: FloatArray) -> FloatArray:
    """Return normal scores of the ranks of values among replicates (D, N)."""
    size = len(simulated)
    less = (simulated < values).sum(axis=0) + 0.5 * (simulated == values).sum(axis=0)
    scores: FloatArray = stats.norm.ppf(np.clip(less / size, 0.5 / size, 1 - 0.5 / size))
    return scores


def _decorrelated(values: FloatArray, simulated: FloatArray) -> FloatArray:
    """Return scores of one subject after whitening by the replicates' covariance."""
    centre = simulated.mean(axis=0)
    covariance = np.atleast_2d(np.cov(simulated.T))
    floor = 1e-10 * np.trace(covariance) / len(centre)
    factor = np.linalg.cholesky(covariance + floor * np.eye(len(centre)))

    def white(y: FloatArray) -> FloatArray:
        solved: FloatArray = linalg.solve_triangular(factor, (y - centre).T, lower=True)
        return solved.T

    return _scores(white(values), white(simulated))


def _tests(scores: FloatArray) -> list[float]:
    if scores.size < 3:
        return [float("nan")] * 4
    mean = stats.ttest_1samp(scores, 0).pvalue
    spread = (scores.size - 1) * scores.var(ddof=1)
    tail = stats.chi2.cdf(spread, scores.size - 1)
    variance = 2 * min(tail, 1 - tail)
    normal = stats.shapiro(scores).pvalue
    return [
        float(mean),
        float(variance),
        float(normal),
        float(min(1.0, 3 * min(mean, variance, normal))),
    ]
