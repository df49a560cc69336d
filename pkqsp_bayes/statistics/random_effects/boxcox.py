"""Box-Cox transformed random effects: log-normal ones whose distribution may be skewed.

P = TV exp(b), b = (exp(eta)^lambda - 1) / lambda, with a shape lambda for each parameter. Above 0
the upper tail of log P is the longer one, below 0 the lower one; at 0 it is the log-normal form.

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
    """P = TV exp((exp(lambda eta) - 1) / lambda).

    Examples
    --------
    >>> from pkqsp_bayes.statistics.ops import NUMPY
    >>> skewed = Setting(shape=0.5)
    >>> [round(float(FORM.individual(NUMPY, 1.0, eta, skewed)), 3) for eta in (-1.0, 0.0, 1.0)]
    [0.455, 1.0, 3.66]
    """

    description = "Box-Cox"
    domain = (0.0, math.inf)
    is_factor = True
    shape = "normal(0, 0.5)"

    def individual(
        self, ops: StatisticalOps, typical: Value, effect: Value, setting: Setting
    ) -> Value:
        """Return the typical value times the exponential of the transformed effect."""
        return typical * ops.exp(effect * ops.exprel(setting.shape * effect))

    def effect(self, ops: StatisticalOps, value: Value, typical: Value, setting: Setting) -> Value:
        """Return log(1 + lambda b) / lambda of the logarithm b of the ratio."""
        b = ops.log(value / typical)
        return b * ops.logrel(setting.shape * b)

    def location(
        self, ops: StatisticalOps, mean: Value, log_mean: Callable[[], Value], setting: Setting
    ) -> Value:
        """Return the logarithm of the typical value: to first order the effect adds to that."""
        return log_mean()


FORM = BoxCoxEffect()
