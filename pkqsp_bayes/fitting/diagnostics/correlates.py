"""Parameters that are related to a problem of sampling: shifts and correlations of their draws."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.fitting.results.metadata import FitMetadata
from pkqsp_bayes.fitting.results.quantities import labelled_draws
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.labels import kappa_label

__all__ = ["energy_correlate", "most_correlated", "other_centring", "strongest_shift"]

FloatArray = NDArray[np.float64]

_CORRELATED = 0.9
_SHIFT = 0.5
_RELATED = 0.5


def other_centring(place: str, metadata: FitMetadata) -> str:
    """Return the remedy to sample the random effect of a quantity with the other centring.

    Parameters
    ----------
    place : str
        ``omega[CL]``, ``eta[7,CL]``, ``kappa[7,1,CL]``, ``omega_iov[CL]``.
    metadata : FitMetadata
        The centring of the fit.

    Examples
    --------
    >>> from pkqsp_bayes.remedies import on_command_line
    >>> known = FitMetadata(draws=1, adapt_delta=0.8, max_treedepth=10, centred={"CL": True})
    >>> on_command_line(other_centring("omega[CL]", known))
    "sample its deviations non-centred: --non-centred 'CL'"
    """
    variable, _, labels = place.partition("[")
    parameter = labels.rstrip("]").split(",")[-1]
    key = kappa_label(parameter) if variable in ("kappa", "omega_iov") else parameter
    is_centred = metadata.centred.get(key, False)
    way = "non-centred" if is_centred else "centred"
    return f"sample its deviations {way}: {setting(way.replace('-', '_'), key)}"


def strongest_shift(tree: xr.DataTree, marked: NDArray[np.bool_]) -> tuple[str, str] | None:
    """Return the quantity whose marked draws differ most from the others, and the direction.

    Parameters
    ----------
    tree : xarray.DataTree
        A result with a posterior.
    marked : (chain, draw) array of bool
        The marked draws, such as the divergent ones.

    Returns
    -------
    tuple of str or None
        Quantity, and "small" or "large"; None if no difference exceeds half a standard deviation.
    """
    flags = marked.ravel()
    best, largest = None, _SHIFT
    for name, draws in _quantities(tree).items():
        if flags.all() or draws.std() == 0:
            continue
        shift = (draws[flags].mean() - draws[~flags].mean()) / draws.std()
        if abs(shift) > largest:
            best, largest = (name, "large" if shift > 0 else "small"), abs(shift)
    return best


def energy_correlate(tree: xr.DataTree, chain: int) -> str | None:
    """Return the quantity that is most correlated with the energy of a chain, or None.

    Parameters
    ----------
    tree : xarray.DataTree
        A result with a posterior and the energy of the sampler.
    chain : int
        Index of the chain, from 0.
    """
    energy = tree["sample_stats"]["energy"].to_numpy()[chain]
    size = energy.size
    correlations = {
        name: _correlation(draws[chain * size : (chain + 1) * size], energy)
        for name, draws in _quantities(tree).items()
    }
    strong = {
        name: abs(correlation)
        for name, correlation in correlations.items()
        if abs(correlation) > _RELATED
    }
    return max(strong, key=lambda name: strong[name]) if strong else None


def most_correlated(place: str, tree: xr.DataTree) -> tuple[str, float] | None:
    """Return the quantity that is most correlated with a quantity, with their correlation.

    Parameters
    ----------
    place : str
        Label of the quantity.
    tree : xarray.DataTree
        A result with a posterior.

    Returns
    -------
    tuple of str and float, or None
        Label and correlation; None if no correlation exceeds 0.9.
    """
    quantities = _quantities(tree)
    if place not in quantities:
        return None
    correlations = {
        name: _correlation(quantities[place], draws)
        for name, draws in quantities.items()
        if name != place
    }
    strong = {
        name: correlation
        for name, correlation in correlations.items()
        if abs(correlation) > _CORRELATED
    }
    if not strong:
        return None
    other = max(strong, key=lambda name: abs(strong[name]))
    return other, strong[other]


def _correlation(one: FloatArray, other: FloatArray) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _quantities(tree: xr.DataTree) -> Mapping[str, FloatArray]:
    """Return the draws of each population quantity, chain after chain; logarithms if positive."""
    draws = labelled_draws(tree["posterior"].to_dataset())
    return {label: np.log(x) if (x > 0).all() else x for label, x in draws.items()}
