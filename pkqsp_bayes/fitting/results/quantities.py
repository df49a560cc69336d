"""The population parameters of a result, each number under its label."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.spec.labels import CORRELATIONS, PARAMETER_DIM, corr_label, parse_label

__all__ = [
    "OF_INDIVIDUALS",
    "PAIR_DIM",
    "correlation_blocks",
    "labelled_draws",
    "name_correlations",
    "name_groups",
    "pairs_of",
    "population_quantities",
]

FloatArray = NDArray[np.float64]

OF_INDIVIDUALS = ("eta", "kappa")
"""Variables of a result that have a value for each subject."""

PAIR_DIM = "effect_pair"
"""Dimension of the correlations of a result."""

_SAMPLE = ("chain", "draw")
_MATRIX = "correlation_"
_GROUPS = ("posterior", "prior", "mode", "optima")


def population_quantities(draws: xr.Dataset, sample_dims: Sequence[str]) -> xr.DataArray:
    r"""Lay the population parameters side by side, one number each.

    Parameters
    ----------
    draws : xarray.Dataset
        Variables of a result.
    sample_dims : sequence of str
        Dimensions along which draws lie; they stay, in this order.

    Returns
    -------
    xarray.DataArray
        (\*sample_dims, parameter), with labels such as ``CL`` and ``omega[CL]``.

    Examples
    --------
    >>> draws = xr.Dataset({"CL": ("draw", [1.0, 2.0]),
    ...                     "omega": (("draw", "effect"), [[0.1, 0.2], [0.3, 0.4]])},
    ...                    coords={"effect": ["CL", "V"]})
    >>> population_quantities(draws, ["draw"]).parameter.values.tolist()
    ['CL', 'omega[CL]', 'omega[V]']
    """
    found = dict(_elements(draws, sample_dims))
    stacked = np.stack([v.transpose(*sample_dims).to_numpy() for v in found.values()], axis=-1)
    return xr.DataArray(
        stacked, dims=[*sample_dims, PARAMETER_DIM], coords={PARAMETER_DIM: [*found]}
    )


def labelled_draws(draws: xr.Dataset) -> dict[str, FloatArray]:
    """Return the draws of each population parameter by its label, chain after chain.

    Parameters
    ----------
    draws : xarray.Dataset
        A fit's posterior, or a prior, over ``chain`` and ``draw``.
    """
    pairs = _elements(draws, _SAMPLE)
    return {label: v.transpose(*_SAMPLE).to_numpy().ravel() for label, v in pairs}


def _elements(draws: xr.Dataset, sample_dims: Sequence[str]) -> Iterator[tuple[str, xr.DataArray]]:
    for name, variable in draws.data_vars.items():
        own = [dim for dim in variable.dims if dim not in sample_dims]
        if name in OF_INDIVIDUALS:
            continue
        if not own:
            yield str(name), variable
            continue
        for place in np.ndindex(*(variable.sizes[dim] for dim in own)):
            element = variable.isel(dict(zip(own, place, strict=True)))
            labels = [str(element[dim].item()) for dim in own]
            yield f"{name}[{','.join(labels)}]", element.drop_vars(own)


def name_correlations(draws: xr.Dataset) -> xr.Dataset:
    """Put the correlations of random effects under one name, each pair once.

    Parameters
    ----------
    draws : xarray.Dataset
        With a matrix ``correlation_1``, ``correlation_2``, ... for each block of correlated
        effects, as the program has them and as results of earlier versions do; or without.

    Returns
    -------
    xarray.Dataset
        With ``corr`` (..., effect_pair) in their place, of which a pair is ``"CL,V"``, the earlier
        effect first. The same, if there are no matrices.

    Examples
    --------
    >>> matrix = [[[1.0, 0.5], [0.5, 1.0]]]
    >>> old = xr.Dataset({"correlation_1": (("draw", "effect_1", "effect_1b"), matrix)},
    ...                  coords={"effect_1": ["CL", "V"], "effect_1b": ["CL", "V"]})
    >>> new = name_correlations(old)
    >>> new.effect_pair.values.tolist(), new["corr"].values.tolist()
    (['CL,V'], [[0.5]])
    """
    matrices = {n: v for n, v in draws.data_vars.items() if str(n).startswith(_MATRIX)}
    if not matrices:
        return draws
    blocks = [_pairs(matrix) for matrix in matrices.values()]
    kept = draws.drop_vars(list(matrices))
    used = {dim for variable in kept.data_vars.values() for dim in variable.dims}
    own = {dim for matrix in matrices.values() for dim in matrix.dims[-2:]}
    return kept.drop_vars([d for d in own - used if d in kept.coords]).assign(
        {CORRELATIONS: xr.concat(blocks, PAIR_DIM)}
    )


def _pairs(matrix: xr.DataArray) -> xr.DataArray:
    """Return the lower triangle of matrices (..., K, K), row after row."""
    rows, columns = np.tril_indices(matrix.shape[-1], -1)
    names = [str(x) for x in matrix[matrix.dims[-2]].to_numpy()]
    labels = [_inside(names[j], names[i]) for i, j in zip(rows, columns, strict=True)]
    leading = matrix.dims[:-2]
    coords = {dim: matrix.coords[dim] for dim in leading if dim in matrix.coords}
    return xr.DataArray(
        matrix.to_numpy()[..., rows, columns],
        dims=(*leading, PAIR_DIM),
        coords={**coords, PAIR_DIM: labels},
    )


def _inside(first: str, second: str) -> str:
    return ",".join(parse_label(corr_label(first, second)).parts)


def pairs_of(draws: xr.Dataset) -> list[tuple[str, str]]:
    """Return the two effects of each correlation of a result, in its order."""
    if CORRELATIONS not in draws:
        return []
    found = [parse_label(f"{CORRELATIONS}[{x}]").parts for x in draws[PAIR_DIM].to_numpy()]
    return [(first, second) for first, second in found]


def correlation_blocks(draws: xr.Dataset) -> Iterator[FloatArray]:
    """Yield the correlation matrices (draws, K, K) of each block of effects, chain after chain.

    Parameters
    ----------
    draws : xarray.Dataset
        A fit's posterior, or a prior, over ``chain`` and ``draw``.
    """
    pairs = pairs_of(draws)
    values = labelled_draws(draws[[CORRELATIONS]]) if pairs else {}
    for block in _blocks(pairs):
        matrix = np.broadcast_to(np.eye(len(block)), (len(next(iter(values.values()))),
                                 len(block), len(block))).copy()  # fmt: skip
        for i, second in enumerate(block):
            for j, first in enumerate(block[:i]):
                matrix[:, i, j] = matrix[:, j, i] = values[corr_label(first, second)]
        yield matrix


def _blocks(pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the effects of each block: within one each is in a pair with each."""
    blocks: list[list[str]] = []
    for pair in pairs:
        block = next((b for b in blocks if set(pair) & set(b)), None)
        if block is None:
            blocks.append(block := [])
        block += [name for name in pair if name not in block]
    return blocks


def name_groups(tree: xr.DataTree) -> xr.DataTree:
    """Return a result with the names of this version; the same one if it has them.

    Parameters
    ----------
    tree : xarray.DataTree
        A result of any version.
    """
    old = [name for name, group in tree.children.items() if name in _GROUPS and _is_old(group)]
    if not old:
        return tree
    renamed = tree.copy(deep=False)
    renamed.encoding = dict(tree.encoding)
    for name in old:
        renamed[name] = xr.DataTree(name_correlations(tree[name].to_dataset()))
    return renamed


def _is_old(group: xr.DataTree) -> bool:
    return any(str(name).startswith(_MATRIX) for name in group.data_vars)
