"""Results of analyses as tables that can be printed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

__all__ = [
    "by_observation",
    "individual_table",
    "objective_text",
    "optima_table",
    "pointwise_table",
    "vpc_table",
    "wide",
]

_LEVELS = {"median": 0.5, "q5": 0.05, "q95": 0.95}


def wide(values: "xr.DataArray", columns: str) -> "pd.DataFrame":
    """Return an array as a table: `columns` along its rows, all else down; its label is kept."""
    table = values.to_series().unstack(columns)
    return table[[c for c in values[columns].to_numpy() if c in table.columns]]


def _quantiles(values: "NDArray[np.float64]") -> "Mapping[str, NDArray[np.float64]]":
    """Return median, 5 % and 95 % points along the first axis, those of NaN left aside."""
    import numpy as np

    found: NDArray[np.float64] = np.nanquantile(values, list(_LEVELS.values()), axis=0)
    return dict(zip(_LEVELS, found, strict=True))


def by_observation(dataset: "xr.Dataset", names: "tuple[str, ...]") -> "pd.DataFrame":
    """Return variables of each observation as columns; of draws their quantiles.

    The endpoint of each observation, ``endpoint_of``, is the column ``endpoint``.
    """
    import pandas as pd

    columns: dict[str, NDArray[np.float64]] = {}
    for name in names:
        values = dataset[name]
        if "draw" in values.dims:
            drawn = _quantiles(values.transpose("draw", "observation").to_numpy())
            columns |= {f"{name}_{level}": found for level, found in drawn.items()}
        else:
            columns[name] = values.to_numpy()
    return pd.DataFrame(columns).rename(columns={"endpoint_of": "endpoint"})


def vpc_table(result: "xr.Dataset") -> "pd.DataFrame":
    """Return observed quantiles and the interval of the simulated ones, a row each bin."""
    import pandas as pd

    bins = ["stratum", "bin"]
    found = result[["time", "count"]].to_dataframe()
    for q in result["quantile"].to_numpy():
        one = result.sel(quantile=q)
        found[f"observed_{q:g}"] = one["observed"].to_series()
        for edge in result["interval"].to_numpy():
            found[f"simulated_{q:g}_at_{edge:g}"] = one["simulated"].sel(interval=edge).to_series()
    return pd.DataFrame(found.reset_index()[bins + list(found.columns)]).set_index(bins)


def individual_table(dataset: "xr.Dataset") -> "pd.DataFrame":
    """Return the parameters of each subject: median and interval, and whether they are reliable."""
    import pandas as pd

    values = dataset["individual"].transpose("draw", "subject", "parameter")
    drawn = _quantiles(values.to_numpy())
    places = pd.MultiIndex.from_product(
        [values["subject"].to_numpy(), values["parameter"].to_numpy()], names=["ID", "parameter"]
    )
    table = pd.DataFrame({level: found.ravel() for level, found in drawn.items()}, index=places)
    for name in ("observations", "ess", "reliable"):
        if name in dataset:
            table[name] = (
                dataset[name].to_series().reindex(places.get_level_values("ID")).to_numpy()
            )
    return table


def objective_text(attrs: Mapping[Any, Any]) -> str:
    """Return the objective function of estimates as a line of text.

    Parameters
    ----------
    attrs : mapping
        Attributes of the result of `pkqsp_bayes.estimate`.

    Examples
    --------
    >>> objective_text({"ofv": "132.21", "ofv_importance": "131.6", "ofv_error": "0.6"})
    'OFV 132.2 (131.6 by importance sampling, Monte Carlo error 0.6)'
    """
    text = f"OFV {float(attrs['ofv']):.1f}"
    if "ofv_importance" not in attrs:
        return text
    corrected, error = (float(attrs[name]) for name in ("ofv_importance", "ofv_error"))
    return f"{text} ({corrected:.1f} by importance sampling, Monte Carlo error {error:.1f})"


def optima_table(optima: "xr.Dataset") -> "pd.DataFrame":
    """Return log density and parameters, a row each, of the optimum of each start, a column.

    Examples
    --------
    >>> import xarray as xr
    >>> found = {"CL": ("start", [3.0, 3.0]), "log_density": ("start", [-9.0, -9.0])}
    >>> about = {"converged": ("start", [True, False]), "said": ("start", ["done", "limit"])}
    >>> optima_table(xr.Dataset(found | about, coords={"start": [1, 2]}))
    start          1   2
    log_density   -9  -9
    CL             3   3
    converged    yes  no
    """
    import pandas as pd

    from pkqsp_bayes.fitting.results.quantities import population_quantities

    numbers = optima.drop_vars(["converged", "collapsed", "said"], errors="ignore")
    values = population_quantities(numbers.drop_vars("log_density"), ["start"])
    starts = pd.Index(optima["start"].to_numpy(), name="start")
    table = pd.DataFrame({"log_density": optima["log_density"].to_numpy()}, index=starts)
    table[list(values["parameter"].to_numpy())] = values.to_numpy()
    found = table.T.map("{:.6g}".format)
    found.loc["converged"] = ["yes" if one else "no" for one in optima["converged"].to_numpy()]
    return found


def pointwise_table(elpd: "xr.DataArray", pareto_k: "xr.DataArray") -> "pd.DataFrame":
    """Return elpd and Pareto k of what was left out, a row each."""
    import pandas as pd

    labels = {
        str(name): values.to_numpy()
        for name, values in elpd.coords.items()
        if values.dims == elpd.dims
    }
    return pd.DataFrame({**labels, "elpd": elpd.to_numpy(), "pareto_k": pareto_k.to_numpy()})
