"""Natural and logarithmic scale: mean and variance of an observation around its prediction."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.residual import Residual

__all__ = ["SCALES", "Scale", "has_moments", "on_scale", "residual_mean", "residual_variance"]

FloatArray = NDArray[np.float64]
Scale = Literal["natural", "log"]
SCALES: tuple[Scale, ...] = ("natural", "log")


def on_scale(values: FloatArray, scale: Scale) -> FloatArray:
    """Return values on a scale; what has no logarithm is NaN."""
    if scale == "natural":
        return values
    return np.log(np.where(values > 0, values, np.nan))


def has_moments(residual: Residual, scale: Scale) -> bool:
    """Whether an observation has a mean and a variance on a scale.

    On the log scale a log-normal error has them, and a proportional one to first order. Every
    other error gives observations of zero and less with a probability that grows as the
    prediction falls: their logarithm has neither, and ``Var(y | f) / f²`` is no substitute, since
    its mean over subjects is unbounded or rules over all.

    Examples
    --------
    >>> sigma = np.array([0.1])
    >>> has_moments(Residual(form="additive", scales={"sigma": sigma}), "log")
    False
    >>> has_moments(Residual(form="proportional", scales={"sigma": sigma}), "log")
    True
    """
    return scale == "natural" or residual.form in ("lognormal", "proportional")


def residual_mean(residual: Residual, f: FloatArray, scale: Scale) -> FloatArray:
    """Return the mean of an observation whose prediction is f, on a scale.

    On the log scale that of log-normal errors is log f; that of proportional ones is taken to be;
    that of others does not exist (NaN).
    """
    if scale == "natural":
        return residual.mean(f)
    return on_scale(f, "log") if has_moments(residual, scale) else np.full_like(f, np.nan)


def residual_variance(residual: Residual, f: FloatArray, scale: Scale) -> FloatArray:
    """Return the variance of an observation whose prediction is f, on a scale.

    On the log scale that of log-normal errors is sigma^2; that of proportional ones is sigma^2 to
    first order; that of others does not exist (NaN).
    """
    if scale == "natural":
        return residual.variance(f)
    if not has_moments(residual, scale):
        return np.full_like(f, np.nan)
    if residual.form == "proportional":
        return np.where(f > 0, residual.scales["sigma"] ** 2, np.nan)
    return residual.deviation(f) ** 2
