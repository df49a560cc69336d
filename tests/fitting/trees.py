"""Results made by hand: independent draws, in the groups and under the names of a fit."""

import json
from typing import Any

import numpy as np
import xarray as xr

CHAINS, DRAWS = 4, 500


def made_tree(**attributes: Any) -> xr.DataTree:
    """Return a fit with which nothing is wrong."""
    rng = np.random.default_rng(1)
    shape = (CHAINS, DRAWS)

    def positive(*more: int) -> np.ndarray[Any, Any]:
        return np.exp(0.1 * rng.normal(size=(*shape, *more)))

    sample = ("chain", "draw")
    posterior = xr.Dataset(
        {
            "CL": (sample, positive()),
            "V": (sample, 30 * positive()),
            "omega": ((*sample, "effect"), positive(2)),
            "sigma": ((*sample, "residual"), positive(1)),
            "eta": ((*sample, "subject", "effect"), rng.normal(size=(*shape, 3, 2))),
        },
        coords={
            "chain": range(CHAINS), "draw": range(DRAWS), "effect": ["CL", "V"],
            "residual": ["cp"], "subject": ["1", "2", "3"],
        },
    )  # fmt: skip
    stats = xr.Dataset(
        {
            "diverging": (sample, np.zeros(shape, dtype=bool)),
            "tree_depth": (sample, np.full(shape, 4)),
            "energy": (sample, rng.normal(size=shape)),
        }
    )
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    settings = {"draws": DRAWS, "adapt_delta": 0.8, "max_treedepth": 10}
    centred = {"CL": True, "V": False}
    tree.attrs.update({"settings": json.dumps(settings), "centred": json.dumps(centred)})
    tree.attrs.update({name: json.dumps(value) for name, value in attributes.items()})
    return tree
