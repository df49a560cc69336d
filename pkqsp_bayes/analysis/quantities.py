"""The single numbers of a posterior, each with the name that the user knows it by."""

from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import xarray as xr

__all__ = ["population_quantities"]

_OF_INDIVIDUALS = frozenset({"eta", "kappa"})


def population_quantities(draws: xr.Dataset, sample_dims: Sequence[str]) -> xr.DataArray:
    r"""Lay the population parameters side by side, one number each.

    Parameters
    ----------
    draws : xarray.Dataset
        Variables in the user's names; of a matrix of correlations its lower triangle is taken.
    sample_dims : sequence of str
        Dimensions along which draws lie; they stay, in this order.

    Returns
    -------
    xarray.DataArray
        (\*sample_dims, quantity), with names such as ``CL`` and ``omega[CL]``.

    Examples
    --------
    >>> draws = xr.Dataset({"CL": ("draw", [1.0, 2.0]),
    ...                     "omega": (("draw", "effect"), [[0.1, 0.2], [0.3, 0.4]])},
    ...                    coords={"effect": ["CL", "V"]})
    >>> population_quantities(draws, ["draw"]).quantity.values.tolist()
    ['CL', 'omega[CL]', 'omega[V]']
    """
    found = {
        label: values
        for name, variable in draws.data_vars.items()
        if name not in _OF_INDIVIDUALS
        for label, values in _elements(str(name), variable, sample_dims)
    }
    stacked = np.stack([v.transpose(*sample_dims).to_numpy() for v in found.values()], axis=-1)
    return xr.DataArray(stacked, dims=[*sample_dims, "quantity"], coords={"quantity": [*found]})


def _elements(
    name: str, variable: xr.DataArray, sample_dims: Sequence[str]
) -> Iterator[tuple[str, xr.DataArray]]:
    dims: list[Hashable] = [dim for dim in variable.dims if dim not in sample_dims]
    if not dims:
        yield name, variable
        return
    is_matrix = name.startswith("correlation")
    for place in np.ndindex(*(variable.sizes[dim] for dim in dims)):
        if is_matrix and place[0] <= place[1]:
            continue
        element = variable.isel(dict(zip(dims, place, strict=True)))
        labels = [str(element[dim].item()) for dim in dims]
        yield f"{name}[{','.join(labels)}]", element.drop_vars(dims)
