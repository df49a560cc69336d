"""Linear effect: 1 + a (x - ref)."""

from typing import final

from pkqsp_bayes.statistics.covariate_effect import Coefficients, CovariateEffectForm
from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["FORM"]


@final
class LinearEffect(CovariateEffectForm):
    """The effect 1 + a (x - ref)."""

    meaning = "relative change per unit of {0}"
    usage = "linear(0.01, 40)"

    def factor(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the linear factor, which may be negative."""
        return 1 + coefficients[None] * (x - reference)

    def logarithm(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the logarithm of the absolute factor."""
        return ops.log(ops.abs(self.factor(ops, x, reference, coefficients)))

    def coefficient_unit(self, unit: str) -> str:
        """Return the inverse of the unit of the covariate."""
        return f"1/({unit})" if unit else ""


FORM = LinearEffect()
