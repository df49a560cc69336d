"""Draws of any of Stan's methods as labelled groups, in the users' names.

What comes in are arrays by the program's identifiers, as cmdstanpy gives them; what they mean
(dims, coords, names) was fixed when the model was bound.
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
# What is in a group of its own.
_ELSEWHERE = {"lprior", "log_lik", *_PREDICTIVE}


def parameter_group(
    values: Values, bound: BoundModel, leading: Sequence[str] = _DRAWS
) -> xr.Dataset:
    """Return parameters and random effects; what is the sampler's own is left out.

    Parameters
    ----------
    values : mapping of str to array
        Each variable of the program, with the leading dimensions first.
    bound : BoundModel
        Gives dims, coords and the users' names.
    leading : sequence of str
        Dimensions before the variables' own.
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
    """Return what was observed."""
    observed = {"DV": np.array(bound.observed["DV"], dtype=np.float64)}
    return label_observations(_dataset(observed, bound, {"DV": "DV"}, ()), bound)


def constant_group(bound: BoundModel) -> xr.Dataset:
    """Return which observations are censored: -1 below the limit, 1 above it."""
    censored = {"censored": np.array(bound.data["censored"])}
    return label_observations(_dataset(censored, bound, {"censored": "censored"}, ()), bound)


def label_observations(dataset: xr.Dataset, bound: BoundModel) -> xr.Dataset:
    """Say of each observation whose it is, when, and of what.

    Parameters
    ----------
    dataset : xarray.Dataset
        With dimension ``observation``.
    bound : BoundModel
        Knows.
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
            # cmdstanpy gives a vector of one element as a number
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
