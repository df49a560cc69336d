"""Covariate effects in numbers: the factor that a fixed covariate puts on a typical value.

What the Stan program prints in `pkqsp_bayes.program.covariates`, for arrays of coefficients.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.labels import coefficient_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import CovariateEffectSpec

__all__ = ["coefficients_of", "effect_factor"]

Array = NDArray[np.float64]


def coefficients_of(parameter: str, covariate: str, effect: CovariateEffectSpec) -> dict[str, str]:
    """Return the label of each coefficient of an effect, by level (``""`` where it has none).

    Examples
    --------
    >>> coefficients_of("CL", "WT", CovariateEffectSpec(form="power", coefficient=0.75))
    {'': 'beta[CL,WT]'}
    """
    levels = effect.levels if effect.form == "categorical" else [""]
    return {level: coefficient_label(parameter, covariate, level) for level in levels}


def effect_factor(
    spec: ModelSpec,
    covariate: str,
    effect: CovariateEffectSpec,
    x: Array,
    coefficients: Mapping[str, Array | float],
) -> Array:
    r"""Return the factor of an effect.

    Parameters
    ----------
    spec : ModelSpec
        Gives the covariate's levels, and its reference where the effect has none.
    covariate : str
        Its name.
    effect : CovariateEffectSpec
        The form.
    x : array
        Values of the covariate, in its unit.
    coefficients : mapping of str to array or float
        By level; arrays broadcast against ``x``.

    Examples
    --------
    >>> from pkqsp_bayes.spec.toml import parse_model
    >>> spec = parse_model('title = "t"\n[covariates]\nWT = { unit = "kg", reference = 70 }')
    >>> effect = CovariateEffectSpec(form="power", coefficient=0.75)
    >>> effect_factor(spec, "WT", effect, np.array([70.0, 140.0]), {"": 1.0}).tolist()
    [1.0, 2.0]
    """
    if effect.form == "categorical":
        stated = spec.covariates[covariate]
        # `where`, not a product: a coefficient may be complex (derivatives by complex steps).
        terms = [
            np.where(x == level_code(stated, level), value, 0.0)
            for level, value in coefficients.items()
        ]
        return np.exp(sum(terms, np.zeros_like(x)))
    slope = coefficients[""]
    match effect.form:
        case "power":
            return np.power(x / _centre(spec, covariate, effect, 1.0), slope)
        case "linear":
            return 1 + slope * (x - _centre(spec, covariate, effect, 0.0))
        case _:
            return np.exp(slope * (x - _centre(spec, covariate, effect, 0.0)))


def _centre(spec: ModelSpec, covariate: str, effect: CovariateEffectSpec, default: float) -> float:
    stated = effect.reference
    if stated is None:
        stated = spec.covariates[covariate].reference
    return default if stated is None else stated
