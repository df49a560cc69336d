"""Power error: normal with a standard deviation that is a power of the prediction."""

from typing import final

from pkqsp_bayes.statistics.normal_error import NormalError, half_normal_of_share
from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.residual_error import ErrorScale, Scales

__all__ = ["FORM"]


@final
class PowerError(NormalError):
    """The error y ~ normal(f, sigma |f|^exponent)."""

    description = "a power of the prediction"
    scales = (
        ErrorScale(
            key="sigma",
            prior=half_normal_of_share,
            meaning="factor of the prediction to the exponent",
        ),
        ErrorScale(
            key="exponent",
            prior=lambda _: "half_normal(1)",
            is_positive=False,
            meaning="exponent of the prediction",
        ),
    )
    is_relative = True

    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return sigma multiplied by the power of the absolute value of f."""
        return scales["sigma"] * ops.power(ops.abs(f), scales["exponent"])


FORM = PowerError()
