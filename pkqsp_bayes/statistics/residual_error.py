"""What a form of residual error hands over."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.statistics.ops import NUMPY, StatisticalOps, Value

__all__ = ["Distribution", "ErrorScale", "ResidualErrorForm", "Scales", "half_normal_of_data"]

Array = NDArray[np.float64]
Scales = Mapping[str, Value]
"""Parameters of a residual error by their keys in the model file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorScale:
    """One parameter of a residual error.

    Parameters
    ----------
    key : str
        Its key in the model file (`pkqsp_bayes.spec.population.ErrorSpec`).
    prior : callable
        Text of its default prior, given the standard deviation of the observed values.
    has_output_unit : bool
        Whether it is in the unit of the output; else it is a pure number.
    is_positive : bool
        Whether a number that a model states must be above 0.
    """

    key: str
    prior: Callable[[float], str]
    has_output_unit: bool = False
    is_positive: bool = True


def half_normal_of_data(deviation: float) -> str:
    """Return a prior that leaves a scale anywhere below the spread of the data.

    Examples
    --------
    >>> half_normal_of_data(2.0)
    'half_normal(2)'
    """
    return f"half_normal({deviation:.3g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A distribution, in Stan and in SciPy.

    Parameters
    ----------
    stan : str
        Stan's name: ``<name>_lpdf``, ``_lcdf``, ``_lccdf``, ``_rng``.
    arguments : tuple of str
        What Stan's arguments are, in their order: location, scale, before them degrees of freedom.
    scipy : callable
        Returns SciPy's distribution, given Stan's arguments.
    """

    stan: str
    arguments: tuple[str, ...] = ("location", "scale")
    scipy: Callable[..., Any]


class ResidualErrorForm(ABC):
    """The distribution of an observation around its prediction f.

    Attributes
    ----------
    description : str
        Its name for people.
    scales : tuple of ErrorScale
        Its parameters.
    distribution : Distribution
        Of the observation.
    is_relative : bool
        Whether it has no width where the prediction is 0.
    is_logarithmic : bool
        Whether it is the logarithm of the observation that has the scale: observation and
        prediction are positive.
    is_smooth : bool
        Whether the log density has a second derivative by the prediction everywhere; else searches
        take the information in its place.
    log_moments : {"exact", "first order"} or None
        Whether the logarithm of an observation has a mean (log f) and a variance. Errors that give
        observations of zero and less have none: ``Var(y | f) / f^2`` is no substitute, since its
        mean over subjects is unbounded or rules over all.
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
        """Keys of its parameters."""
        return tuple(scale.key for scale in self.scales)

    def is_positive(self, key: str) -> bool:
        """Whether a parameter must be above 0."""
        return all(scale.is_positive for scale in self.scales if scale.key == key)

    @abstractmethod
    def scale(self, ops: StatisticalOps, f: Value, scales: Scales) -> Value:
        """Return the scale of the distribution (a normal error's standard deviation) at f."""

    def arguments(self, ops: StatisticalOps, f: Value, scales: Scales) -> tuple[Value, ...]:
        """Return the arguments of the distribution, in Stan's order."""
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

    def draw(self, f: Array, scales: Scales, rng: np.random.Generator) -> Array:
        """Draw one observation for each prediction."""
        return f + self._deviation(f, scales) * self.standard_draw(f, scales, rng)

    def standard_draw(self, f: Array, scales: Scales, rng: np.random.Generator) -> Array:
        """Draw an error of scale 1 for each prediction."""
        return rng.standard_normal(np.shape(f))

    def log_variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance of an observation's logarithm, NaN where it has none."""
        return np.full_like(f, np.nan)

    def information_variance(self, f: Array, scales: Scales) -> Array:
        """Return the variance of the normal error with the same Fisher information on f.

        Of a logarithmic error: on log f.
        """
        return self._deviation(f, scales) ** 2

    def scale_information(self, scales: Mapping[str, float]) -> Array | None:
        """Return the Fisher information of one observation on the scales, its prediction known.

        None where it is that of the normal error with `information_variance`. Else the first of the
        scales is that of the distribution.
        """
        return None

    def _deviation(self, f: Array, scales: Scales) -> Array:
        return np.asarray(self.scale(NUMPY, f, scales) + np.zeros_like(f))
