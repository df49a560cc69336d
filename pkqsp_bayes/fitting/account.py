"""What a result says of how it was made: its attributes, read back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from pkqsp_bayes.fitting.settings import FitSettings

__all__ = ["FitAccount", "read_account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitAccount:
    """How a fit was made, as far as diagnostics ask.

    Parameters
    ----------
    draws, adapt_delta, max_treedepth
        As in `FitSettings`.
    centred : mapping of str to bool
        Random effect to whether it was sampled centred.
    solver : mapping
        The attribute ``solver``; empty where nothing is known.
    """

    draws: int
    adapt_delta: float
    max_treedepth: int
    centred: Mapping[str, bool] = field(default_factory=dict)
    solver: Mapping[str, Any] = field(default_factory=dict)


def read_account(tree: xr.DataTree) -> FitAccount:
    """Return how a fit was made; the defaults, where a tree does not say.

    Parameters
    ----------
    tree : xarray.DataTree
        What `pkqsp_bayes.fit` returns, or any other with a posterior.
    """
    default = FitSettings()
    settings = _parsed(tree, "settings")
    return FitAccount(
        draws=int(settings.get("draws", tree["posterior"].sizes["draw"])),
        adapt_delta=float(settings.get("adapt_delta", default.adapt_delta)),
        max_treedepth=int(settings.get("max_treedepth", default.max_treedepth)),
        centred=_parsed(tree, "centred"),
        solver=_parsed(tree, "solver"),
    )


def _parsed(tree: xr.DataTree, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tree.attrs.get(name, "{}"))
    return found
