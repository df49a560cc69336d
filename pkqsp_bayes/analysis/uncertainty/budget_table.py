"""A variance budget as a table."""

import pandas as pd
import xarray as xr

__all__ = ["budget_table"]

_COLUMNS = ["variance", "error", "share", "first_order_ratio"]


def budget_table(budget: xr.Dataset, *, scale: str | None = None) -> pd.DataFrame:
    """Return the components of a variance budget, a row each.

    Parameters
    ----------
    budget : xarray.Dataset
        What `pkqsp_bayes.variance_budget` returns.
    scale : {"natural", "log"}, optional
        By default both, as a level of the index.

    Returns
    -------
    DataFrame
        By scale, view (latent, observed), component and time: ``variance``, in the squared unit of
        the output; ``error``, its Monte Carlo standard error; ``share`` of the total;
        ``first_order_ratio``, the variance of the first-order split by this one. The attribute
        ``label`` is that of draws that are no posterior.

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
