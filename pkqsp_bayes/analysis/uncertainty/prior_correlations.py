"""Comparison of the prior and the posterior of each correlation of random effects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.spec.labels import corr_label

__all__ = ["CorrelationPrior", "compare_correlations", "correlation_priors"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationPrior:
    """Marginal distribution of a correlation under an LKJ prior: 2 B - 1 with a Beta variable B.

    Parameters
    ----------
    shape : float
        Both shapes of the Beta distribution.

    Examples
    --------
    >>> uniform = CorrelationPrior(shape=1.0)
    >>> uniform.quantile([0.05, 0.5]).tolist(), float(np.exp(uniform.log_density(0.3)))
    ([-0.9, 0.0], 0.5)
    """

    shape: float

    def quantile(self, p: ArrayLike) -> FloatArray:
        """Return the quantiles of probabilities ``p``."""
        found: FloatArray = 2.0 * stats.beta.ppf(p, self.shape, self.shape) - 1.0
        return found

    def log_density(self, x: ArrayLike) -> FloatArray:
        """Return the log density; minus infinity beyond -1 and 1."""
        middle = (np.asarray(x, dtype=np.float64) + 1.0) / 2.0
        found: FloatArray = stats.beta.logpdf(middle, self.shape, self.shape) - np.log(2.0)
        return found

    def variance(self) -> float:
        """Return the variance; the mean is 0."""
        return 1.0 / (2.0 * self.shape + 1.0)


def correlation_priors(bound: BoundData) -> dict[str, CorrelationPrior]:
    """Return the prior of each correlation of random effects, by label.

    Parameters
    ----------
    bound : BoundData
        Model bound to its study.
    """
    return {label: CorrelationPrior(shape=shape) for label, shape in _marginals(bound)}


def compare_correlations(
    bound: BoundData,
    draws: Mapping[str, FloatArray],
    levels: Sequence[float],
    *,
    truth: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the columns of `pkqsp_bayes.prior_posterior` for each correlation.

    Parameters
    ----------
    bound : BoundData
        Model bound to its study.
    draws : mapping of str to (draws,) array
        Posterior draws by label.
    levels : sequence of float
        Probabilities of the quantiles: lower, median, upper.
    truth : mapping of str to float, optional
        True values by label.

    Returns
    -------
    DataFrame
        By label, without the sensitivities, as power scaling has one of all correlations together.

    Notes
    -----
    Under an LKJ prior with shape s each correlation of K effects is distributed as 2 B - 1 with
    B ~ Beta(s + K/2 - 1, s + K/2 - 1): Lewandowski, Kurowicka & Joe 2009, J Multivar Anal 100:1989.
    """
    rows = {
        label: _compare(draws[label], prior, bound, levels, (truth or {}).get(label))
        for label, prior in correlation_priors(bound).items()
        if label in draws
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _marginals(bound: BoundData) -> Iterator[tuple[str, float]]:
    """Yield the label of each correlation with the shape of its Beta distribution."""
    names = [effect.parameter for effect in bound.effects]
    for block in bound.blocks:
        for i, first in enumerate(block):
            for second in block[i + 1 :]:
                shape = bound.spec.population.omega.lkj + len(block) / 2 - 1
                yield corr_label(names[first], names[second]), shape


def _compare(
    values: FloatArray,
    prior: CorrelationPrior,
    bound: BoundData,
    levels: Sequence[float],
    truth: float | None,
) -> dict[str, object]:
    low, middle, high = prior.quantile(levels)
    found = dict(zip(("q5", "q50", "q95"), np.quantile(values, levels), strict=True))
    z = np.nan if truth is None else (values.mean() - truth) / values.std()
    return {
        "prior": f"lkj({bound.spec.population.omega.lkj:g})",
        "prior_q5": low,
        "prior_q50": middle,
        "prior_q95": high,
        **found,
        "contraction": 1 - values.var() / prior.variance(),
        "shift": values.mean() / np.sqrt(prior.variance()),
        "z": z,
        "diagnosis": "",
    }
