"""Mean and variance of an observation given its prediction, on the natural and the log scale."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.residual import Residual

__all__ = ["SCALES", "Scale", "has_moments", "on_scale", "residual_mean", "residual_variance"]

FloatArray = NDArray[np.float64]
Scale = Literal["natural", "log"]
SCALES: tuple[Scale, ...] = ("natural", "log")


def on_scale(values: FloatArray, scale: Scale) -> FloatArray:
    """Return values on a scale; values without a logarithm become NaN."""
    if scale == "natural":
        return values
    return np.log(np.where(values > 0, values, np.nan))


def has_moments(residual: Residual, scale: Scale) -> bool:
    """Return whether an observation has a mean and a variance on a scale.

    On the log scale they exist for some residual errors only
    (`pkqsp_bayes.statistics.residual_error.ResidualErrorForm`).

    Examples
    --------
    >>> from pkqsp_bayes.statistics import RESIDUAL_ERRORS
    >>> sigma = np.array([0.1])
    >>> has_moments(Residual(form=RESIDUAL_ERRORS["additive"], scales={"sigma": sigma}), "log")
    False
    >>> has_moments(Residual(form=RESIDUAL_ERRORS["proportional"], scales={"sigma": sigma}), "log")
    True
    """
    return scale == "natural" or residual.form.log_moments is not None


def residual_mean(residual: Residual, f: FloatArray, scale: Scale) -> FloatArray:
    """Return the mean of an observation whose prediction is f, on a scale.

    On the log scale the mean is log f, exactly or to first order, or does not exist (NaN).
    """
    if scale == "natural":
        return residual.mean(f)
    return on_scale(f, "log") if has_moments(residual, scale) else np.full_like(f, np.nan)


def residual_variance(residual: Residual, f: FloatArray, scale: Scale) -> FloatArray:
    """Return the variance of an observation whose prediction is f, on a scale.

    On the log scale the variance is exact, or of first order, or does not exist (NaN).
    """
    return residual.variance(f) if scale == "natural" else residual.log_variance(f)
