"""The interface of the forms of covariate effects."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["Coefficients", "CovariateEffectForm"]

Coefficients = Mapping[float | None, Value]
"""Coefficients by the code of the level; without levels, the key is None."""


class CovariateEffectForm(ABC):
    """A form of the effect of a fixed or time-varying covariate: a factor on the parameter.

    Attributes
    ----------
    has_levels : bool
        Whether it has a coefficient for each named level; else it has one coefficient and a
        reference.
    reference : float
        Value at which the factor is 1, if neither effect nor covariate states a reference.
    lowest : float
        Values of the covariate must be above it.
    meaning : str
        Meaning of the coefficient; ``{0}`` stands for the covariate.
    usage : str
        An example from a model file.
    """

    has_levels: bool = False
    reference: float = 0.0
    lowest: float = -math.inf
    meaning: str
    usage: str

    @abstractmethod
    def factor(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the factor on the parameter.

        Parameters
        ----------
        ops : StatisticalOps
            Operations on numbers, symbols or Stan text.
        x : value
            The covariate in its unit.
        reference : float
            The reference value of the covariate.
        coefficients : mapping
            Coefficients; one of 0 has no effect.
        """

    @abstractmethod
    def logarithm(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the logarithm of the absolute factor."""

    def coefficient_unit(self, unit: str) -> str:
        """Return the unit of a coefficient for the unit of the covariate."""
        return ""
