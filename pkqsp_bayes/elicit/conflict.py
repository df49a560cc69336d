"""Prior-data conflict, and the information that a posterior adds to a prior."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from pkqsp_bayes.arguments import LEVEL, checked
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.spec.labels import PARAMETER_DIM
from pkqsp_bayes.spec.prior_table import PRIORS, PriorTable
from pkqsp_bayes.spec.priors.apply_priors import effective_prior, joint_factor
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import JointPriorSpec

__all__ = ["information_gain", "prior_conflict"]

FloatArray = NDArray[np.float64]

_TRANSFORMS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "identity": np.array,
    "log": np.log,
    "logit": special.logit,
}
_GRID = 4000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Informed:
    """The information of a table on some parameters: normal on transformed scales."""

    name: str
    targets: tuple[str, ...]
    scales: tuple[str, ...]
    mean: FloatArray
    covariance: FloatArray


@checked(fit=FIT, table=PRIORS, level=LEVEL)
@labelled
def prior_conflict(fit: FitLike, table: PriorTable, *, level: float = 0.05) -> pd.DataFrame:
    """Compare the information of the data with that of a prior table.

    The posterior of a fit with vague priors represents the likelihood. Both are approximated as
    normal on the scale of the prior (logarithms). The distance between the two is compared with its
    expected variability if both were correct (Presanis et al. 2013, Stat Sci 28:376; Evans &
    Moshonov 2006, Bayesian Anal 1:893).

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        A fit of the same model with vague priors.
    table : PriorTable
        The priors to compare; of a mixture the informative part is used.
    level : float
        A conflict is flagged if p is below this level.

    Returns
    -------
    DataFrame
        One row per parameter and per joint prior: ``z`` (None for a joint prior), ``p``,
        ``conflict``.

    Raises
    ------
    CheckError
        If the posterior does not have a parameter of the table.
    """
    values = open_fit(fit).draws
    informed = list(_informed(table))
    missing = [t for i in informed for t in i.targets if t not in values]
    if missing:
        raise CheckError(
            Issue(
                where=name,
                what="the fit does not have this parameter",
                remedy="use a fit of the same model",
            )
            for name in missing
        )
    rows = [row for one in informed for row in _rows(one, values)]
    found = pd.DataFrame(rows, columns=[PARAMETER_DIM, "z", "p"]).set_index(PARAMETER_DIM)
    return found.assign(conflict=found["p"] < level)


@checked(fit=FIT, table=PRIORS)
@labelled
def information_gain(fit: FitLike, table: PriorTable) -> pd.Series:
    """Return the information, in bits, that each posterior adds to its prior in a table.

    This is the Kullback-Leibler divergence of the posterior, as a kernel density estimate, from the
    prior (Lindley 1956, Ann Math Stat 27:986).

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        A fit with the priors of the table.
    table : PriorTable
        The priors.
    """
    values, found = open_fit(fit).draws, {}
    for one in _informed(table):
        sd = np.sqrt(np.diag(one.covariance))
        for i, target in enumerate(one.targets):
            u = _TRANSFORMS[one.scales[i]](values[target])
            kernel = stats.gaussian_kde(u)
            some = u[:: max(1, u.size // _GRID)]
            gap = kernel.logpdf(some) - stats.norm.logpdf(some, one.mean[i], sd[i])
            found[target] = float(gap.mean() / np.log(2))
    return pd.Series(found, name="bits", dtype=float).rename_axis(PARAMETER_DIM)


def _rows(one: _Informed, values: Mapping[str, FloatArray]) -> Iterator[tuple[str, float, float]]:
    u = np.stack([_TRANSFORMS[s](values[t]) for t, s in zip(one.targets, one.scales, strict=True)])
    gap, spread = u.mean(axis=1) - one.mean, np.atleast_2d(np.cov(u)) + one.covariance
    for i, target in enumerate(one.targets):
        z = float(gap[i] / np.sqrt(spread[i, i]))
        yield target, z, float(2 * stats.norm.sf(abs(z)))
    if len(one.targets) > 1:
        distance = float(gap @ np.linalg.solve(spread, gap))
        yield f"joint {one.name}", np.nan, float(stats.chi2.sf(distance, len(one.targets)))


def _informed(table: PriorTable) -> Iterator[_Informed]:
    for name, joint in table.joint.items():
        yield _of_joint(name, joint)
    for name, entry in table.priors.items():
        prior = effective_prior(entry)
        informative = prior.parts[0] if prior.parts else prior
        dist = distribution(informative)
        scale = {(0.0, np.inf): "log", (0.0, 1.0): "logit"}.get((dist.low, dist.high), "identity")
        # The moments of the transformed variable follow from its quantiles.
        u = _TRANSFORMS[scale](dist.quantile((np.arange(_GRID) + 0.5) / _GRID))
        yield _Informed(
            name=name,
            targets=(name,),
            scales=(scale,),
            mean=np.array([u.mean()]),
            covariance=np.array([[u.var()]]),
        )


def _of_joint(name: str, joint: JointPriorSpec) -> _Informed:
    factor = joint_factor(joint)
    return _Informed(
        name=name,
        targets=joint.targets,
        scales=joint.scales,
        mean=np.array(joint.mean),
        covariance=factor @ factor.T,
    )
