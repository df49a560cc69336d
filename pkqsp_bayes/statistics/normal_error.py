"""Normal residual errors, whose standard deviation may depend on the prediction."""

from typing import Any

from pkqsp_bayes.statistics.ops import Value
from pkqsp_bayes.statistics.residual_error import Distribution, ResidualErrorForm

__all__ = ["NormalError", "half_normal_of_share"]


def _scipy_normal(mean: Value, sd: Value) -> Any:
    from scipy import stats  # slow to import, and few commands need it

    return stats.norm(loc=mean, scale=sd)


def half_normal_of_share(_: float) -> str:
    """Return a prior of a relative standard deviation, whatever the data are."""
    return "half_normal(0.5)"


class NormalError(ResidualErrorForm):
    """A normal error; its forms say what the standard deviation is."""

    distribution = Distribution(stan="normal", scipy=_scipy_normal)
