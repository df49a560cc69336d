"""Table and picture of a variance budget, as files."""

from pathlib import Path

import pandas as pd
import xarray as xr

from pkqsp_bayes.outputs import write_text
from pkqsp_bayes.plots.budget import plot_budget
from pkqsp_bayes.plots.style import save_figure

__all__ = ["write_budget"]

_COLUMNS = ["variance", "error", "share", "first_order_ratio"]


def write_budget(budget: xr.Dataset, folder: Path, *, quantity: str = "") -> pd.DataFrame:
    """Write ``budget_<output>.csv`` and ``budget_<output>.png``.

    Parameters
    ----------
    budget : xarray.Dataset
        What `pkqsp_bayes.variance_budget` returned.
    folder : Path
        Where.
    quantity : str
        What the budget is of, with its unit.

    Returns
    -------
    pandas.DataFrame
        What the table has: variance, error, share and the ratio of the first-order split, by scale,
        view, component and time.
    """
    name = budget.attrs["output"]
    table = budget[_COLUMNS].to_dataframe()
    write_text(folder / f"budget_{name}.csv", table.to_csv(float_format="%.6g"))
    save_figure(plot_budget(budget, quantity=quantity), folder / f"budget_{name}.png")
    return table
