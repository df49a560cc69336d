"""Logit-normal random effects: the effect adds to the logit of a share between two bounds.

P = L + (U - L) u, logit(u) = logit((TV - L) / (U - L)) + eta.
"""

from collections.abc import Callable
from typing import final

import numpy as np

from pkqsp_bayes.statistics.ops import NUMPY, StatisticalOps, Value
from pkqsp_bayes.statistics.random_effect import Array, Bounds, RandomEffectForm

__all__ = ["FORM"]


@final
class LogitNormalEffect(RandomEffectForm):
    """logit((P - L) / (U - L)) = logit((TV - L) / (U - L)) + eta.

    Examples
    --------
    >>> float(FORM.individual(NUMPY, 0.5, 0.0, (0.0, 1.0)))
    0.5
    """

    description = "logit-normal"
    domain = (0.0, 1.0)
    is_bounded = True

    def individual(
        self, ops: StatisticalOps, typical: Value, effect: Value, bounds: Bounds
    ) -> Value:
        """Return the value whose share is shifted on the logit scale."""
        low, high = bounds
        share = ops.shift_logit(typical, low, high, effect)
        return share if _is_unit(bounds) else low + (high - low) * share

    def effect(self, ops: StatisticalOps, value: Value, typical: Value, bounds: Bounds) -> Value:
        """Return the difference of the logits."""
        return ops.logit(_share(value, bounds)) - ops.logit(_share(typical, bounds))

    def location(
        self, ops: StatisticalOps, mean: Value, log_mean: Callable[[], Value], bounds: Bounds
    ) -> Value:
        """Return the logit of the typical value's share."""
        return ops.logit(_share(mean, bounds))

    def rescaled_effect(
        self, typical: Array, effect: Array, factor: float, bounds: Bounds
    ) -> Array:
        """Return the difference of the logits of the scaled values."""
        value = self.individual(NUMPY, typical, effect, bounds)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = self.effect(NUMPY, factor * value, factor * typical, bounds)
        return np.where(np.isclose(value, typical, atol=0.0), 0.0, moved)


def _share(value: Value, bounds: Bounds) -> Value:
    low, high = bounds
    return value if _is_unit(bounds) else (value - low) / (high - low)


def _is_unit(bounds: Bounds) -> bool:
    return bounds == (0.0, 1.0)


FORM = LogitNormalEffect()
