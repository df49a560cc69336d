"""Conversion of the draws of all methods of Stan to labelled groups.

The inputs are arrays by identifier of the program, as cmdstanpy returns them. Their dims, coords
and names are defined when the model is bound.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.fitting.results.quantities import name_correlations
from pkqsp_bayes.program.bind import BoundModel

__all__ = [
    "constant_group",
    "label_observations",
    "likelihood_group",
    "observed_group",
    "parameter_group",
    "predictive_group",
    "prior_density_group",
]

FloatArray = NDArray[np.float64]
Values = Mapping[str, FloatArray]

_PREDICTIVE = {"prediction": "prediction", "replicate": "DV"}
_DRAWS = ("chain", "draw")
# Variables with their own groups.
_ELSEWHERE = {"lprior", "log_lik", *_PREDICTIVE}


def parameter_group(
    values: Values, bound: BoundModel, leading: Sequence[str] = _DRAWS
) -> xr.Dataset:
    """Return parameters and random effects, without the variables of the sampler.

    Parameters
    ----------
    values : mapping of str to array
        Values of each variable of the program, with the leading dimensions first.
    bound : BoundModel
        The model with dims, coords and names.
    leading : sequence of str
        Dimensions before those of the variables.
    """
    kept = [name for name in bound.dims if name in values and name not in _ELSEWHERE]
    names = {name: bound.names.get(name, name) for name in kept}
    return name_correlations(_dataset(values, bound, names, leading))


def predictive_group(
    values: Values, bound: BoundModel, leading: Sequence[str] = _DRAWS
) -> xr.Dataset:
    """Return ``prediction`` (without residual error) and ``DV`` (with it), by observation."""
    return label_observations(_dataset(values, bound, _PREDICTIVE, leading), bound)


def likelihood_group(
    values: Values, bound: BoundModel, leading: Sequence[str] = _DRAWS
) -> xr.Dataset:
    """Return the log likelihood of each observation, as ``DV``."""
    return label_observations(_dataset(values, bound, {"log_lik": "DV"}, leading), bound)


def prior_density_group(
    values: Values, bound: BoundModel, leading: Sequence[str] = _DRAWS
) -> xr.Dataset:
    """Return the log density of all priors."""
    return _dataset(values, bound, {"lprior": "lprior"}, leading)


def observed_group(bound: BoundModel) -> xr.Dataset:
    """Return the observations."""
    observed = {"DV": np.array(bound.observed["DV"], dtype=np.float64)}
    return label_observations(_dataset(observed, bound, {"DV": "DV"}, ()), bound)


def constant_group(bound: BoundModel) -> xr.Dataset:
    """Return the censoring of each observation: -1 below the limit, 1 above it, otherwise 0."""
    censored = {"censored": np.array(bound.data["censored"])}
    return label_observations(_dataset(censored, bound, {"censored": "censored"}, ()), bound)


def label_observations(dataset: xr.Dataset, bound: BoundModel) -> xr.Dataset:
    """Add subject, time and endpoint of each observation as coordinates.

    Parameters
    ----------
    dataset : xarray.Dataset
        Variables with dimension ``observation``.
    bound : BoundModel
        The model with its study.
    """
    labels = {
        name: ("observation", np.array(bound.observed[name])) for name in ("ID", "TIME", "endpoint")
    }
    return dataset.assign_coords(labels)


def _dataset(
    values: Mapping[str, NDArray[np.generic]],
    bound: BoundModel,
    names: Mapping[str, str],
    leading: Sequence[str],
) -> xr.Dataset:
    variables = {}
    for name, called in names.items():
        if name in values:
            own = bound.dims.get(name, ("observation",))
            array = np.asarray(values[name])
            # cmdstanpy returns a vector of one element as a number
            shape = (*array.shape[: len(leading)], *(len(bound.coords[dim]) for dim in own))
            variables[called] = ((*leading, *own), array.reshape(shape))
    used = {dim for dims, _ in variables.values() for dim in dims}
    coords = {dim: labels for dim, labels in bound.coords.items() if dim in used}
    counted = {
        dim: np.arange(array.shape[dims.index(dim)])
        for dims, array in variables.values()
        for dim in leading
    }
    return xr.Dataset(variables, coords={**coords, **counted})
