"""Posterior predictive p-values of statistics of a study (Gelman, Meng & Stern 1996)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.analysis.analysis_arguments import STATISTICS_RULE
from pkqsp_bayes.analysis.observed_study import replicated_study
from pkqsp_bayes.analysis.predictive.censored import CensoredTables, Statistic
from pkqsp_bayes.analysis.predictive.ranks import two_sided_p
from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.study.study_argument import STUDY, StudyLike
from pkqsp_bayes.study.timeline import rising_runs

__all__ = ["STATISTICS", "Statistic", "predictive_pvalues"]


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
    return float((table["censored"] < 0).mean())


def _share_above(table: pd.DataFrame) -> float:
    if table["ULOQ"].isna().all():
        return float("nan")
    return float((table["censored"] > 0).mean())


def _autocorrelation(table: pd.DataFrame) -> float:
    """Return the correlation of successive residuals around the mean of replicates."""
    residual = (table["DV"] - table["mean"]) / table["sd"]
    if not np.isfinite(residual).all():  # a single replicate has no standard deviation
        return np.nan
    follows = residual.groupby(table["ID"]).shift(1)
    both = follows.notna()
    return float(np.corrcoef(residual[both], follows[both])[0, 1]) if both.sum() > 2 else np.nan


STATISTICS: Mapping[str, Statistic] = {
    "median Cmax": _median_cmax,
    "SD of log Cmax": _sd_log_cmax,
    "median AUC": _median_auc,
    "share below LLOQ": _share_below,
    "share above ULOQ": _share_above,
    "autocorrelation of residuals": _autocorrelation,
}
"""Functions of the table of one endpoint: ID, TIME, DV, censored, LLOQ, ULOQ, covariates, and mean
and sd of replicates."""


@checked(
    fit=FIT,
    study=STUDY,
    statistics=STATISTICS_RULE,
    draws=count(),
    seed=SEED,
)
@labelled
def predictive_pvalues(
    fit: FitLike,
    study: StudyLike | None = None,
    *,
    statistics: Mapping[str, Statistic] | None = None,
    draws: int = 300,
    seed: int = 1,
) -> xr.Dataset:
    """Compare statistics of the observations with those of replicated studies.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Observations: a study, its name or its file; by default the study of the fit.
    statistics : mapping of str to callable, optional
        Functions of a table of the observations of one endpoint (``ID``, ``TIME``, ``DV``,
        ``censored``: -1 below LLOQ, 1 above ULOQ; ``LLOQ``, ``ULOQ``, covariates; ``mean`` and
        ``sd`` of replicates) that return a number. By default `STATISTICS`.
    draws : int
        Replicates.
    seed : int
        Seed of all random numbers.

    Returns
    -------
    xarray.Dataset
        ``observed`` (endpoint, statistic), ``replicated`` (endpoint, statistic, draw), ``p_value``
        (endpoint, statistic), two-sided: near 0 if all replicates are on one side. Values beyond a
        limit of quantification count as the limit, in observations and replicates; a limit applies
        to all observations of its endpoint.

    Raises
    ------
    CheckError
        All problems of the study; if too few draws have a replicate; if an endpoint has several
        limits, and also observations without a limit.
    """
    fitted = open_fit(fit)
    made = replicated_study(fitted, fitted.resolve_study(study), draws=draws, seed=seed)
    limits, observations = made.seen.limits(), made.seen.table
    chosen = STATISTICS if statistics is None else statistics
    cases = CensoredTables.of(observations, limits, made.values)
    endpoints = list(dict.fromkeys(observations["endpoint"]))
    pairs = [cases.statistics(endpoint, chosen) for endpoint in endpoints]
    observed, replicated = (np.array(part) for part in zip(*pairs, strict=True))
    return xr.Dataset(
        {
            "observed": (("endpoint", "statistic"), observed),
            "replicated": (("endpoint", "statistic", "draw"), replicated),
            "p_value": (("endpoint", "statistic"), two_sided_p(observed, replicated)),
        },
        coords={"endpoint": endpoints, "statistic": list(chosen)},
        attrs={
            "model": made.kept.model.title,
            "draws": made.kept.draws.size,
            "seed": seed,
        },
    )
