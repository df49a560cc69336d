"""Combined error: the variance is the sum of an additive and a proportional one."""

from typing import final

from pkqsp_bayes.statistics.normal_error import NormalError, half_normal_of_share
from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.residual_error import ErrorScale, Scales, half_normal_of_data

__all__ = ["FORM"]


@final
class CombinedError(NormalError):
    """The error y ~ normal(f, sqrt(a^2 + (b f)^2)), with a ``additive`` and b ``proportional``."""

    description = "additive and proportional"
    scales = (
        ErrorScale(
            key="additive", prior=half_normal_of_data, has_output_unit=True, meaning="additive SD"
        ),
        ErrorScale(
            key="proportional",
            prior=half_normal_of_share,
            meaning="proportional SD, a share of the prediction",
        ),
    )

    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return the root of the sum of the variances."""
        additive, proportional = (scales[key] for key in self.keys)
        return ops.hypot(additive, proportional * f)


FORM = CombinedError()
