"""Exponential effect: exp(a (x - ref))."""

from typing import final

from pkqsp_bayes.statistics.covariate_effect import Coefficients, CovariateEffectForm
from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["FORM"]


@final
class ExponentialEffect(CovariateEffectForm):
    """The effect exp(a (x - ref))."""

    meaning = "log change per unit of {0}"
    usage = "exponential(0.01, 40)"

    def factor(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the exponential factor."""
        return ops.exp(self.logarithm(ops, x, reference, coefficients))

    def logarithm(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the coefficient multiplied by the difference from the reference."""
        return coefficients[None] * (x - reference)

    def coefficient_unit(self, unit: str) -> str:
        """Return the inverse of the unit of the covariate."""
        return f"1/({unit})" if unit else ""


FORM = ExponentialEffect()
