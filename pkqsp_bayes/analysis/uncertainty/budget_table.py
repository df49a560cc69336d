"""A variance budget as a table."""

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.analysis.rounding import ROUNDING

__all__ = ["budget_table", "without_rounding"]

_COLUMNS = ["variance", "error", "share", "first_order_ratio"]


def budget_table(budget: xr.Dataset, *, scale: str | None = None) -> pd.DataFrame:
    """Return a table of a variance budget, with one row per component.

    Parameters
    ----------
    budget : xarray.Dataset
        Result of `pkqsp_bayes.variance_budget`.
    scale : {"natural", "log"}, optional
        Scale; by default both, as a level of the index.

    Returns
    -------
    DataFrame
        By scale, view (latent, observed), component and time: ``variance``, in the squared unit of
        the output; ``error``, its Monte Carlo standard error; ``share`` of the total;
        ``first_order_ratio``, the first-order variance divided by ``variance``. The attribute
        ``label`` describes draws that are not from the posterior. A variance whose root is below
        1e-10 of the mean (on the log scale, below 1e-10) is rounding error, and is 0.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> pq.budget_table(pq.variance_budget(fit, ...), scale="natural")  # doctest: +SKIP
    """
    rounded = without_rounding(budget)
    chosen = rounded if scale is None else rounded.sel(scale=scale, drop=True)
    table = chosen[_COLUMNS].to_dataframe()
    if "label" in budget.attrs:
        table.attrs["label"] = budget.attrs["label"]
    return table


def without_rounding(budget: xr.Dataset) -> xr.Dataset:
    """Return a budget in which components that are only rounding error are 0.

    Parameters
    ----------
    budget : xarray.Dataset
        Result of `pkqsp_bayes.variance_budget`.

    Examples
    --------
    >>> budget = xr.Dataset(
    ...     {"variance": ("component", [4e-32, 1.0]), "error": ("component", [1e-33, 0.1]),
    ...      "share": ("component", [4e-32, 1.0]), "first_order_ratio": ("component", [0.0, 1.1]),
    ...      "mean": 2.0},
    ...     coords={"component": ["between_subject", "parameter"], "scale": "natural"},
    ... )
    >>> without_rounding(budget)["variance"].values.tolist()
    [0.0, 1.0]
    """
    mean = abs(budget["mean"])
    size = mean.where(budget["scale"] == "natural", 1.0) if "scale" in budget.coords else mean
    is_rounding = abs(budget["variance"]) <= (ROUNDING * size) ** 2
    changed = {
        name: budget[name].where(~is_rounding, np.nan if name == "first_order_ratio" else 0.0)
        for name in _COLUMNS
    }
    return budget.assign(
        {name: each.transpose(*budget[name].dims) for name, each in changed.items()}
    )
