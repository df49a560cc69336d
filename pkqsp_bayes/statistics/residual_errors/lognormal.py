"""Log-normal residual error: the logarithm of the observation is normal around log f."""

from typing import Any, final

import numpy as np

from pkqsp_bayes.statistics.normal_error import half_normal_of_share
from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.residual_error import (
    Array,
    Distribution,
    ErrorScale,
    ResidualErrorForm,
    Scales,
    WithParameters,
)

__all__ = ["FORM"]


def _scipy_lognormal(location: Value, sd: Value) -> Any:
    from scipy import stats  # slow to import, and few commands need it

    return WithParameters(stats.lognorm, s=sd, scale=np.exp(location))


@final
class LogNormalError(ResidualErrorForm):
    """The error log(y) ~ normal(log(f), sigma)."""

    description = "log-normal"
    scales = (ErrorScale(key="sigma", prior=half_normal_of_share, meaning="SD of the logarithm"),)
    distribution = Distribution(stan="lognormal", scipy=_scipy_lognormal)
    is_relative = True
    is_logarithmic = True
    log_moments = "exact"

    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return sigma, on the log scale."""
        return scales["sigma"]

    def arguments(self, ops: StatisticalOps, f: Value, scales: Scales) -> tuple[Value, ...]:
        """Return log f and sigma."""
        return ops.log(f), self.scale(ops, f, scales)

    def mean(self, f: Array, scales: Scales) -> Array:
        """Return the mean, which is above f."""
        return np.asarray(f * np.exp(0.5 * scales["sigma"] ** 2))

    def variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance."""
        square = self.log_variance(f, scales)
        return np.expm1(square) * (f * np.exp(0.5 * square)) ** 2

    def width(self, f: Array, scales: Scales) -> Array:
        """Return sigma multiplied by f."""
        return self._deviation(f, scales) * f

    def draw(self, f: Array, scales: Scales, rng: np.random.Generator) -> Array:
        """Draw one observation for each prediction."""
        return f * np.exp(self._deviation(f, scales) * self.standard_draw(f, scales, rng))

    def log_variance(self, f: Array, scales: Scales) -> Array:
        """Return sigma^2."""
        return self._deviation(f, scales) ** 2


FORM = LogNormalError()
