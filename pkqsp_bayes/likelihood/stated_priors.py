"""Priors of all population parameters of a bound model, by label."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.priors.prior_text import prior_centre
from pkqsp_bayes.program.residual import residual_priors
from pkqsp_bayes.spec.effects import coefficients_of, stated_shape
from pkqsp_bayes.spec.labels import omega_iov_label, omega_label, shape_label, sigma_label
from pkqsp_bayes.spec.population import is_known
from pkqsp_bayes.spec.priors.prior import PriorSpec

__all__ = ["point_of", "stated_point", "stated_priors"]

FloatArray = NDArray[np.float64]


def stated_priors(bound: BoundData) -> dict[str, PriorSpec | float]:
    """Return the prior or the fixed value of every population parameter.

    Parameters
    ----------
    bound : BoundData
        Model bound to a study.

    Returns
    -------
    dict
        Typical values (``CL``), coefficients (``beta[CL,WT]``), shapes (``shape[CL]``), then
        ``omega[CL]``, ``omega_iov[CL]``, ``sigma[cp]``. Correlations are not included.
    """
    found: dict[str, PriorSpec | float] = {}
    for name, parameter in bound.population.items():
        if not is_known(parameter):
            found[name] = parameter.typical
    for name, parameter in bound.population.items():
        for covariate, effect in parameter.covariates.items():
            for level, label in coefficients_of(name, covariate, effect).items():
                found[label] = effect.levels.get(level, effect.coefficient or 0.0)
        shape = stated_shape(parameter)
        if shape is not None:
            found[shape_label(name)] = shape
    found |= {omega_label(e.parameter): e.scale for e in bound.effects}
    found |= {omega_iov_label(e.parameter): e.scale for e in bound.occasion_effects}
    return found | {sigma_label(k): value for k, value in residual_priors(bound).items()}


def stated_point(bound: BoundData) -> dict[str, float]:
    """Return a value of every population parameter: its fixed value, or the median of its prior."""
    point = {}
    for label, value in stated_priors(bound).items():
        stated = bound.population[label].value if label in bound.population else None
        middle = prior_centre(value) if isinstance(value, PriorSpec) else float(value)
        point[label] = middle if stated is None else stated
    return point


def point_of(draws: Mapping[str, FloatArray]) -> dict[str, float]:
    """Return the median of each parameter."""
    return {label: float(np.median(values)) for label, values in draws.items()}
