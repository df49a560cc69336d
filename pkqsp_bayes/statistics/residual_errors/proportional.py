"""Proportional error: normal with a standard deviation in proportion to the prediction."""

from typing import final

import numpy as np

from pkqsp_bayes.statistics.normal_error import NormalError, half_normal_of_share
from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.residual_error import Array, ErrorScale, Scales

__all__ = ["FORM"]


@final
class ProportionalError(NormalError):
    """The error y ~ normal(f, sigma |f|)."""

    description = "proportional to the prediction"
    scales = (
        ErrorScale(
            key="sigma",
            prior=half_normal_of_share,
            meaning="proportional SD, a share of the prediction",
        ),
    )
    is_relative = True
    log_moments = "first order"

    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return sigma multiplied by the absolute value of f."""
        return scales["sigma"] * ops.abs(f)

    def log_variance(self, f: Array, scales: Scales) -> Array:
        """Return sigma^2, to first order."""
        return np.where(f > 0, scales["sigma"] ** 2, np.nan)


FORM = ProportionalError()
