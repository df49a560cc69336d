"""Normal residual errors, with a standard deviation that may depend on the prediction."""

from typing import Any

from pkqsp_bayes.statistics.ops import Value
from pkqsp_bayes.statistics.residual_error import Distribution, ResidualErrorForm, WithParameters

__all__ = ["NormalError", "half_normal_of_share"]


def _scipy_normal(mean: Value, sd: Value) -> Any:
    from scipy import stats  # its import is slow, and few commands need it

    return WithParameters(stats.norm, loc=mean, scale=sd)


def half_normal_of_share(_: float) -> str:
    """Return the prior of a relative standard deviation, which does not depend on the data."""
    return "half_normal(0.5)"


class NormalError(ResidualErrorForm):
    """A normal error; subclasses define its standard deviation."""

    distribution = Distribution(stan="normal", scipy=_scipy_normal)
