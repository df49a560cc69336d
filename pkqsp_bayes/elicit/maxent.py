"""Priors of maximum entropy with a given mass in a range, by PreliZ."""

import importlib
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.elicit.families import FamilyFit, rounded
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.spec.distribution import distribution

__all__ = ["MAXENT_FAMILIES", "maximum_entropy"]

FloatArray = NDArray[np.float64]

_PRELIZ: Mapping[str, str] = {
    "normal": "Normal",
    "lognormal": "LogNormal",
    "logit_normal": "LogitNormal",
    "gamma": "Gamma",
    "inv_gamma": "InverseGamma",
    "half_normal": "HalfNormal",
    "student_t": "StudentT",
    "beta": "Beta",
}
MAXENT_FAMILIES = tuple(_PRELIZ)
"""Families that statements may ask for."""


def maximum_entropy(family: str, points: FloatArray, chances: FloatArray) -> FamilyFit:
    """Return the prior of a family that has maximum entropy among those with a mass in a range.

    As in PreliZ (Icazatti et al. 2023, JOSS 8:5499).

    Parameters
    ----------
    family : str
        One of `MAXENT_FAMILIES`.
    points : (2,) array
        Ends of the range.
    chances : (2,) array
        Cumulative probabilities, of which only the difference plays a part.

    Raises
    ------
    ToolchainError
        If PreliZ is not installed.
    """
    preliz = _preliz()
    mass = float(chances[1] - chances[0])
    made = getattr(preliz, _PRELIZ[family])()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where the mass is not met; we measure that
        preliz.maxent(made, float(points[0]), float(points[1]), mass, plot=False)
    prior = rounded(family, [float(value) for value in made.params])
    reached = distribution(prior).cdf(points)
    return FamilyFit(prior=prior, aic=0.0, distance=abs(float(reached[1] - reached[0]) - mass))


def _preliz() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses PyMC, which we do not use
            return importlib.import_module("preliz")
    except ImportError:
        what = "PreliZ is not installed, which turns ranges into priors"
        remedy = "pip install 'pkqsp-bayes[elicit]', or state quantiles"
        raise ToolchainError(what, remedy) from None
