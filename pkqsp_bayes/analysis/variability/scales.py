"""Natural and logarithmic scale: mean and variance of an observation around its prediction."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.residual import Residual

__all__ = ["SCALES", "Scale", "on_scale", "residual_mean", "residual_variance"]

FloatArray = NDArray[np.float64]
Scale = Literal["natural", "log"]
SCALES: tuple[Scale, ...] = ("natural", "log")


def on_scale(values: FloatArray, scale: Scale) -> FloatArray:
    """Return values on a scale; what has no logarithm is NaN."""
    if scale == "natural":
        return values
    return np.log(np.where(values > 0, values, np.nan))


def residual_mean(residual: Residual, f: FloatArray, scale: Scale) -> FloatArray:
    """Return the mean of an observation whose prediction is f, on a scale.

    On the log scale that of log-normal errors is log f; that of the others is taken to be.
    """
    return residual.mean(f) if scale == "natural" else on_scale(f, "log")


def residual_variance(residual: Residual, f: FloatArray, scale: Scale) -> FloatArray:
    """Return the variance of an observation whose prediction is f, on a scale.

    On the log scale that of log-normal errors is sigma^2; that of the others is of first order,
    Var(y | f) / f^2.
    """
    if scale == "natural":
        return residual.variance(f)
    if residual.form == "lognormal":
        return residual.deviation(f) ** 2
    relative: FloatArray = residual.variance(f) / np.where(f > 0, f, np.nan) ** 2
    return relative
