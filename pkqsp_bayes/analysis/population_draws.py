"""Draws of the population parameters of a posterior or a prior, as arrays."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.quantities import pairs_of
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.spec.effects import coefficients_of, stated_shape
from pkqsp_bayes.spec.labels import CORRELATIONS, shape_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import is_known
from pkqsp_bayes.spec.priors.prior import PriorSpec

__all__ = ["population_draws", "population_of"]

FloatArray = NDArray[np.float64]


def population_of(fitted: FittedModel) -> PopulationDraws:
    """Return the posterior draws of a fit, read once."""
    return fitted.once("population draws", lambda: population_draws(fitted.spec, fitted.posterior))


def population_draws(model: ModelSpec, draws: xr.Dataset) -> PopulationDraws:
    """Return the draws of a posterior or a prior as arrays.

    Parameters
    ----------
    model : ModelSpec
        Model of the draws.
    draws : xarray.Dataset
        The group ``posterior`` or ``prior``, over ``chain`` and ``draw``.

    Returns
    -------
    PopulationDraws
        Draws of the chains in sequence.
    """
    flat = draws.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)
    size = flat.sizes["sample"]
    shared, sampled = _shared(model, flat, size)
    effects = _labels(flat, "effect")
    occasion_effects = _labels(flat, "effect_iov")
    return PopulationDraws(
        shared=shared,
        sampled=sampled,
        effects=effects,
        omega=_values(flat, "omega", (size, len(effects))),
        correlation=_correlation(flat, effects, size),
        occasion_effects=occasion_effects,
        omega_iov=_values(flat, "omega_iov", (size, len(occasion_effects))),
        residuals=_labels(flat, "residual"),
        sigma=_values(flat, "sigma", (size, len(_labels(flat, "residual")))),
        subjects=_labels(flat, "subject"),
        occasions=_labels(flat, "occasion"),
        eta=flat["eta"].to_numpy() if "eta" in flat else None,
        kappa=flat["kappa"].to_numpy() if "kappa" in flat else None,
    )


def _shared(
    model: ModelSpec, flat: xr.Dataset, size: int
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    stated: dict[str, float | PriorSpec | None] = {}
    for name, parameter in model.population.parameters.items():
        if not is_known(parameter):
            stated[name] = parameter.typical
        for covariate, effect in parameter.covariates.items():
            for level, label in coefficients_of(name, covariate, effect).items():
                stated[label] = effect.levels.get(level, effect.coefficient)
        shape = stated_shape(parameter)
        if shape is not None:
            stated[shape_label(name)] = shape
    sampled = tuple(name for name, value in stated.items() if isinstance(value, PriorSpec))
    known = {
        name: np.full(size, float(value or 0.0))
        for name, value in stated.items()
        if not isinstance(value, PriorSpec)
    }
    return {**{name: flat[name].to_numpy() for name in sampled}, **known}, sampled


def _labels(flat: xr.Dataset, dim: str) -> tuple[str, ...]:
    return tuple(str(label) for label in flat[dim].to_numpy()) if dim in flat.coords else ()


def _values(flat: xr.Dataset, name: str, shape: tuple[int, ...]) -> FloatArray:
    return flat[name].to_numpy() if name in flat else np.zeros(shape)


def _correlation(flat: xr.Dataset, effects: tuple[str, ...], size: int) -> FloatArray:
    whole = np.broadcast_to(np.eye(len(effects)), (size, len(effects), len(effects))).copy()
    for k, (first, second) in enumerate(pairs_of(flat)):
        i, j = effects.index(first), effects.index(second)
        whole[:, i, j] = whole[:, j, i] = flat[CORRELATIONS].to_numpy()[:, k]
    return whole
