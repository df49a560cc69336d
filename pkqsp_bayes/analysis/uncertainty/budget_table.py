"""A variance budget as a table."""

import pandas as pd
import xarray as xr

__all__ = ["budget_table"]

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
        ``label`` describes draws that are not from the posterior.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> pq.budget_table(pq.variance_budget(fit, ...), scale="natural")  # doctest: +SKIP
    """
    chosen = budget if scale is None else budget.sel(scale=scale, drop=True)
    table = chosen[_COLUMNS].to_dataframe()
    if "label" in budget.attrs:
        table.attrs["label"] = budget.attrs["label"]
    return table
