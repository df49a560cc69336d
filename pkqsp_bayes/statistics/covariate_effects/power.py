"""Power effect: (x / ref)^a."""

from typing import final

from pkqsp_bayes.statistics.covariate_effect import Coefficients, CovariateEffectForm
from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["FORM"]


@final
class PowerEffect(CovariateEffectForm):
    """The effect (x / ref)^a."""

    reference = 1.0
    lowest = 0.0
    meaning = "exponent of {0} / reference"
    usage = "power(0.75, 70)"

    def factor(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the power of the ratio to the reference."""
        return ops.power(x / reference, coefficients[None])

    def logarithm(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the exponent multiplied by the logarithm of the ratio."""
        return coefficients[None] * ops.log(x / reference)


FORM = PowerEffect()
