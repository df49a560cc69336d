"""A linear effect: 1 + a (x - ref)."""

from typing import final

from pkqsp_bayes.statistics.covariate_effect import Coefficients, CovariateEffectForm
from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["FORM"]


@final
class LinearEffect(CovariateEffectForm):
    """1 + a (x - ref)."""

    usage = "linear(0.01, 40)"

    def factor(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the straight line, which may go below 0."""
        return 1 + coefficients[None] * (x - reference)

    def logarithm(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the logarithm of its size."""
        return ops.log(ops.abs(self.factor(ops, x, reference, coefficients)))

    def coefficient_unit(self, unit: str) -> str:
        """Return the inverse of the covariate's unit."""
        return f"1/({unit})" if unit else ""


FORM = LinearEffect()
