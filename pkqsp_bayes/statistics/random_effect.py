"""The interface of the forms of between-subject and between-occasion variability."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["Array", "RandomEffectForm", "Setting"]

Array = NDArray[np.float64]


class Setting(NamedTuple):
    """The properties of a parameter, in addition to its typical value, that a form needs.

    Parameters
    ----------
    low, high : value
        Bounds of the parameter.
    shape : value
        Shape of the distribution of its random effects, for forms with a shape.
    """

    low: Value = -math.inf
    high: Value = math.inf
    shape: Value = 0.0


class RandomEffectForm(ABC):
    """A form of the random effect (eta of a subject, kappa of an occasion) on a parameter.

    Attributes
    ----------
    description : str
        Readable name.
    domain : (float, float)
        Range of the parameter if the model states no bounds.
    is_bounded : bool
        Whether the bounds are part of the formula, so that all values are inside them.
    is_factor : bool
        Whether the effect multiplies the parameter, which is then positive, with ratios that the
        data identify.
    omega : str
        Default prior of the standard deviation.
    has_moments : bool
        Whether the mean and the variance of a parameter exist for every shape.
    shape : str or None
        Default prior of the shape; None for a form without a shape.
    effect_scale : str
        Name of the scale on which the effect is added.
    """

    description: str
    domain: tuple[float, float] = (-math.inf, math.inf)
    is_bounded: bool = False
    is_factor: bool = False
    omega: str = "half_normal(0.5)"
    has_moments: bool = True
    shape: str | None = None
    effect_scale: str = "natural"

    @abstractmethod
    def individual(
        self, ops: StatisticalOps, typical: Value, effect: Value, setting: Setting
    ) -> Value:
        """Return the individual value.

        Parameters
        ----------
        ops : StatisticalOps
            Of numbers, symbols or Stan text.
        typical : value
            Typical value given the covariates (for an occasion: the individual value of the
            subject).
        effect : value
            The random effect, which is 0 for the typical value.
        setting : Setting
            Bounds and shape, for forms that have them.
        """

    @abstractmethod
    def effect(self, ops: StatisticalOps, value: Value, typical: Value, setting: Setting) -> Value:
        """Return the random effect of an individual value, the inverse of `individual`."""

    @abstractmethod
    def location(
        self,
        ops: StatisticalOps,
        mean: Value,
        log_mean: Callable[[], Value],
        setting: Setting,
    ) -> Value:
        """Return the location of a centred effect: the typical value on the scale of the effect.

        Parameters
        ----------
        ops, setting
            As in `individual`.
        mean : value
            The typical value multiplied by the factors of covariates.
        log_mean : callable
            Returns the logarithm of the mean as a sum.
        """

    def bounds(self, lower: float | None, upper: float | None) -> tuple[float, float]:
        """Return the bounds of a parameter: the stated ones, else those of the form."""
        low = self.domain[0] if lower is None else float(lower)
        return low, self.domain[1] if upper is None else float(upper)

    def variation(self, typical: Array, omega: Array) -> Array | None:
        """Return the coefficient of variation of the parameter between subjects.

        Parameters
        ----------
        typical, omega : array
            Typical value, and standard deviation of the effect.

        Returns
        -------
        array or None
            None if the form has none; the standard deviation of the effect then describes it.
        """
        return None

    def effect_unit(self, unit: str) -> str:
        """Return the unit of the effect for the unit of the parameter."""
        return ""

    def rescaled_effect(
        self, typical: Array, effect: Array, factor: float, setting: Setting
    ) -> Array:
        """Return the effect at ``factor * typical`` that gives ``factor`` times the old value.

        It is not finite if this value is outside the bounds.
        """
        return effect
