"""The interface of the forms of residual error."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.statistics.ops import NUMPY, StatisticalOps, Value

__all__ = [
    "Distribution",
    "ErrorScale",
    "ResidualErrorForm",
    "Scales",
    "WithParameters",
    "half_normal_of_data",
]

Array = NDArray[np.float64]
Scales = Mapping[str, Value]
"""Parameters of a residual error by their keys in the model file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorScale:
    """A parameter of a residual error.

    Parameters
    ----------
    key : str
        Its key in the model file (`pkqsp_bayes.spec.population.ErrorSpec`).
    prior : callable
        Returns its default prior for the standard deviation of the observed values.
    meaning : str
        Its meaning, for tables.
    has_output_unit : bool
        Whether it has the unit of the output; else it is dimensionless.
    is_positive : bool
        Whether a stated number must be above 0.
    """

    key: str
    prior: Callable[[float], str]
    meaning: str
    has_output_unit: bool = False
    is_positive: bool = True

    @property
    def follows_data(self) -> bool:
        """Return whether the default prior depends on the spread of the data."""
        return self.prior(1.0) != self.prior(2.0)


def half_normal_of_data(deviation: float) -> str:
    """Return a prior of a scale between 0 and about the standard deviation of the data.

    Examples
    --------
    >>> half_normal_of_data(2.0)
    'half_normal(2)'
    """
    return f"half_normal({deviation:.3g})"


class WithParameters:
    """A SciPy distribution with its parameters.

    SciPy's own frozen distributions cost a millisecond each, more than their density.

    Parameters
    ----------
    family : scipy.stats.rv_continuous
        The family.
    parameters : value
        Its parameters by name.

    Examples
    --------
    >>> from scipy import stats
    >>> float(WithParameters(stats.norm, loc=1.0, scale=2.0).cdf(1.0))
    0.5
    """

    def __init__(self, family: Any, **parameters: Value) -> None:
        self.family, self.parameters = family, parameters

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method of the family with the parameters."""
        return partial(getattr(self.family, name), **self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A distribution with its names in Stan and SciPy.

    Parameters
    ----------
    stan : str
        Name in Stan: ``<name>_lpdf``, ``_lcdf``, ``_lccdf``, ``_rng``.
    arguments : tuple of str
        The arguments in Stan, in their order: degrees of freedom (if any), location, scale.
    scipy : callable
        Returns the SciPy distribution for the arguments of Stan.
    """

    stan: str
    arguments: tuple[str, ...] = ("location", "scale")
    scipy: Callable[..., Any]


class ResidualErrorForm(ABC):
    """The distribution of an observation around its prediction f.

    Attributes
    ----------
    description : str
        Readable name.
    scales : tuple of ErrorScale
        Its parameters.
    distribution : Distribution
        Distribution of the observation.
    is_relative : bool
        Whether its scale is 0 at a prediction of 0.
    is_logarithmic : bool
        Whether the scale is that of the logarithm of the observation; observation and prediction
        are then positive.
    is_smooth : bool
        Whether the log density has a second derivative by the prediction everywhere; else searches
        use the information instead.
    log_moments : {"exact", "first order"} or None
        Whether the logarithm of an observation has a mean (log f) and a variance. Errors with
        observations of zero or less have none: ``Var(y | f) / f^2`` cannot replace it, because its
        mean over subjects is unbounded or dominates all others.
    """

    description: str
    scales: tuple[ErrorScale, ...]
    distribution: Distribution
    is_relative: bool = False
    is_logarithmic: bool = False
    is_smooth: bool = True
    log_moments: Literal["exact", "first order"] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of its parameters."""
        return tuple(scale.key for scale in self.scales)

    def is_positive(self, key: str) -> bool:
        """Return whether a parameter must be above 0."""
        return all(scale.is_positive for scale in self.scales if scale.key == key)

    @abstractmethod
    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return the scale of the distribution (a normal error's standard deviation) at f."""

    def arguments(self, ops: StatisticalOps, f: Value, scales: Scales) -> tuple[Value, ...]:
        """Return the arguments of the distribution in the order of Stan."""
        return f, self.scale(ops, f, scales)

    def mean(self, f: Array, scales: Scales) -> Array:
        """Return the mean of an observation."""
        return np.asarray(f)

    def variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance of an observation."""
        return self._deviation(f, scales) ** 2

    def width(self, f: Array, scales: Scales) -> Array:
        """Return the scale of the error in the unit of the observation."""
        return self._deviation(f, scales)

    def weight(self, f: Array, scales: Scales) -> Array:
        """Return the denominator of a weighted residual, on the log scale if the error is so.

        It is the standard deviation of the error, or its scale if that may not exist.
        """
        return self._deviation(f, scales)

    def draw(self, f: Array, scales: Scales, rng: np.random.Generator) -> Array:
        """Draw one observation for each prediction."""
        return f + self._deviation(f, scales) * self.standard_draw(f, scales, rng)

    def standard_draw(self, f: Array, scales: Scales, rng: np.random.Generator) -> Array:
        """Draw an error of scale 1 for each prediction."""
        return rng.standard_normal(np.shape(f))

    def log_variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance of the logarithm of an observation; NaN if it has none."""
        return np.full_like(f, np.nan)

    def information_variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance of the normal error with the same Fisher information on f.

        For a logarithmic error, the information is on log f.
        """
        return self._deviation(f, scales) ** 2

    def scale_information(self, scales: Mapping[str, float]) -> Array | None:
        """Return the Fisher information of one observation on the scales for a known prediction.

        None if it equals that of the normal error with `information_variance`. Otherwise the first
        scale is that of the distribution.
        """
        return None

    def _deviation(self, f: Array, scales: Scales) -> Array:
        return np.asarray(self.scale(NUMPY, f, scales) + np.zeros_like(f))
