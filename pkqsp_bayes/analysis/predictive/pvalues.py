"""Posterior predictive p-values of statistics of a study (Gelman, Meng & Stern 1996)."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.predictive.replicates import ObservedStudy, observed_study
from pkqsp_bayes.study.stretches import rising_runs
from pkqsp_bayes.study.study import Study

__all__ = ["STATISTICS", "Statistic", "predictive_pvalues"]

FloatArray = NDArray[np.float64]
Statistic = Callable[[pd.DataFrame], float]


def _median_cmax(table: pd.DataFrame) -> float:
    return float(table.groupby("ID")["DV"].max().median())


def _sd_log_cmax(table: pd.DataFrame) -> float:
    highest = table.groupby("ID")["DV"].max()
    return float(np.log(highest[highest > 0]).std())


def _median_auc(table: pd.DataFrame) -> float:
    areas = [np.trapezoid(t["DV"], t["TIME"]) for _, t in table.groupby(rising_runs(table))]
    return float(np.median(areas))


def _share_below(table: pd.DataFrame) -> float:
    if table["LLOQ"].isna().all():
        return float("nan")
    return float((table["DV"] <= table["LLOQ"]).mean())


def _autocorrelation(table: pd.DataFrame) -> float:
    """Correlation of residuals of neighbours in time, around the mean of replicates."""
    residual = (table["DV"] - table["mean"]) / table["sd"]
    follows = residual.groupby(table["ID"]).shift(1)
    both = follows.notna()
    return float(np.corrcoef(residual[both], follows[both])[0, 1]) if both.sum() > 2 else np.nan


STATISTICS: Mapping[str, Statistic] = {
    "median Cmax": _median_cmax,
    "SD of log Cmax": _sd_log_cmax,
    "median AUC": _median_auc,
    "share below LLOQ": _share_below,
    "autocorrelation of residuals": _autocorrelation,
}
"""Of the table of one endpoint: ID, TIME, DV, LLOQ, covariates; mean and sd of replicates."""


def predictive_pvalues(
    fit: xr.DataTree,
    study: Study,
    *,
    statistics: Mapping[str, Statistic] | None = None,
    draws: int = 300,
    seed: int = 1,
) -> xr.Dataset:
    """Compare statistics of the observations with those of replicated studies.

    Parameters
    ----------
    fit : xarray.DataTree
        What `pkqsp_bayes.fit` returns.
    study : Study
        The observations.
    statistics : mapping of str to callable, optional
        From a table of one endpoint's observations (``ID``, ``TIME``, ``DV``, ``LLOQ``,
        covariates; ``mean`` and ``sd`` of replicates) to a number. By default `STATISTICS`.
    draws : int
        Replicates.
    seed : int
        Of everything random.

    Returns
    -------
    xarray.Dataset
        ``observed`` (endpoint, statistic), ``replicated`` (endpoint, statistic, draw), ``p_value``
        (endpoint, statistic), two-sided: near 0 where replicates lie to one side. Values below
        LLOQ count as the limit, in the observations and in the replicates.

    Raises
    ------
    CheckError
        With every problem of the study.
    """
    rng = np.random.default_rng(seed)
    seen = observed_study(fit, study, draws=draws, rng=rng)
    simulated = _censored(seen, seen.observe(seen.predictions("new_subjects", rng), rng))
    chosen = STATISTICS if statistics is None else statistics
    table = seen.table.assign(mean=simulated.mean(axis=0), sd=simulated.std(axis=0))
    endpoints = list(dict.fromkeys(table["endpoint"]))
    observed = np.empty((len(endpoints), len(chosen)))
    replicated = np.empty((*observed.shape, len(simulated)))
    for e, endpoint in enumerate(endpoints):
        mine = np.flatnonzero((table["endpoint"] == endpoint).to_numpy())
        part = table.iloc[mine]
        for k, statistic in enumerate(chosen.values()):
            observed[e, k] = statistic(part)
            replicated[e, k] = [statistic(part.assign(DV=y[mine])) for y in simulated]
    return xr.Dataset(
        {
            "observed": (("endpoint", "statistic"), observed),
            "replicated": (("endpoint", "statistic", "draw"), replicated),
            "p_value": (("endpoint", "statistic"), _two_sided(observed, replicated)),
        },
        coords={"endpoint": endpoints, "statistic": list(chosen)},
        attrs={"model": seen.model.title, "draws": seen.draws.size, "seed": seed},
    )


def _censored(seen: ObservedStudy, simulated: FloatArray) -> FloatArray:
    limits = seen.table["LLOQ"].to_numpy(dtype=float)
    return np.maximum(simulated, np.where(np.isnan(limits), -np.inf, limits))


def _two_sided(observed: FloatArray, replicated: FloatArray) -> FloatArray:
    size = replicated.shape[-1]
    below = (replicated < observed[..., None]).sum(axis=-1)
    ties = (replicated == observed[..., None]).sum(axis=-1)
    share = (below + 0.5 * ties + 0.5) / (size + 1)
    tail = 2 * np.minimum(share, 1 - share)
    return np.where(np.isnan(observed), np.nan, np.minimum(1.0, tail))
