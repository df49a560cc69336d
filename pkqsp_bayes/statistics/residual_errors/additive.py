"""Additive error: normal with a constant standard deviation."""

from typing import final

from pkqsp_bayes.statistics.normal_error import NormalError
from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.residual_error import ErrorScale, Scales, half_normal_of_data

__all__ = ["FORM"]


@final
class AdditiveError(NormalError):
    """The error y ~ normal(f, sigma)."""

    description = "additive"
    scales = (
        ErrorScale(
            key="sigma",
            prior=half_normal_of_data,
            has_output_unit=True,
            meaning="additive SD",
        ),
    )

    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return sigma."""
        return scales["sigma"]


FORM = AdditiveError()
