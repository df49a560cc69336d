"""Box-Cox transformed random effects, which are skewed log-normal ones.

P = TV exp(b), b = (exp(eta)^lambda - 1) / lambda, with a shape lambda for each parameter. With
lambda above 0 the upper tail of log P is longer, below 0 the lower tail; at 0 the form is
log-normal.

Petersson, Hanze, Savic & Karlsson 2009, Pharm Res 26:2174-2185.
"""

import math
from collections.abc import Callable
from typing import final

from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.random_effect import RandomEffectForm, Setting

__all__ = ["FORM"]


@final
class BoxCoxEffect(RandomEffectForm):
    """The effect P = TV exp((exp(lambda eta) - 1) / lambda).

    Examples
    --------
    >>> from pkqsp_bayes.statistics.ops import NUMPY
    >>> skewed = Setting(shape=0.5)
    >>> [round(float(FORM.individual(NUMPY, 1.0, eta, skewed)), 3) for eta in (-1.0, 0.0, 1.0)]
    [0.455, 1.0, 3.66]
    """

    description = "Box-Cox"
    effect_scale = "Box-Cox"
    domain = (0.0, math.inf)
    is_factor = True
    shape = "normal(0, 0.5)"
    has_moments = False  # E exp((e^x - 1) / lambda) is infinite for a normal x and lambda > 0

    def individual(
        self, ops: StatisticalOps, typical: Value, effect: Value, setting: Setting
    ) -> Value:
        """Return the typical value multiplied by the exponential of the transformed effect."""
        return typical * ops.exp(effect * ops.exprel(setting.shape * effect))

    def effect(self, ops: StatisticalOps, value: Value, typical: Value, setting: Setting) -> Value:
        """Return log(1 + lambda b) / lambda, with b the logarithm of the ratio."""
        b = ops.log(value / typical)
        return b * ops.logrel(setting.shape * b)

    def location(
        self, ops: StatisticalOps, mean: Value, log_mean: Callable[[], Value], setting: Setting
    ) -> Value:
        """Return the logarithm of the typical value, to which the effect adds to first order."""
        return log_mean()


FORM = BoxCoxEffect()
