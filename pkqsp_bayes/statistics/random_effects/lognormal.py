"""Log-normal random effects, which add to the logarithm: P = TV exp(eta)."""

import math
from collections.abc import Callable
from typing import final

import numpy as np

from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.random_effect import Array, RandomEffectForm, Setting

__all__ = ["FORM"]


@final
class LogNormalEffect(RandomEffectForm):
    """The effect P = TV exp(eta)."""

    description = "log-normal"
    effect_scale = "log"
    domain = (0.0, math.inf)
    is_factor = True

    def individual(
        self, ops: StatisticalOps, typical: Value, effect: Value, setting: Setting
    ) -> Value:
        """Return the typical value multiplied by the exponential of the effect."""
        return typical * ops.exp(effect)

    def effect(self, ops: StatisticalOps, value: Value, typical: Value, setting: Setting) -> Value:
        """Return the logarithm of the ratio."""
        return ops.log(value / typical)

    def variation(self, typical: Array, omega: Array) -> Array | None:
        """Return sqrt(exp(omega^2) - 1), the CV of a log-normal distribution."""
        return np.sqrt(np.expm1(np.square(omega)))

    def location(
        self, ops: StatisticalOps, mean: Value, log_mean: Callable[[], Value], setting: Setting
    ) -> Value:
        """Return the logarithm of the typical value."""
        return log_mean()


FORM = LogNormalEffect()
