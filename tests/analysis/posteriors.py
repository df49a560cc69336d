"""Posteriors made by hand, in the form that a fit has, whose truth is known."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from pkqsp_bayes.spec.reading.toml import format_model, parse_model

__all__ = ["hand_made"]


def hand_made(
    model: str,
    typical: Mapping[str, np.ndarray],
    *,
    omega: Mapping[str, float | np.ndarray],
    sigma: Mapping[str, float | np.ndarray],
    omega_iov: Mapping[str, float | np.ndarray] | None = None,
    eta: np.ndarray | None = None,
    subjects: tuple[str, ...] = (),
) -> xr.DataTree:
    """Return a tree with a posterior of one chain.

    ``typical``: (D,) draws of typical values and coefficients, by label; ``omega`` and ``sigma``:
    numbers or draws, and so ``omega_iov``; ``eta``: (D, S, R).
    """
    size = len(next(iter(typical.values())))
    rows = {name: ("draw", np.asarray(v, dtype=float)) for name, v in typical.items()}
    later = omega_iov or {}
    for name, dim, values in (
        ("omega", "effect", omega),
        ("sigma", "residual", sigma),
        ("omega_iov", "effect_iov", later),
    ):
        columns = [np.broadcast_to(v, size) for v in values.values()]
        if columns:
            rows[name] = (("draw", dim), np.column_stack(columns))
    coords = {"draw": np.arange(size), "effect": list(omega), "residual": list(sigma)}
    if later:
        coords["effect_iov"] = list(later)
    if eta is not None:
        rows["eta"] = (("draw", "subject", "effect"), eta)
        coords["subject"] = list(subjects)
    posterior = xr.Dataset(rows, coords=coords).expand_dims(chain=[0])
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs["model"] = format_model(parse_model(model))
    return tree
