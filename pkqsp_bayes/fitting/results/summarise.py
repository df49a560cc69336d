"""The table of a fit's parameters."""

import arviz as az
import pandas as pd
import xarray as xr

from pkqsp_bayes.arguments import checked
from pkqsp_bayes.fitting.results.approximation import approximation_label
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.quantities import OF_INDIVIDUALS
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.spec.labels import PARAMETER_DIM

__all__ = ["summarise_parameters", "summary_table"]


@checked(fit=FIT)
def summary_table(fit: FitLike) -> pd.DataFrame:
    """Return mean, sd, 90 % interval, ESS and R-hat of the population parameters.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` returns; or its folder.

    Returns
    -------
    DataFrame
        A row a parameter: ``CLint``, ``omega[CLint]``, ``sigma[cp]``; columns mean, sd, q5, q95,
        ess_bulk, ess_tail, r_hat. Where the draws are of an approximation with a Pareto k-hat above
        0.5, ``attrs["label"]`` and the name of the columns say so.
    """
    return open_fit(fit).summary


def summarise_parameters(tree: xr.DataTree) -> pd.DataFrame:
    """Return the table of `summary_table` of a result."""
    names = [str(name) for name in tree["posterior"].data_vars if name not in OF_INDIVIDUALS]
    with quiet_dependencies():  # what is known is constant, and has no R-hat
        table: pd.DataFrame = az.summary(
            tree, var_names=names, ci_prob=0.9, ci_kind="eti", round_to="none"
        )
    low, high = (c for c in table.columns if str(c).startswith("eti"))
    table = table.rename(columns={low: "q5", high: "q95"}).rename_axis(PARAMETER_DIM)
    table = table[["mean", "sd", "q5", "q95", "ess_bulk", "ess_tail", "r_hat"]]
    label = approximation_label(tree.attrs)
    if label:
        table.attrs["label"] = label
        table.columns.name = label
    return table
