"""`prior_check`: comparison of a study with prior predictions of it."""

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import special, stats

from pkqsp_bayes.analysis.analysis_arguments import STATISTICS_RULE
from pkqsp_bayes.analysis.predictive.censored import CensoredTables, Statistic
from pkqsp_bayes.analysis.predictive.predictive_pvalues import STATISTICS
from pkqsp_bayes.analysis.predictive.ranks import far_p, two_sided_p
from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fit_argument import PRIOR_DRAWS
from pkqsp_bayes.fitting.results.fitted_model import read_spec
from pkqsp_bayes.likelihood.quantification_limits import endpoint_limits
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.data.observations import collect_observations
from pkqsp_bayes.program.data.study_data import design_key
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.addresses import residual_scales, stated_values
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["PRIOR_STATISTICS", "prior_check"]

FloatArray = NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)
_LEAST = 20  # smallest number of replicates for a tail
_ABOUT_RESIDUALS = "autocorrelation of residuals"

PRIOR_STATISTICS: Mapping[str, Statistic] = {
    name: statistic for name, statistic in STATISTICS.items() if name != _ABOUT_RESIDUALS
}
"""Statistics of the table of one endpoint (ID, TIME, DV, censored, LLOQ, ULOQ) by default."""


@checked(prior=PRIOR_DRAWS, study=STUDY, statistics=STATISTICS_RULE, draws=count(), seed=SEED)
def prior_check(
    prior: xr.DataTree,
    study: StudyLike,
    *,
    statistics: Mapping[str, Statistic] | None = None,
    draws: int = 500,
    seed: int = 1,
) -> xr.Dataset:
    """Compare a study with prior predictions of it (Box's check).

    The study is replicated for draws of the prior, with new subjects and residual errors. A
    statistic in the far tail of its replicates shows a prior-data conflict. Replicates with a very
    wide range show that the priors are vague.

    Parameters
    ----------
    prior : xarray.DataTree
        Result of `pkqsp_bayes.sample_prior` for the model and a study with this design.
    study : Study, str, Path or DataFrame
        Observations: a study, its name or its file. Subjects, doses, covariates and samples must be
        those of the prior. The values may differ from those in ``prior``, unless the default prior
        of a residual error is scaled by them.
    statistics : mapping of str to callable, optional
        Functions of a table of the observations of one endpoint (``ID``, ``TIME``, ``DV``,
        ``censored``: -1 below LLOQ, 1 above ULOQ; ``LLOQ``, ``ULOQ``) that return a number. By
        default Cmax (median, SD of logarithms), median AUC, shares below LLOQ and above ULOQ.
        Values beyond a limit count as the limit, in observations and replicates; a limit applies to
        all observations of its endpoint.
    draws : int
        Largest number of replicates, without draws for which the solver failed.
    seed : int
        Seed of their choice.

    Returns
    -------
    xarray.Dataset
        ``observed`` (endpoint, statistic), ``replicated`` (endpoint, statistic, draw), ``p_value``
        (endpoint, statistic), two-sided; ``box_p`` (endpoint): share of replicates whose statistics
        together are as improbable as the observed ones. Attributes ``failed`` (share of draws
        without predictions) and ``looked_at_data`` (parameters whose default prior is scaled by the
        same data, so that p is too large; also logged).

    Raises
    ------
    CheckError
        If the prior was drawn for another study; if there are too few replicates; if an endpoint
        has several limits of quantification, and also observations without a limit.

    Notes
    -----
    Box 1980, J R Stat Soc A 143:383-430; Evans & Moshonov 2006, Bayesian Anal 1:893-914. The joint
    check computes normal scores of the ranks of each statistic, then their Mahalanobis distance,
    and ranks this distance among the replicates.
    """
    model = read_spec(prior)
    study = as_study(study, model)
    own = _dependent(model)
    table = _observations(model, prior, study)
    _check_study(prior, study, table, own)
    replicas, failed = _replicas(prior, study, table, draws, seed)
    chosen = PRIOR_STATISTICS if statistics is None else statistics
    endpoints = list(dict.fromkeys(table["endpoint"]))
    found = [replicas.statistics(endpoint, chosen) for endpoint in endpoints]
    observed, replicated = (np.array(part) for part in zip(*found, strict=True))
    pairs = zip(observed, replicated, strict=True)
    if own:
        _LOGGER.warning("the default priors of %s are scaled by the data", ", ".join(own))
    return xr.Dataset(
        {
            "observed": (("endpoint", "statistic"), observed),
            "replicated": (("endpoint", "statistic", "draw"), replicated),
            "p_value": (("endpoint", "statistic"), two_sided_p(observed, replicated)),
            "box_p": ("endpoint", [_joint_p(one, many) for one, many in pairs]),
        },
        coords={"endpoint": endpoints, "statistic": list(chosen)},
        attrs={"failed": failed, "looked_at_data": own, "seed": seed},
    )


