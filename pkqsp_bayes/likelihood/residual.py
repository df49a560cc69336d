"""Residual error of an endpoint with its parameters: moments, draws, density."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import ErrorSpec
from pkqsp_bayes.statistics import RESIDUAL_ERRORS, ResidualErrorForm
from pkqsp_bayes.statistics.censoring import MEASURED, log_density

__all__ = ["Residual", "residual_of"]

Array = NDArray[np.float64]

_STEP = 1e-5
"""Relative step of the derivative of a variance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residual:
    """Residual error of one endpoint, with its parameters.

    Parameters
    ----------
    form : ResidualErrorForm
        Form of the residual error.
    scales : mapping of str to array
        Parameters by their keys; they broadcast against predictions.
    """

    form: ResidualErrorForm
    scales: Mapping[str, Array]

    def weight(self, f: Array) -> Array:
        """Return the denominator of a weighted residual, on the scale of the error."""
        return self.form.weight(f, self.scales)

    def width(self, f: Array) -> Array:
        """Return the scale of the error at f, in the unit of the observation."""
        return self.form.width(f, self.scales)

    def mean(self, f: Array) -> Array:
        """Return the mean of an observation; it is above f if the error is log-normal."""
        return self.form.mean(f, self.scales)

    def variance(self, f: Array) -> Array:
        """Return the variance of an observation; infinite if it does not exist."""
        return self.form.variance(f, self.scales)

    def log_variance(self, f: Array) -> Array:
        """Return the variance of the logarithm of an observation; NaN if it does not exist."""
        return self.form.log_variance(f, self.scales)

    def information_variance(self, f: Array) -> Array:
        """Return the variance of the normal error with the same information on f.

        For a logarithmic error, it is the information on log f.
        """
        return self.form.information_variance(f, self.scales)

    def information(self, f: Array) -> Array:
        """Return the Fisher information of an observation on its prediction f.

        That of the location, and that of a scale which depends on f.
        """
        step = _STEP * np.maximum(np.abs(f), np.finfo(float).tiny)
        below, above = (self.information_variance(f + k * step) for k in (-1, 1))
        slope = (np.log(above) - np.log(below)) / (2 * step)
        location = 1 / self.information_variance(f)
        if self.form.is_logarithmic:
            location = location / f**2
        return location + 0.5 * slope**2

    def draw(self, f: Array, rng: np.random.Generator) -> Array:
        """Draw one observation for each prediction."""
        return self.form.draw(f, self.scales, rng)

    def log_density(
        self,
        y: Array,
        f: Array,
        censored: NDArray[np.int64] | int = MEASURED,
        limit: Array | float = np.nan,
    ) -> Array:
        """Return the log density of observations.

        Parameters
        ----------
        y, f : array
            Values (the limit if censored) and predictions.
        censored : array of int
            0: measured; -1: below y; 1: above y.
        limit : array
            Other end of the interval of a censored value; NaN if there is none.
        """
        return log_density(self._dist(f), y, f, censored, limit)

    def cdf(self, y: Array, f: Array) -> Array:
        """Return the probability of an observation below y."""
        return np.asarray(self._dist(f).cdf(y))

    def _dist(self, f: Array) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):  # predictions without a distribution
            arguments = self.form.arguments(NUMPY, f, self.scales)
            return self.form.distribution.scipy(*arguments)


def residual_of(model: ModelSpec, endpoint: str, labels: tuple[str, ...], sigma: Array) -> Residual:
    """Return the residual error of an endpoint.

    Parameters
    ----------
    model : ModelSpec
        Model with the form of the residual error.
    endpoint : str
        An observed output.
    labels : tuple of str
        Labels of the columns of ``sigma`` (``cp``, or ``cp.additive``).
    sigma : (D, L) array
        Residual parameters.

    Raises
    ------
    KeyError
        If the endpoint has no residual error.
    """
    error = model.observe[endpoint].error if endpoint in model.observe else None
    if not isinstance(error, ErrorSpec):
        raise KeyError(endpoint)
    form = RESIDUAL_ERRORS[error.form]
    alone = len(form.keys) == 1
    places = {k: labels.index(endpoint if alone else f"{endpoint}.{k}") for k in form.keys}
    return Residual(form=form, scales={key: sigma[:, i] for key, i in places.items()})
