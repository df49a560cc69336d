"""What a form of between-subject and between-occasion variability hands over."""

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
    """What a form needs to know of a parameter beside its typical value, in values of its `Ops`.

    Parameters
    ----------
    low, high : value
        Bounds of the parameter.
    shape : value
        Shape of the distribution of its random effects, of a form that has one.
    """

    low: Value = -math.inf
    high: Value = math.inf
    shape: Value = 0.0


class RandomEffectForm(ABC):
    """How a random effect (eta of a subject, kappa of an occasion) moves a parameter.

    Attributes
    ----------
    description : str
        Its name for people.
    domain : (float, float)
        What values a parameter may have, where the model states no bounds.
    is_bounded : bool
        Whether the bounds are part of the formula, so that nothing may lie outside them.
    is_factor : bool
        Whether the effect multiplies the parameter: what varies so is positive, and its ratios are
        what data identify.
    omega : str
        Default prior of the standard deviation.
    shape : str or None
        Default prior of the shape; None: the form has no shape.
    """

    description: str
    domain: tuple[float, float] = (-math.inf, math.inf)
    is_bounded: bool = False
    is_factor: bool = False
    omega: str = "half_normal(0.5)"
    shape: str | None = None

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
            Of subjects like this one, their covariates given (of an occasion: the subject's own).
        effect : value
            The random effect; 0 gives the typical value.
        setting : Setting
            Bounds and shape; forms that have none take no notice.
        """

    @abstractmethod
    def effect(self, ops: StatisticalOps, value: Value, typical: Value, setting: Setting) -> Value:
        """Return the random effect of an individual value: the inverse of `individual`."""

    @abstractmethod
    def location(
        self,
        ops: StatisticalOps,
        mean: Value,
        log_mean: Callable[[], Value],
        setting: Setting,
    ) -> Value:
        """Return the typical value on the scale on which the effect adds, where it is centred.

        Parameters
        ----------
        ops, setting
            As of `individual`.
        mean : value
            The typical value times the factors of covariates.
        log_mean : callable
            Its logarithm, as a sum of theirs.
        """

    def bounds(self, lower: float | None, upper: float | None) -> tuple[float, float]:
        """Return the bounds of a parameter: those that are stated, else those of the form."""
        low = self.domain[0] if lower is None else float(lower)
        return low, self.domain[1] if upper is None else float(upper)

    def effect_unit(self, unit: str) -> str:
        """Return the unit of the effect, given that of the parameter."""
        return ""

    def rescaled_effect(
        self, typical: Array, effect: Array, factor: float, setting: Setting
    ) -> Array:
        """Return the effect that moves ``factor * typical`` to ``factor`` times the old value.

        It is not finite where that leaves the bounds.
        """
        return effect
