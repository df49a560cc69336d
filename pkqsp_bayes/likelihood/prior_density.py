"""Joint prior density of a model, normalised, at draws of its parameters."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from pkqsp_bayes.likelihood.stated_priors import stated_priors
from pkqsp_bayes.program.bind import prior_places
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.apply_priors import joint_factor
from pkqsp_bayes.spec.priors.distribution import Distribution, distribution
from pkqsp_bayes.spec.priors.prior import JointPriorSpec, PriorSpec
from pkqsp_bayes.study.study import Study

__all__ = ["StatedDensity", "lkj_log_density", "stated_density"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDensity:
    """Prior of all estimated parameters.

    Parameters
    ----------
    alone : mapping of str to Distribution
        Priors of single parameters by label, within their bounds.
    joint : mapping of str to JointPriorSpec
        Joint priors. Their normalisation ignores bounds within their support.
    lkj : float
        Shape of the LKJ prior of the correlations of random effects.
    """

    alone: Mapping[str, Distribution]
    joint: Mapping[str, JointPriorSpec]
    lkj: float

    @property
    def labels(self) -> frozenset[str]:
        """Labels of the parameters with a prior."""
        of_joint = [target for joint in self.joint.values() for target in joint.targets]
        return frozenset([*self.alone, *of_joint])

    def log_density(
        self, values: Mapping[str, FloatArray], correlations: Iterable[FloatArray], size: int
    ) -> FloatArray:
        """Return the log density of D values of each parameter.

        Parameters
        ----------
        values : mapping of str to (D,) array
            Values by label.
        correlations : iterable of (D, K, K) array
            Correlation matrices of each block of effects.
        size : int
            D.
        """
        total = np.zeros(size)
        for label, dist in self.alone.items():
            total += dist.log_density(values[label])
        for joint in self.joint.values():
            total += _joint_log_density(joint, values)
        for matrices in correlations:
            total += lkj_log_density(matrices, self.lkj)
        return total


def stated_density(model: ModelSpec, study: Study) -> StatedDensity:
    """Return the prior of a model; default priors of residual errors depend on the study.

    Parameters
    ----------
    model, study
        Model and study of the fit.

    Raises
    ------
    CheckError
        All problems of the model and of the study.
    """
    bound = bind_data(model, study, blq="M3", centred={})
    places, jointly = prior_places(bound), model.joint_prior
    targets = {target for joint in jointly.values() for target in joint.targets}
    alone = {
        label: distribution(prior, places[label].low, places[label].high)
        for label, prior in stated_priors(bound).items()
        if isinstance(prior, PriorSpec) and label not in targets
    }
    return StatedDensity(alone=alone, joint=jointly, lkj=float(model.population.omega.lkj))


def _joint_log_density(joint: JointPriorSpec, draws: Mapping[str, FloatArray]) -> FloatArray:
    values = [draws[target] for target in joint.targets]
    pairs = list(zip(values, joint.scales, strict=True))
    u = np.stack([_transformed(x, scale) for x, scale in pairs], axis=-1)
    factor = joint_factor(joint)
    density = np.atleast_1d(stats.multivariate_normal.logpdf(u, joint.mean, factor @ factor.T))
    if joint.weight < 1:
        vague = np.sum(stats.norm.logpdf(u, joint.mean, joint.vague_sd), axis=-1)
        informative = math.log(joint.weight) + density
        density = np.logaddexp(informative, math.log1p(-joint.weight) + vague)
    slopes = [_log_slope(x, scale) for x, scale in pairs]
    total: FloatArray = density + np.sum(slopes, axis=0)
    return total


def _transformed(x: FloatArray, scale: str) -> FloatArray:
    match scale:
        case "log":
            return np.log(x)
        case "logit":
            shares: FloatArray = special.logit(x)
            return shares
        case _:
            return x


def _log_slope(x: FloatArray, scale: str) -> FloatArray:
    """Return the log of the derivative of a transformation."""
    match scale:
        case "log":
            return -np.log(x)
        case "logit":
            return -np.log(x) - np.log1p(-x)
        case _:
            return np.zeros_like(x)


def lkj_log_density(matrices: FloatArray, shape: float) -> FloatArray:
    """Return the log density of correlation matrices, normalised over all of them.

    Parameters
    ----------
    matrices : (..., K, K) array
        Correlation matrices.
    shape : float
        Shape; 1 is uniform, larger values favour independence.

    Notes
    -----
    Lewandowski, Kurowicka & Joe 2009, J Multivar Anal 100:1989-2001, equation 16.

    Examples
    --------
    >>> float(np.exp(lkj_log_density(np.eye(2), 1.0)))  # uniform between -1 and 1
    0.5
    """
    size = matrices.shape[-1]
    left = size - np.arange(1, size)
    half = shape + (left - 1) / 2
    constant = (
        (2 * shape - 2 + left) * left * math.log(2) + left * special.betaln(half, half)
    ).sum()
    _, determinant = np.linalg.slogdet(matrices)
    density: FloatArray = (shape - 1) * determinant - constant
    return density
