"""Laplace (double exponential) error, with heavier tails than the normal one and one scale."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from pkqsp_bayes.statistics.ops import StatisticalOps, Value
from pkqsp_bayes.statistics.residual_error import (
    Array,
    Distribution,
    ErrorScale,
    ResidualErrorForm,
    Scales,
    WithParameters,
    half_normal_of_data,
)

__all__ = ["FORM"]


def _scipy_laplace(location: Value, scale: Value) -> Any:
    from scipy import stats  # slow to import, and few commands need it

    return WithParameters(stats.laplace, loc=location, scale=scale)


@final
class LaplaceError(ResidualErrorForm):
    """The error y ~ double_exponential(f, sigma), with density exp(-|y - f| / sigma) / (2 sigma).

    Examples
    --------
    >>> FORM.scale_information({"sigma": 0.5})
    array([[4.]])
    """

    description = "Laplace (double exponential)"
    scales = (
        ErrorScale(
            key="sigma",
            prior=half_normal_of_data,
            has_output_unit=True,
            meaning="additive scale (Laplace)",
        ),
    )
    distribution = Distribution(stan="double_exponential", scipy=_scipy_laplace)
    is_smooth = False

    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return sigma."""
        return scales["sigma"]

    def variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance, twice sigma squared."""
        return 2 * self._deviation(f, scales) ** 2

    def weight(self, f: Array, scales: Scales) -> Array:
        """Return the standard deviation, the root of two times sigma."""
        return np.sqrt(self.variance(f, scales))

    def standard_draw(self, f: Array, scales: Scales, rng: np.random.Generator) -> Array:
        """Draw an error of scale 1 for each prediction."""
        return rng.laplace(size=np.shape(f))

    def scale_information(self, scales: Mapping[str, float]) -> Array:
        """Return 1 / sigma^2, half of the information of a normal observation on its SD."""
        return np.array([[1 / scales["sigma"] ** 2]])


FORM = LaplaceError()
