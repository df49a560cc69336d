"""Normal random effects, which add to the parameter: P = TV + eta."""

from collections.abc import Callable
from typing import final

import numpy as np

from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.random_effect import Array, RandomEffectForm, Setting

__all__ = ["FORM"]


@final
class NormalEffect(RandomEffectForm):
    """The effect P = TV + eta."""

    description = "normal"

    def individual(
        self, ops: StatisticalOps, typical: Value, effect: Value, setting: Setting
    ) -> Value:
        """Return the sum of typical value and effect."""
        return typical + effect

    def effect(self, ops: StatisticalOps, value: Value, typical: Value, setting: Setting) -> Value:
        """Return the difference to the typical value."""
        return value - typical

    def variation(self, typical: Array, omega: Array) -> Array | None:
        """Return omega / |typical|, if all typical values have one sign."""
        if not (np.all(typical > 0) or np.all(typical < 0)):
            return None
        return omega / np.abs(typical)

    def location(
        self, ops: StatisticalOps, mean: Value, log_mean: Callable[[], Value], setting: Setting
    ) -> Value:
        """Return the typical value."""
        return mean

    def effect_unit(self, unit: str) -> str:
        """Return the unit of the parameter."""
        return unit

    def rescaled_effect(
        self, typical: Array, effect: Array, factor: float, setting: Setting
    ) -> Array:
        """Return the effect multiplied by the factor."""
        return factor * effect


FORM = NormalEffect()
