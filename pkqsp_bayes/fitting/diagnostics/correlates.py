"""Which parameter is behind a diagnostic: shifts, ties and twins among the population draws."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.fitting.results.metadata import FitAccount
from pkqsp_bayes.fitting.results.quantities import labelled_draws
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.labels import kappa_label

__all__ = ["energy_correlate", "most_correlated", "other_centring", "strongest_shift"]

FloatArray = NDArray[np.float64]

_TWINS = 0.9
_SHIFT = 0.5
_TIE = 0.5


def other_centring(place: str, account: FitAccount) -> str:
    """Say how to sample the random effect of an element of omega, eta or kappa the other way.

    Parameters
    ----------
    place : str
        ``omega[CL]``, ``eta[7,CL]``, ``kappa[7,1,CL]``, ``omega_iov[CL]``.
    account : FitAccount
        Knows how it was sampled.

    Examples
    --------
    >>> from pkqsp_bayes.remedies import on_command_line
    >>> known = FitAccount(draws=1, adapt_delta=0.8, max_treedepth=10, centred={"CL": True})
    >>> on_command_line(other_centring("omega[CL]", known))
    "sample its deviations non-centred: --non-centred 'CL'"
    """
    variable, _, labels = place.partition("[")
    parameter = labels.rstrip("]").split(",")[-1]
    key = kappa_label(parameter) if variable in ("kappa", "omega_iov") else parameter
    is_centred = account.centred.get(key, False)
    way = "non-centred" if is_centred else "centred"
    return f"sample its deviations {way}: {setting(way.replace('-', '_'), key)}"


def strongest_shift(tree: xr.DataTree, marked: NDArray[np.bool_]) -> tuple[str, str] | None:
    """Return the quantity whose marked draws lie furthest off, and to which side.

    Parameters
    ----------
    tree : xarray.DataTree
        Has a posterior.
    marked : (chain, draw) array of bool
        Divergent ones, say.

    Returns
    -------
    tuple of str or None
        Quantity, and "small" or "large"; None if none is off by half its standard deviation.
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
    """Return the quantity that moves most with the energy of a chain; None if none does.

    Parameters
    ----------
    tree : xarray.DataTree
        Has a posterior and the sampler's energy.
    chain : int
        0-based.
    """
    energy = tree["sample_stats"]["energy"].to_numpy()[chain]
    size = energy.size
    ties = {
        name: _correlation(draws[chain * size : (chain + 1) * size], energy)
        for name, draws in _quantities(tree).items()
    }
    strong = {name: abs(tie) for name, tie in ties.items() if abs(tie) > _TIE}
    return max(strong, key=lambda name: strong[name]) if strong else None


def most_correlated(place: str, tree: xr.DataTree) -> tuple[str, float] | None:
    """Return the quantity that a quantity is traded against, with their correlation.

    Parameters
    ----------
    place : str
        Its label.
    tree : xarray.DataTree
        Has a posterior.

    Returns
    -------
    tuple of str and float, or None
        None if no correlation exceeds 0.9.
    """
    quantities = _quantities(tree)
    if place not in quantities:
        return None
    ties = {
        name: _correlation(quantities[place], draws)
        for name, draws in quantities.items()
        if name != place
    }
    strong = {name: tie for name, tie in ties.items() if abs(tie) > _TWINS}
    if not strong:
        return None
    other = max(strong, key=lambda name: abs(strong[name]))
    return other, strong[other]


def _correlation(one: FloatArray, other: FloatArray) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _quantities(tree: xr.DataTree) -> Mapping[str, FloatArray]:
    """Return the draws of each population quantity, chain after chain, logarithms if positive."""
    draws = labelled_draws(tree["posterior"].to_dataset())
    return {label: np.log(x) if (x > 0).all() else x for label, x in draws.items()}
