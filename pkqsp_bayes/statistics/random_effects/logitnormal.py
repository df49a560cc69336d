"""Logit-normal random effects, which add to the logit of a fraction between two bounds.

P = L + (U - L) u, logit(u) = logit((TV - L) / (U - L)) + eta.
"""

from collections.abc import Callable
from typing import final

import numpy as np

from pkqsp_bayes.statistics.ops import NUMPY, StatisticalOps, Value
from pkqsp_bayes.statistics.random_effect import Array, RandomEffectForm, Setting

__all__ = ["FORM"]


@final
class LogitNormalEffect(RandomEffectForm):
    """The effect logit((P - L) / (U - L)) = logit((TV - L) / (U - L)) + eta.

    Examples
    --------
    >>> float(FORM.individual(NUMPY, 0.5, 0.0, Setting(low=0.0, high=1.0)))
    0.5
    """

    description = "logit-normal"
    effect_scale = "logit"
    domain = (0.0, 1.0)
    is_bounded = True

    def individual(
        self, ops: StatisticalOps, typical: Value, effect: Value, setting: Setting
    ) -> Value:
        """Return the value after a shift of its fraction on the logit scale."""
        low, high = setting.low, setting.high
        share = ops.shift_logit(typical, low, high, effect)
        return share if _is_unit(setting) else low + (high - low) * share

    def effect(self, ops: StatisticalOps, value: Value, typical: Value, setting: Setting) -> Value:
        """Return the difference of the logits."""
        return ops.logit(_share(value, setting)) - ops.logit(_share(typical, setting))

    def location(
        self, ops: StatisticalOps, mean: Value, log_mean: Callable[[], Value], setting: Setting
    ) -> Value:
        """Return the logit of the fraction of the typical value."""
        return ops.logit(_share(mean, setting))

    def rescaled_effect(
        self, typical: Array, effect: Array, factor: float, setting: Setting
    ) -> Array:
        """Return the difference of the logits of the scaled values."""
        value = self.individual(NUMPY, typical, effect, setting)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = self.effect(NUMPY, factor * value, factor * typical, setting)
        return np.where(np.isclose(value, typical, atol=0.0), 0.0, moved)


def _share(value: Value, setting: Setting) -> Value:
    low, high = setting.low, setting.high
    return value if _is_unit(setting) else (value - low) / (high - low)


def _is_unit(setting: Setting) -> bool:
    return (setting.low, setting.high) == (0.0, 1.0)


FORM = LogitNormalEffect()
