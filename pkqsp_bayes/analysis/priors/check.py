"""`prior_check`: what the priors predict for a study, against what was seen."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import special, stats

from pkqsp_bayes.analysis.draws import model_of
from pkqsp_bayes.analysis.predictive.pvalues import STATISTICS, Statistic
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.addresses import stated_values
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = ["PRIOR_STATISTICS", "prior_check"]

FloatArray = NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)
_LEAST = 20  # replicates, below which a tail says nothing
_ABOUT_RESIDUALS = "autocorrelation of residuals"

PRIOR_STATISTICS: Mapping[str, Statistic] = {
    name: statistic for name, statistic in STATISTICS.items() if name != _ABOUT_RESIDUALS
}
"""Statistics of the table of one endpoint (ID, TIME, DV, LLOQ) that tell a prior by default."""


def prior_check(
    prior: xr.DataTree,
    study: Study,
    *,
    statistics: Mapping[str, Statistic] | None = None,
    draws: int = 500,
    seed: int = 1,
) -> xr.Dataset:
    """Compare a study with what the priors predict for it (Box's check).

    The study is replicated under draws of the prior, new subjects and residual errors included. A
    statistic far out in the tail of its replicates says that priors and data contradict one
    another; one in the middle of a very wide range says that the priors know little.

    Parameters
    ----------
    prior : xarray.DataTree
        What `pkqsp_bayes.sample_prior` returns for the model and this study.
    study : Study
        The observations.
    statistics : mapping of str to callable, optional
        From a table of one endpoint's observations (``ID``, ``TIME``, ``DV``, ``LLOQ``) to a
        number. By default Cmax (median, SD of logarithms), median AUC, share below LLOQ.
    draws : int
        Replicates at most; draws for which the solver failed are not among them.
    seed : int
        Chooses them.

    Returns
    -------
    xarray.Dataset
        ``observed`` (endpoint, statistic), ``replicated`` (endpoint, statistic, draw),
        ``p_value`` (endpoint, statistic), two-sided; ``box_p`` (endpoint): how often replicated
        statistics are, taken together, as improbable as those observed. Attributes ``failed``
        (share of draws without predictions) and ``looked_at_data`` (parameters whose default
        prior is scaled by these very data, so that p is too great; also logged).

    Raises
    ------
    CheckError
        If the prior was drawn for another study, or nothing of it can be replicated.

    Notes
    -----
    Box 1980, J R Stat Soc A 143:383-430; Evans & Moshonov 2006, Bayesian Anal 1:893-914. The joint
    check takes normal scores of each statistic's ranks and their Mahalanobis distance, and ranks
    that among the replicates.
    """
    replicas = _replicas(prior, study, draws, seed)
    chosen = PRIOR_STATISTICS if statistics is None else statistics
    endpoints = list(dict.fromkeys(replicas.table["endpoint"]))
    observed = np.empty((len(endpoints), len(chosen)))
    replicated = np.empty((*observed.shape, len(replicas.values)))
    for e, endpoint in enumerate(endpoints):
        observed[e], replicated[e] = replicas.statistics(endpoint, chosen)
    pairs = zip(observed, replicated, strict=True)
    own = _dependent(model_of(prior))
    if own:
        _LOGGER.warning("the default priors of %s are scaled by the data", ", ".join(own))
    return xr.Dataset(
        {
            "observed": (("endpoint", "statistic"), observed),
            "replicated": (("endpoint", "statistic", "draw"), replicated),
            "p_value": (("endpoint", "statistic"), _two_sided(observed, replicated)),
            "box_p": ("endpoint", [_joint_p(one, many) for one, many in pairs]),
        },
        coords={"endpoint": endpoints, "statistic": list(chosen)},
        attrs={"failed": replicas.failed, "looked_at_data": own, "seed": seed},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Replicas:
    """Observations (rows of a table), replicates of them (D, N), share of draws that failed."""

    table: pd.DataFrame
    values: FloatArray
    failed: float

    def statistics(
        self, endpoint: str, chosen: Mapping[str, Statistic]
    ) -> tuple[FloatArray, FloatArray]:
        mine = np.flatnonzero((self.table["endpoint"] == endpoint).to_numpy())
        part = self.table.iloc[mine]
        observed = np.array([statistic(part) for statistic in chosen.values()])
        tables = [part.assign(DV=y[mine]) for y in self.values]
        replicated = [[statistic(table) for table in tables] for statistic in chosen.values()]
        return observed, np.array(replicated)


def _replicas(prior: xr.DataTree, study: Study, draws: int, seed: int) -> _Replicas:
    predicted = prior["prior_predictive"].to_dataset()
    observed = prior["observed_data"].to_dataset()["DV"]
    rows = predicted.observation.to_numpy()
    _check_rows(study, observed)
    limits = study.table["LLOQ"].to_numpy(dtype=float)[rows]
    table = pd.DataFrame(
        {
            "ID": observed.ID.to_numpy(),
            "TIME": observed.TIME.to_numpy(),
            "endpoint": observed.endpoint.to_numpy(),
            "DV": observed.to_numpy(),
            "LLOQ": limits,
        }
    )
    whole = predicted["DV"].stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy()
    usable = whole[np.isfinite(whole).all(axis=1)]
    if len(usable) < _LEAST:
        what = f"only {len(usable)} of {len(whole)} draws predict every observation"
        remedy = f"draw more than that ({_LEAST} at least), or narrow the priors"
        raise CheckError([Issue(where="prior", what=what, remedy=remedy)])
    kept = np.random.default_rng(seed).permutation(len(usable))[:draws]
    censored = np.maximum(usable[kept], np.where(np.isnan(limits), -np.inf, limits))
    return _Replicas(table=table, values=censored, failed=1 - len(usable) / len(whole))


def _check_rows(study: Study, observed: xr.DataArray) -> None:
    rows = observed.observation.to_numpy()
    table = study.table
    known = rows.max(initial=-1) < len(table)
    if not known or (table["ID"].iloc[rows].astype(str) != observed.ID.to_numpy()).any():
        what, remedy = "the prior was drawn for another study", "call sample_prior with this one"
        raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])


def _dependent(model: ModelSpec) -> list[str]:
    """Return residual parameters without a prior of their own: the default looks at the data."""
    stated = stated_values(model)
    return [name for name, prior in stated.items() if prior is None and name.startswith("sigma")]


def _two_sided(observed: FloatArray, replicated: FloatArray) -> FloatArray:
    share = _shares(observed[..., None], replicated)[..., 0]
    return np.where(np.isnan(observed), np.nan, np.minimum(1, 2 * np.minimum(share, 1 - share)))


def _shares(values: FloatArray, replicated: FloatArray) -> FloatArray:
    """Return where values stand among replicates (..., D): the share below, ties by half."""
    below = (replicated[..., None, :] < values[..., None]).sum(axis=-1)
    ties = (replicated[..., None, :] == values[..., None]).sum(axis=-1)
    shares: FloatArray = (below + 0.5 * ties + 0.5) / (replicated.shape[-1] + 1)
    return shares


def _joint_p(observed: FloatArray, replicated: FloatArray) -> float:
    """Return how many replicates lie as far out as the observed statistics, all taken together."""
    told = np.isfinite(observed) & np.isfinite(replicated).all(axis=-1)
    told &= np.ptp(np.where(told[:, None], replicated, 0.0), axis=-1) > 0
    if not told.any():
        return float("nan")
    everything = np.column_stack([replicated[told], observed[told]])
    scores = special.ndtri(stats.rankdata(everything, axis=1) / (everything.shape[1] + 1))
    covariance = np.atleast_2d(np.cov(scores[:, :-1]))
    distance = np.einsum("ij,ik,kj->j", scores, np.linalg.pinv(covariance), scores)
    return float((np.sum(distance[:-1] >= distance[-1]) + 1) / distance.size)
