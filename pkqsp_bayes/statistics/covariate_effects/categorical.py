"""Categorical effect: exp(a_level) for each named level, 1 for the others."""

from typing import final

from pkqsp_bayes.statistics.covariate_effect import Coefficients, CovariateEffectForm
from pkqsp_bayes.statistics.ops import StatisticalOps, Value

__all__ = ["FORM"]


@final
class CategoricalEffect(CovariateEffectForm):
    """The effect exp(a_level)."""

    has_levels = True
    meaning = "log ratio to the other levels of {0}"
    usage = "categorical(female = normal(0, 0.5))"

    def factor(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the exponential of the coefficient of the level."""
        return ops.exp(self.logarithm(ops, x, reference, coefficients))

    def logarithm(
        self, ops: StatisticalOps, x: Value, reference: float, coefficients: Coefficients
    ) -> Value:
        """Return the coefficient of the level, or 0 for a level that is not named."""
        return ops.match(x, [(code, a) for code, a in coefficients.items() if code is not None])


FORM = CategoricalEffect()