def _observations(model: ModelSpec, prior: xr.DataTree, study: Study) -> pd.DataFrame:
    """Return the observations of a study as a table, in the order of the prior predictions."""
    compiled = compile_model(unfold_trajectories(model), occasions=_occasions(prior))
    seen = collect_observations(compiled, study)
    names = np.array(compiled.ode.output_names)
    return pd.DataFrame(
        {
            "row": seen.row,
            "ID": study.table["ID"].iloc[seen.row].to_numpy(),
            "endpoint": names[seen.output],
            "DV": seen.value,
            "censored": seen.censored,
            "LLOQ": seen.lower,
            "ULOQ": seen.upper,
        }
    )


def _occasions(prior: xr.DataTree) -> tuple[str, ...]:
    coords = prior["prior"].coords
    return tuple(map(str, coords["occasion"].to_numpy())) if "occasion" in coords else ()


def _check_study(prior: xr.DataTree, study: Study, table: pd.DataFrame, own: list[str]) -> None:
    """Refuse a study with another design, or with other values if a prior is scaled by them."""
    drawn = prior["observed_data"].to_dataset()["DV"]
    if not _is_same_design(prior, study, table, drawn):
        what = "the prior was drawn for another study"
        if drawn.size == (table["censored"] == 0).sum() < len(table):
            what = "the prior was drawn without the censored values (M1)"
        remedy = f"call {setting('sample_prior')} with this study and {setting('blq', 'M3')}"
    elif own and not np.allclose(drawn.to_numpy(), table["DV"], rtol=1e-12, atol=0):
        named = ", ".join(own)
        what = f"the default priors of {named} were scaled by other values: the "
        what += "prior was drawn for another study"
        remedy = f"call {setting('sample_prior')} with this study, or state a prior for {named}"
    else:
        return
    raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])


def _is_same_design(
    prior: xr.DataTree, study: Study, table: pd.DataFrame, drawn: xr.DataArray
) -> bool:
    pairs = (("observation", "row"), ("ID", "ID"), ("endpoint", "endpoint"))
    if drawn.size != len(table):
        return False
    same = all((drawn[a].to_numpy() == table[b].to_numpy()).all() for a, b in pairs)
    if not same or "design" not in prior.attrs:
        return same
    bound = bind_data(read_spec(prior), study, blq="M3", centred={})
    return bool(prior.attrs["design"] == design_key(bound))


def _replicas(
    prior: xr.DataTree, study: Study, table: pd.DataFrame, draws: int, seed: int
) -> tuple[CensoredTables, float]:
    """Return observations and replicates with the same censoring, and the share of failed draws."""
    predicted = prior["prior_predictive"].to_dataset()["DV"]
    limits = endpoint_limits(
        study, table["row"].to_numpy(), table["endpoint"].to_numpy(dtype=str),
        lower=table["LLOQ"].to_numpy(), upper=table["ULOQ"].to_numpy(),
    )  # fmt: skip
    whole = predicted.stack(sample=("chain", "draw")).transpose("sample", ...).to_numpy()
    usable = whole[np.isfinite(whole).all(axis=1)]
    if len(usable) < _LEAST:
        what = f"only {len(usable)} of {len(whole)} draws predict every observation"
        remedy = f"take more draws ({_LEAST} at least), or use narrower priors"
        raise CheckError([Issue(where="prior", what=what, remedy=remedy)])
    kept = np.random.default_rng(seed).permutation(len(usable))[:draws]
    timed = table.assign(TIME=predicted["TIME"].to_numpy())
    return CensoredTables.of(timed, limits, usable[kept]), 1 - len(usable) / len(whole)


def _dependent(model: ModelSpec) -> list[str]:
    """Return residual parameters without a stated prior whose default is scaled by the data."""
    missing = [label for label, prior in stated_values(model).items() if prior is None]
    scaled = {
        label
        for name, observed in model.observe.items()
        if observed.error is not None
        for label, scale in residual_scales(name, observed.error).items()
        if scale.follows_data
    }
    return [label for label in missing if label in scaled]


def _joint_p(observed: FloatArray, replicated: FloatArray) -> float:
    """Return the share of replicates that are jointly as extreme as the observed statistics."""
    varying = np.isfinite(observed) & np.isfinite(replicated).all(axis=-1)
    varying &= np.ptp(np.where(varying[:, None], replicated, 0.0), axis=-1) > 0
    if not varying.any():
        return float("nan")
    everything = np.column_stack([observed[varying], replicated[varying]])
    scores = special.ndtri(stats.rankdata(everything, axis=1) / (everything.shape[1] + 1))
    covariance = np.atleast_2d(np.cov(scores))
    return far_p(np.einsum("ij,ik,kj->j", scores, np.linalg.pinv(covariance), scores))
