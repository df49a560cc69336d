"""Visual predictive check, plain and prediction-corrected, with what is censored beside it.

Holford 2005 (PAGE 14); Bergstrand, Hooker, Wallin & Karlsson 2011, AAPS J 13:143 (correction).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.predictive.bins import bin_times
from pkqsp_bayes.analysis.predictive.replicates import observed_study
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.study.study import Study

__all__ = ["prediction_corrected", "vpc"]

FloatArray = NDArray[np.float64]
_INTERVAL = (0.025, 0.5, 0.975)


def vpc(
    fit: xr.DataTree,
    study: Study,
    *,
    endpoint: str | None = None,
    corrected: bool = False,
    stratify: str | None = None,
    time: str = "TIME",
    bins: int | Sequence[float] = 10,
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    draws: int = 500,
    seed: int = 1,
) -> xr.Dataset:
    """Compare the distribution of observations over time with that of replicated studies.

    Each replicate is the study anew: its design and covariates, one draw of the posterior, new
    subjects, new residual errors. So the intervals have parameter uncertainty in them.

    Parameters
    ----------
    fit : xarray.DataTree
        What `pkqsp_bayes.fit` returns.
    study : Study
        The observations.
    endpoint : str, optional
        Which; needed where the model has several.
    corrected : bool
        Divide by the typical prediction and multiply by its median in the bin, so that differences
        of dose and covariates within a bin do not count.
    stratify : str, optional
        A column of the study: one panel for each value (four ranges where there are more than
        six).
    time : {"TIME", "TAD"}
        Time, or time after the last dose.
    bins : int or sequence of float
        As `pkqsp_bayes.analysis.predictive.bins.bin_times` takes them.
    quantiles : sequence of float
        Which are compared.
    draws : int
        Replicates.
    seed : int
        Of everything random.

    Returns
    -------
    xarray.Dataset
        ``observed`` (stratum, bin, quantile), ``simulated`` (stratum, bin, quantile, interval),
        the 2.5, 50 and 97.5 % points of replicates; ``blq_observed`` and ``blq_simulated``, the
        shares below LLOQ; ``time`` (stratum, bin), ``count``; ``p_value`` (stratum): probability
        that a replicate is as far from the others as the observations are, small where the model
        fails; observations themselves under ``DV`` (observation) with ``stratum_of``, ``bin_of``.
        A quantile among censored values is NaN.

    Raises
    ------
    CheckError
        An unknown endpoint or column; every problem of the study.
    """
    rng = np.random.default_rng(seed)
    seen = observed_study(fit, study, draws=draws, rng=rng)
    table = seen.table
    chosen = _endpoint(table, endpoint)
    mine = np.flatnonzero((table["endpoint"] == chosen).to_numpy())
    simulated = seen.observe(seen.predictions("new_subjects", rng), rng)[:, mine]
    table = table.iloc[mine].reset_index(drop=True)
    observed = table["DV"].to_numpy(dtype=float)
    strata, labels = _strata(table, stratify)
    place, centres = _bins(table[time].to_numpy(dtype=float), strata, len(labels), bins)
    if corrected:
        typical = seen.predictions("typical", rng)[:, mine].mean(axis=0)
        factor = prediction_corrected(typical, strata, place)
        observed, simulated = observed * factor, simulated * factor
        limits = table["LLOQ"].to_numpy(dtype=float) * factor
    else:
        limits = table["LLOQ"].to_numpy(dtype=float)
    below = (table["censored"] < 0).to_numpy()
    parts = [
        _stratum(observed, simulated, below, limits, np.flatnonzero(strata == k), place,
                 centres[k], quantiles)
        for k in range(len(labels))
    ]  # fmt: skip
    result = xr.concat(parts, dim="stratum", join="outer")
    labelled = result.assign_coords(stratum=labels, interval=list(_INTERVAL))
    return labelled.assign(
        DV=("observation", observed), time_of=("observation", table[time].to_numpy(dtype=float)),
        stratum_of=("observation", strata), censored=("observation", table["censored"].to_numpy()),
    ).assign_attrs(
        model=seen.model.title, endpoint=chosen, unit=seen.model.observe[chosen].value.unit or "",
        time=time, time_unit=seen.model.time_unit, corrected=int(corrected), draws=seen.draws.size,
        seed=seed, stratify=stratify or "",
    )  # fmt: skip


def prediction_corrected(
    typical: FloatArray, strata: NDArray[np.int64], place: NDArray[np.int64]
) -> FloatArray:
    """Return the factor that corrects each observation: median prediction of its bin by its own.

    Parameters
    ----------
    typical : (N,) array
        Predictions of the typical subject.
    strata, place : (N,) array of int
        Stratum and bin.

    Examples
    --------
    >>> one = np.zeros(3, dtype=np.int64)
    >>> prediction_corrected(np.array([1.0, 2.0, 4.0]), one, one).tolist()
    [2.0, 1.0, 0.5]
    """
    medians = pd.Series(typical).groupby([strata, place]).transform("median").to_numpy()
    factor: FloatArray = np.divide(medians, typical, out=np.ones_like(typical), where=typical > 0)
    return factor


def _endpoint(table: pd.DataFrame, endpoint: str | None) -> str:
    names = list(dict.fromkeys(table["endpoint"]))
    if endpoint in names or (endpoint is None and len(names) == 1):
        return endpoint or names[0]
    what = f"{endpoint!r} was not observed" if endpoint else "several endpoints were observed"
    remedy = "name one of " + ", ".join(names)
    raise CheckError([Issue(where="endpoint", what=what, remedy=remedy)])


def _strata(table: pd.DataFrame, column: str | None) -> tuple[NDArray[np.int64], list[str]]:
    if column is None:
        return np.zeros(len(table), dtype=np.int64), ["all"]
    if column not in table:
        known = ", ".join(c for c in table.columns if c not in ("row", "DV"))
        issue = Issue(where="stratify", what=f"there is no column {column!r}", remedy=known)
        raise CheckError([issue])
    values = table[column]
    if values.nunique() > 6 and pd.api.types.is_numeric_dtype(values):
        values = pd.qcut(values, 4, duplicates="drop")
    codes, labels = pd.factorize(values, sort=True)
    return codes.astype(np.int64), [f"{column} {label}" for label in labels]


def _bins(
    times: FloatArray, strata: NDArray[np.int64], count: int, bins: int | Sequence[float]
) -> tuple[NDArray[np.int64], list[FloatArray]]:
    place, centres = np.zeros(times.size, dtype=np.int64), []
    for k in range(count):
        inside = strata == k
        place[inside], found = bin_times(times[inside], bins)
        centres.append(found)
    return place, centres


def _stratum(
    observed: FloatArray,
    simulated: FloatArray,
    below: NDArray[np.bool_],
    limits: FloatArray,
    rows: NDArray[np.int64],
    place: NDArray[np.int64],
    centres: FloatArray,
    quantiles: Sequence[float],
) -> xr.Dataset:
    """Return one panel: quantiles and shares below the limit, observed and simulated."""
    hidden = simulated < np.where(np.isnan(limits), -np.inf, limits)
    real, again, less, share = [], [], [], []
    for b in range(centres.size):
        mine = rows[place[rows] == b]
        real.append(_quantiles(observed[mine][None], below[mine][None], quantiles)[0])
        again.append(_quantiles(simulated[:, mine], hidden[:, mine], quantiles))
        less.append(below[mine].mean())
        share.append(hidden[:, mine].mean(axis=1))
    data, model = np.array(real), np.array(again)  # (B, Q), (B, D, Q)
    points = _points(model)
    counts = np.bincount(place[rows], minlength=centres.size)
    return xr.Dataset(
        {
            "observed": (("bin", "quantile"), data),
            "simulated": (("bin", "quantile", "interval"), points),
            "blq_observed": ("bin", np.array(less)),
            "blq_simulated": (
                ("bin", "interval"), np.quantile(np.array(share), _INTERVAL, axis=1).T
            ),
            "time": ("bin", centres),
            "count": ("bin", counts),
            "p_value": _p_value(data, model),
        },
        coords={"bin": np.arange(centres.size), "quantile": list(quantiles)},
    )  # fmt: skip


def _points(model: FloatArray) -> FloatArray:
    """Return the interval (B, Q, 3) of quantiles of replicates (B, D, Q), where any is known."""
    known = np.isfinite(model).any(axis=1)
    filled = np.where(known[:, None, :], model, 0.0)
    points = np.nanquantile(filled, _INTERVAL, axis=1).transpose(1, 2, 0)
    return np.where(known[:, :, None], points, np.nan)


def _quantiles(
    values: FloatArray, hidden: NDArray[np.bool_], quantiles: Sequence[float]
) -> FloatArray:
    """Return quantiles (D, Q) of rows in which hidden values lie below all others."""
    ranked = np.where(hidden, -np.inf, values)
    found = np.quantile(ranked, quantiles, axis=1, method="nearest").T
    return np.where(np.isfinite(found), found, np.nan)


def _p_value(observed: FloatArray, simulated: FloatArray) -> float:
    """Return how often a replicate lies as far from the others as the observations do.

    Distance: sum of squared standardised differences of all quantiles in all bins.
    """
    model = simulated.transpose(1, 0, 2).reshape(simulated.shape[1], -1)
    data = observed.ravel()
    known = np.isfinite(data) & np.isfinite(model).all(axis=0) & (model.std(axis=0) > 0)
    if not known.any():
        return float("nan")
    model, data = model[:, known], data[known]
    centre, spread = model.mean(axis=0), model.std(axis=0)
    far = (((model - centre) / spread) ** 2).sum(axis=1)
    own = (((data - centre) / spread) ** 2).sum()
    return float((1 + (far >= own).sum()) / (1 + far.size))
