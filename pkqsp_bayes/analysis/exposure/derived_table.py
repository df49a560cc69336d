"""Derived parameters as a table."""

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.analysis.rounding import ROUNDING

__all__ = ["derived_table"]


def derived_table(found: xr.Dataset) -> pd.DataFrame:
    """Return a table of derived parameters, with one row per parameter.

    Parameters
    ----------
    found : xarray.Dataset
        Result of `pkqsp_bayes.derived_parameters`.

    Returns
    -------
    DataFrame
        Over the draws ``median``, ``sd``, ``rse`` (SD / mean, %), ``q5`` and ``q95`` of the typical
        individual; ``cv``, the between-subject CV in %; ``unit`` and ``reason``. An SD or a CV
        below 1e-10 of the value is rounding error, and is 0.
    """
    values = found["typical"].transpose("draw", "parameter").to_numpy()
    known = np.isfinite(values).sum(axis=0) > 1
    filled = np.where(known, values, 0.0)
    low, median, high = np.nanquantile(filled, [0.05, 0.5, 0.95], axis=0)
    sd, mean = np.nanstd(filled, axis=0, ddof=1), np.nanmean(filled, axis=0)
    sd = np.where(sd > ROUNDING * np.abs(mean), sd, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rse = np.where(mean != 0, 100 * sd / np.abs(mean), np.nan)
    columns = {"median": median, "sd": sd, "rse": rse, "q5": low, "q95": high}
    table = pd.DataFrame(
        {name: np.where(known, each, np.nan) for name, each in columns.items()},
        index=pd.Index(found["parameter"].to_numpy(), name="parameter"),
    )
    table.insert(0, "unit", found["unit"].to_numpy())
    cv = found["cv"].to_numpy()
    cv = np.where(cv < 100 * ROUNDING, 0.0, cv)
    return table.assign(cv=cv, reason=found["reason"].to_numpy())
