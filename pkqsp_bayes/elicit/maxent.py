"""Priors of maximum entropy with a given mass in a range, computed by PreliZ."""

import importlib
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.elicit.families import FamilyFit, round_prior
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.spec.priors.distribution import distribution

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
"""Families that statements may specify."""


def maximum_entropy(family: str, points: FloatArray, chances: FloatArray) -> FamilyFit:
    """Return the prior with maximum entropy in a family, given its mass in a range.

    The computation is that of PreliZ (Icazatti et al. 2023, JOSS 8:5499).

    Parameters
    ----------
    family : str
        One of `MAXENT_FAMILIES`.
    points : (2,) array
        Ends of the range.
    chances : (2,) array
        Cumulative probabilities; only their difference is used.

    Raises
    ------
    ToolchainError
        If PreliZ is not installed.
    """
    preliz = _preliz()
    mass = float(chances[1] - chances[0])
    made = getattr(preliz, _PRELIZ[family])()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if the mass is missed, which is reported
        preliz.maxent(made, float(points[0]), float(points[1]), mass, plot=False)
    prior = round_prior(family, [float(value) for value in made.params])
    reached = distribution(prior).cdf(points)
    return FamilyFit(prior=prior, aic=0.0, distance=abs(float(reached[1] - reached[0]) - mass))


def _preliz() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that PyMC is not installed
            return importlib.import_module("preliz")
    except ImportError:
        what = "PreliZ, which converts ranges to priors, is not installed"
        remedy = "pip install 'pkqsp-bayes[elicit]', or state quantiles"
        raise ToolchainError(what, remedy) from None
