"""Effective priors of a table: after discount and mixture, and marginals of joint priors."""

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.spec.distribution import discount_prior
from pkqsp_bayes.spec.joint import JointPriorSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_grammar import MIXTURE
from pkqsp_bayes.spec.prior_table import PriorEntry

__all__ = ["effective_prior", "joint_factor", "joint_marginals"]

_FAMILIES = {"identity": "normal", "log": "lognormal", "logit": "logit_normal"}


def effective_prior(entry: PriorEntry) -> PriorSpec:
    """Return the prior of an entry after discount and mixture.

    Raises
    ------
    ValueError
        If the discounted prior is not a distribution of its family.

    Examples
    --------
    >>> prior = PriorSpec(family="normal", args=(0.0, 1.0))
    >>> print(effective_prior(PriorEntry(prior=prior, discount=0.25)))
    normal(0.0, 2.0)
    """
    informative = discount_prior(entry.prior, entry.discount)
    if entry.vague is None or entry.weight == 1:
        return informative
    return _mixture(entry.weight, informative, entry.vague)


def _mixture(weight: float, one: PriorSpec, other: PriorSpec) -> PriorSpec:
    return PriorSpec(family=MIXTURE, args=(weight,), parts=(one, other))


def joint_marginals(joint: JointPriorSpec) -> dict[str, PriorSpec]:
    """Return the marginal prior of each target of a joint prior.

    Examples
    --------
    >>> joint = JointPriorSpec(targets=("CL", "b"), scales=("log", "identity"), mean=(0.0, 1.0),
    ...                        sd=(0.2, 0.5), correlation=((1.0, 0.3), (0.3, 1.0)))
    >>> [str(prior) for prior in joint_marginals(joint).values()]
    ['lognormal(0.0, 0.2)', 'normal(1.0, 0.5)']
    """
    found = {}
    for i, (target, scale) in enumerate(zip(joint.targets, joint.scales, strict=True)):
        sd = joint.sd[i] / joint.discount**0.5
        prior = PriorSpec(family=_FAMILIES[scale], args=(joint.mean[i], sd))
        if joint.weight < 1:
            wide = PriorSpec(family=_FAMILIES[scale], args=(joint.mean[i], joint.vague_sd[i]))
            prior = _mixture(joint.weight, prior, wide)
        found[target] = prior
    return found


def joint_factor(joint: JointPriorSpec) -> NDArray[np.float64]:
    """Return the Cholesky factor of the covariance of the discounted informative part.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the correlation matrix is not positive definite.
    """
    sd = np.array(joint.sd) / np.sqrt(joint.discount)
    factor: NDArray[np.float64] = np.linalg.cholesky(np.array(joint.correlation))
    scaled: NDArray[np.float64] = sd[:, None] * factor
    return scaled
