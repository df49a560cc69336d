"""Individual parameters in NumPy, for draws, subjects and random effects.

They are computed as by the function ``individual_parameters`` of the Stan program, in arrays.
Complex numbers are allowed, so that derivatives by complex steps are exact to rounding.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.spec.effects import apply_effect, coefficients_of, effect_factor
from pkqsp_bayes.spec.labels import kappa_label, shape_label

__all__ = ["individual_parameters", "typical_given_covariates"]

Array = NDArray[np.float64]


def individual_parameters(
    model: CompiledModel,
    shared: Mapping[str, Array],
    effects: tuple[str, ...],
    eta: Array,
    covariates: Mapping[str, Array],
    *,
    occasion_effects: tuple[str, ...] = (),
    kappa: Array | None = None,
) -> Array:
    """Return individual parameters for arrays of draws and random effects.

    Parameters
    ----------
    model : CompiledModel
        The model, with the order of the parameters and their forms.
    shared : mapping of str to (D,) array
        Typical values, coefficients, shapes of random effects.
    effects : tuple of str
        Parameters with a random effect.
    eta : (D, S, R) array
        Random effects.
    covariates : mapping of str to (S,) array
        Covariates that are constant within a subject.
    occasion_effects : tuple of str
        Parameters with deviations of occasions.
    kappa : (D, S, O, Q) array, optional
        Deviations by occasion of the model; the default is zero.

    Returns
    -------
    (D, S, P) array
    """
    size, subjects = eta.shape[:2]
    stated, names = model.spec.population.parameters, model.ode.parameters
    kinds = [eta.dtype, *(v.dtype for v in shared.values())]
    kinds += [] if kappa is None else [kappa.dtype]
    result = np.zeros((size, subjects, len(names)), dtype=np.result_type(*kinds))
    deviations = _deviations(model, occasion_effects, kappa)
    for column, name in enumerate(names):
        if name in stated:
            mean = typical_given_covariates(model, name, shared, covariates)
            own = eta[:, :, effects.index(name)] if name in effects else None
            shape = shared[shape_label(name)][:, None] if shape_label(name) in shared else 0.0
            moved = mean if own is None else apply_effect(stated[name], mean, own, shape=shape)
            result[:, :, column] = moved
        elif name in shared:
            result[:, :, column] = shared[name][:, None]
        else:
            result[:, :, column] = deviations.get(name, 0.0)
    return result


def typical_given_covariates(
    model: CompiledModel, name: str, shared: Mapping[str, Array], covariates: Mapping[str, Array]
) -> Array:
    """Return the typical value multiplied by the effects of fixed covariates.

    Parameters
    ----------
    model : CompiledModel
        The model.
    name : str
        A parameter.
    shared : mapping of str to (D,) array
        Typical values and coefficients.
    covariates : mapping of str to (S,) array
        Covariates that are constant within a subject.

    Returns
    -------
    (D, S) or (D, 1) array
    """
    mean = shared[name][:, None]
    for covariate, effect in model.spec.population.parameters[name].covariates.items():
        if model.spec.covariates[covariate].interpolation != "fixed":
            continue  # part of the equations
        labels = coefficients_of(name, covariate, effect)
        numbers = {level: shared[label][:, None] for level, label in labels.items()}
        x = covariates[covariate][None, :]
        mean = mean * effect_factor(model.spec, covariate, effect, x, numbers)
    return mean


def _deviations(
    model: CompiledModel, effects: tuple[str, ...], kappa: Array | None
) -> dict[str, Array]:
    if kappa is None:
        return {}
    return {
        kappa_label(name, label): kappa[:, :, k, q]
        for q, name in enumerate(effects)
        for k, label in enumerate(model.occasions)
    }
