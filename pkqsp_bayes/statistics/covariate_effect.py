"""What a form of covariate effect hands over."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["Coefficients", "CovariateEffectForm"]

Coefficients = Mapping[float | None, Value]
"""Coefficients by the code of the level; of an effect without levels the one under None."""


class CovariateEffectForm(ABC):
    """How a covariate moves a parameter: by a factor, whether it is fixed or changes over time.

    Attributes
    ----------
    has_levels : bool
        Whether it has a coefficient for each level that is named; else it has one, and a reference.
    reference : float
        Where the factor is 1, if neither effect nor covariate states a reference.
    lowest : float
        Covariates must lie above.
    usage : str
        An example, as a model file writes it.
    """

    has_levels: bool = False
    reference: float = 0.0
    lowest: float = -math.inf
    usage: str

    @abstractmethod
    def factor(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the factor on the parameter.

        Parameters
        ----------
        ops : StatisticalOps
            Of numbers, symbols or Stan text.
        x : value
            The covariate, in its unit.
        reference : float
            Its centre.
        coefficients : mapping
            Of which 0 leaves the parameter alone.
        """

    @abstractmethod
    def logarithm(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the logarithm of the factor's size."""

    def coefficient_unit(self, unit: str) -> str:
        """Return the unit of a coefficient, given that of the covariate."""
        return ""
