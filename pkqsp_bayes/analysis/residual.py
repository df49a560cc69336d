"""Residual errors in NumPy: mean, variance, draws, density of an observation given its prediction.

What `pkqsp_bayes.program.residual` prints for Stan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import ErrorSpec

__all__ = ["Residual", "residual_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residual:
    """The residual error of one endpoint, with its parameters.

    Parameters
    ----------
    form : str
        As in `ErrorSpec`.
    scales : mapping of str to array
        Its parameters by their keys; they broadcast against predictions.
    """

    form: str
    scales: Mapping[str, Array]

    def deviation(self, f: Array) -> Array:
        """Return the scale of the normal, Student or (log scale) log-normal error at f."""
        s = self.scales
        match self.form:
            case "combined":
                return np.hypot(s["additive"], s["proportional"] * f)
            case "proportional":
                return s["sigma"] * np.abs(f)
            case "power":
                return s["sigma"] * np.abs(f) ** s["exponent"]
            case _:
                return s["sigma"] + np.zeros_like(f)

    def _law(self, f: Array) -> Any:
        scale = self.deviation(f)
        match self.form:
            case "lognormal":
                return stats.lognorm(s=scale, scale=f)
            case "student_t":
                return stats.t(self.scales["df"], loc=f, scale=scale)
            case _:
                return stats.norm(loc=f, scale=scale)

    def mean(self, f: Array) -> Array:
        """Return the mean of an observation; above f where the error is log-normal."""
        if self.form == "lognormal":
            return f * np.exp(0.5 * self.scales["sigma"] ** 2)
        return np.asarray(f)

    def variance(self, f: Array) -> Array:
        """Return the variance of an observation; infinite for a Student's t with df <= 2."""
        scale = self.deviation(f)
        match self.form:
            case "lognormal":
                return np.expm1(scale**2) * (f * np.exp(0.5 * scale**2)) ** 2
            case "student_t":
                df = self.scales["df"] + np.zeros_like(f)
                heavy = df <= 2
                factor = np.where(heavy, np.inf, df / np.where(heavy, 1.0, df - 2))
                return scale**2 * factor
            case _:
                return scale**2

    def draw(self, f: Array, rng: np.random.Generator) -> Array:
        """Draw one observation for each prediction."""
        scale, standard = self.deviation(f), rng.standard_normal(np.shape(f))
        match self.form:
            case "lognormal":
                return f * np.exp(scale * standard)
            case "student_t":
                return f + scale * rng.standard_t(self.scales["df"] + np.zeros_like(f))
            case _:
                return f + scale * standard

    def log_density(
        self,
        y: Array,
        f: Array,
        censored: NDArray[np.int64] | int = 0,
        limit: Array | float = np.nan,
    ) -> Array:
        """Return the log density of observations.

        Parameters
        ----------
        y, f : array
            Values (the limit where censored), predictions.
        censored : array of int
            0: measured; -1: below y; 1: above y.
        limit : array
            Where censored: the other end of the interval that holds the value; NaN without one.
        """
        law = self._law(f)
        where = np.broadcast_to(censored, np.broadcast_shapes(np.shape(y), np.shape(f)))
        result = law.logpdf(y)
        if np.any(where < 0):
            result = np.where(where < 0, law.logcdf(y), result)
        if np.any(where > 0):
            result = np.where(where > 0, law.logsf(y), result)
        is_interval = (where != 0) & ~np.isnan(limit)
        if np.any(is_interval):
            result = np.where(is_interval, _log_between(law, np.asarray(y), limit, f), result)
        return np.asarray(result)

    def cdf(self, y: Array, f: Array) -> Array:
        """Return the probability of an observation below y."""
        return np.asarray(self._law(f).cdf(y))


def _log_between(law: Any, one: Array, other: Array | float, f: Array) -> Array:
    """Return the log probability between two values, from the tail that both are in."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    # Where the far end is NaN the result is not used.
    upper = low > f
    large = np.where(upper, law.logsf(low), law.logcdf(high))
    small = np.where(upper, law.logsf(high), law.logcdf(low))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(large + np.log1p(-np.exp(small - large)))


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "combined": ("additive", "proportional"),
    "power": ("sigma", "exponent"),
    "student_t": ("sigma", "df"),
}


def residual_of(model: ModelSpec, endpoint: str, labels: tuple[str, ...], sigma: Array) -> Residual:
    """Return the residual error of an endpoint.

    Parameters
    ----------
    model : ModelSpec
        States its form.
    endpoint : str
        An observed output.
    labels : tuple of str
        What the columns of ``sigma`` are (``cp``, or ``cp.additive``).
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
    fields = _FIELDS.get(error.form, ("sigma",))
    alone = len(fields) == 1
    places = {f: labels.index(endpoint if alone else f"{endpoint}.{f}") for f in fields}
    return Residual(form=error.form, scales={f: sigma[:, k] for f, k in places.items()})
