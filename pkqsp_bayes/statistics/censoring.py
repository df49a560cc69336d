"""Likelihood of observations below a limit, above a limit, or between two limits (M3).

Beal 2001, J Pharmacokinet Pharmacodyn 28:481-504.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ABOVE", "BELOW", "LOWER", "MEASURED", "TERMS", "UPPER", "Tail", "log_density"]

Array = NDArray[np.float64]

BELOW, MEASURED, ABOVE = -1, 0, 1
"""Codes of the column ``censored``."""

TERMS = {BELOW: "lcdf", ABOVE: "lccdf", MEASURED: "lpdf"}
"""The function of a Stan distribution for the log density, by code."""


class Tail(NamedTuple):
    """The log probability between two limits: log(exp(large) - exp(small)).

    ``term`` is the function of the distribution, evaluated at ``large`` and at ``small``.
    """

    term: str
    large: str
    small: str


UPPER = Tail(term="lccdf", large="low", small="high")
"""For limits above the prediction, where a difference of lower tails is a rounding error."""

LOWER = Tail(term="lcdf", large="high", small="low")
"""For all other limits."""

_SCIPY = {"lpdf": "logpdf", "lcdf": "logcdf", "lccdf": "logsf"}


def log_density(
    dist: Any,
    y: Array,
    f: Array,
    censored: NDArray[np.int64] | int = MEASURED,
    limit: Array | float = np.nan,
) -> Array:
    """Return the log density of observations.

    Parameters
    ----------
    dist : distribution
        SciPy distribution of the observations.
    y, f : array
        Values (the limit if censored) and predictions.
    censored : array of int
        0 for measured, -1 for below y, 1 for above y.
    limit : array
        For a censored value, the other end of its interval; NaN without one.
    """
    where = np.broadcast_to(censored, np.broadcast_shapes(np.shape(y), np.shape(f)))
    result = _term(dist, TERMS[MEASURED], y)
    for code in (BELOW, ABOVE):
        if np.any(where == code):
            result = np.where(where == code, _term(dist, TERMS[code], y), result)
    is_interval = (where != MEASURED) & ~np.isnan(limit)
    if np.any(is_interval):
        result = np.where(is_interval, _between(dist, np.asarray(y), limit, f), result)
    return np.asarray(result)


def _term(dist: Any, term: str, y: Array) -> Array:
    return np.asarray(getattr(dist, _SCIPY[term])(y))


def _between(dist: Any, one: Array, other: Array | float, f: Array) -> Array:
    """Return the log probability between two values, computed from the tail of both."""
    # The result is not used if the other end is NaN.
    ends = {"low": np.minimum(one, other), "high": np.maximum(one, other)}
    in_upper = ends["low"] > f
    large, small = (
        np.where(
            in_upper, _term(dist, UPPER.term, ends[above]), _term(dist, LOWER.term, ends[below])
        )
        for above, below in ((UPPER.large, LOWER.large), (UPPER.small, LOWER.small))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(large + np.log1p(-np.exp(small - large)))
