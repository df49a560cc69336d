"""Unbiased variances within and between draws of nested Monte Carlo samples, with errors.

One-way analysis of variance with random effects (Searle, Casella & McCulloch 1992, Variance
Components, ch. 3): D draws of the parameters, with n subjects each.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "between", "pooled_variance", "within"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """An estimate with its Monte Carlo standard error, both (K,)."""

    value: FloatArray
    error: FloatArray

    @classmethod
    def mean_of(cls, samples: FloatArray) -> "Estimate":
        """Return the mean over the first axis of independent samples (D, K)."""
        error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
        return cls(value=samples.mean(axis=0), error=error)


def within(values: FloatArray) -> Estimate:
    """Return the mean variance within draws, E_phi Var_eta.

    Parameters
    ----------
    values : (D, n, K) array
        Values of n subjects for each of D draws.
    """
    return Estimate.mean_of(values.var(axis=1, ddof=1))


def between(values: FloatArray) -> Estimate:
    r"""Return the variance between the means of draws, Var_phi E_eta, corrected for finite n.

    The means of n subjects have a variance of ``within / n`` due to sampling, which is subtracted.
    The estimate may therefore be negative if the true value is near zero. Its error is a jackknife
    estimate over draws.

    Parameters
    ----------
    values : (D, n, K) array
        Values of n subjects for each of D draws.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> phi = 2 * rng.normal(size=(4000, 1, 1))
    >>> found = between(phi + 3 * rng.normal(size=(4000, 5, 1)))
    >>> bool(abs(found.value[0] - 4) < 4 * found.error[0])
    True
    """
    size, inner = values.shape[:2]
    means, variances = values.mean(axis=1), values.var(axis=1, ddof=1) / inner
    value = means.var(axis=0, ddof=1) - variances.mean(axis=0)
    # Means with one draw left out, in closed form.
    gone = size / (size - 1) * (means - means.mean(axis=0)) ** 2
    left = (means.var(axis=0, ddof=1) * (size - 1) - gone) / (size - 2)
    left = left - (variances.sum(axis=0) - variances) / (size - 1)
    spread = ((left - left.mean(axis=0)) ** 2).sum(axis=0) * (size - 1) / size
    return Estimate(value=value, error=np.sqrt(spread))


def pooled_variance(values: FloatArray) -> Estimate:
    """Return the variance over the first axis of independent samples (N, K)."""
    centred = values - values.mean(axis=0)
    second, fourth = (centred**2).mean(axis=0), (centred**4).mean(axis=0)
    size = len(values)
    error = np.sqrt(np.maximum(fourth - second**2, 0.0) / size)
    return Estimate(value=second * size / (size - 1), error=error)
