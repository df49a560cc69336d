"""Visual predictive check, with or without prediction correction, and with censored shares.

Holford 2005 (PAGE 14); Bergstrand, Hooker, Wallin & Karlsson 2011, AAPS J 13:143 (correction).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.analysis_arguments import BINS, PROBABILITIES
from pkqsp_bayes.analysis.observed_study import SimulatedStudy, observed_study, replicated_study
from pkqsp_bayes.analysis.predictive.bins import bin_times
from pkqsp_bayes.analysis.predictive.ranks import far_p
from pkqsp_bayes.arguments import (
    FLAG,
    SEED,
    TEXT,
    checked,
    count,
    one_of,
)
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.fitted_study import study_fingerprint
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["prediction_corrected", "vpc"]

FloatArray = NDArray[np.float64]
_BOUND = 10.0
"""Largest factor of the prediction correction."""
_INTERVAL = (0.025, 0.5, 0.975)


@checked(
    fit=FIT,
    study=STUDY,
    endpoint=TEXT,
    corrected=FLAG,
    stratify=TEXT,
    time=one_of("TIME", "TAD"),
    bins=BINS,
    quantiles=PROBABILITIES,
    draws=count(),
    seed=SEED,
)
@labelled
def vpc(
    fit: FitLike,
    study: StudyLike | None = None,
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

    Each replicate has the design and covariates of the study, one posterior draw, new subjects and
    new residual errors. The intervals therefore include parameter uncertainty.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Observations: a study, its name or its file; by default the study of the fit.
    endpoint : str, optional
        Endpoint; required if several were observed.
    corrected : bool
        Whether values are divided by the typical prediction and multiplied by its median in the
        bin, so that differences of dose and covariates within a bin have no effect. The factor is
        bounded to 10; the attribute ``bounded`` counts the observations.
    stratify : str, optional
        Column of the study: one panel for each value (four ranges if there are more than six
        values).
    time : {"TIME", "TAD"}
        Time, or time after the last dose.
    bins : int or sequence of float
        Bins of time; see `pkqsp_bayes.analysis.predictive.bins.bin_times`.
    quantiles : sequence of float
        Quantiles that are compared.
    draws : int
        Replicates.
    seed : int
        Seed of all random numbers.

    Returns
    -------
    xarray.Dataset
        ``observed`` (stratum, bin, quantile), ``simulated`` (stratum, bin, quantile, interval), the
        2.5, 50 and 97.5 % quantiles over the replicates; ``blq_observed`` and ``blq_simulated``,
        ``alq_observed`` and ``alq_simulated``, the shares below LLOQ and above ULOQ; ``time``
        (stratum, bin), ``count``; ``p_value`` (stratum): share of replicates that are as far from
        the overall mean as the observations, in quantiles and censored shares; it is small if the
        model is inadequate; the observations under ``DV`` (observation) with ``stratum_of`` and
        ``censored``. A quantile among censored values is NaN. A limit applies to all observations
        of the endpoint.

    Raises
    ------
    CheckError
        Unknown endpoint or column; all problems of the study.
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study)
    seen = observed_study(fitted, study, draws=draws, rng=np.random.default_rng(seed))
    table, limits = seen.table, seen.limits()
    chosen = _endpoint(table, endpoint)
    mine = np.flatnonzero((table["endpoint"] == chosen).to_numpy())
    limits = limits.take(mine)
    made = replicated_study(fitted, study, draws=draws, seed=seed)
    seen, replicates = made.kept, made.values
    table = table.iloc[mine].reset_index(drop=True)
    pool = np.vstack([table["DV"].to_numpy(dtype=float), replicates[:, mine]])
    side = limits.side(pool)
    side[0] = limits.side(pool[0], table["censored"].to_numpy())
    strata, labels = _strata(table, stratify)
    bounded = 0
    place, centres = _bins(table[time].to_numpy(dtype=float), strata, len(labels), bins)
    if corrected:
        typical = _typical(fitted, study, made, (draws, seed))[:, mine].mean(axis=0)
        factor = prediction_corrected(typical, strata, place)
        bounded = int(np.sum((factor == _BOUND) | (factor == 1 / _BOUND)))
        pool = pool * factor
    parts = [
        _stratum(pool, side, np.flatnonzero(strata == k), place, centres[k], quantiles)
        for k in range(len(labels))
    ]
    result = xr.concat(parts, dim="stratum", join="outer")
    labelled = result.assign_coords(stratum=labels, interval=list(_INTERVAL))
    return labelled.assign(
        DV=("observation", pool[0]), time_of=("observation", table[time].to_numpy(dtype=float)),
        stratum_of=("observation", strata), censored=("observation", side[0]),
    ).assign_attrs(
        model=seen.model.title, endpoint=chosen, unit=seen.model.observe[chosen].value.unit or "",
        time=time, time_unit=seen.model.time_unit, corrected=int(corrected), draws=seen.draws.size,
        seed=seed, stratify=stratify or "", bounded=bounded,
    )  # fmt: skip


def _typical(
    fitted: FittedModel, study: Study, made: SimulatedStudy, settings: tuple[int, int]
) -> FloatArray:
    """Return the prediction of each observation for each draw, with random effects of 0."""
    key = ("typical predictions", study_fingerprint(study), *settings)
    return fitted.once(key, lambda: made.kept.predictions("typical", made.generator()))


def prediction_corrected(
    typical: FloatArray, strata: NDArray[np.int64], place: NDArray[np.int64]
) -> FloatArray:
    """Return the correction factor of each observation: median prediction of its bin over its own.

    It is bounded to a factor of 10, since a prediction near zero (before absorption begins) would
    make an observation as large as one likes. Observation and replicates have the same factor.

    Parameters
    ----------
    typical : (N,) array
        Predictions of the typical subject.
    strata, place : (N,) array of int
        Stratum and bin of each observation.

    Examples
    --------
    >>> one = np.zeros(3, dtype=np.int64)
    >>> prediction_corrected(np.array([1.0, 2.0, 4.0]), one, one).tolist()
    [2.0, 1.0, 0.5]
    """
    medians = pd.Series(typical).groupby([strata, place]).transform("median").to_numpy()
    factor: FloatArray = np.divide(medians, typical, out=np.ones_like(typical), where=typical > 0)
    return np.where(factor > 0, np.clip(factor, 1 / _BOUND, _BOUND), factor)


def _endpoint(table: pd.DataFrame, endpoint: str | None) -> str:
    names = list(dict.fromkeys(table["endpoint"]))
    if endpoint in names or (endpoint is None and len(names) == 1):
        return endpoint or names[0]
    what = f"{endpoint!r} was not observed" if endpoint else "several endpoints were observed"
    remedy = "give one of " + ", ".join(names)
    raise CheckError([Issue(where="endpoint", what=what, remedy=remedy)])


def _strata(table: pd.DataFrame, column: str | None) -> tuple[NDArray[np.int64], list[str]]:
    if column is None:
        return np.zeros(len(table), dtype=np.int64), ["all"]
    if column not in table:
        known = ", ".join(c for c in table.columns if c not in ("row", "DV"))
        issue = Issue(
            where="stratify", what=f"there is no column {column!r}", remedy=f"give one of {known}"
        )
        raise CheckError([issue])
    values = table[column]
    if values.nunique() > 6 and pd.api.types.is_numeric_dtype(values):
        values = pd.qcut(values, 4, duplicates="drop")
    codes, labels = pd.factorize(values, sort=True)
    return codes.astype(np.int64), [f"{column} {_level_name(label)}" for label in labels]


def _level_name(level: object) -> str:
    """Return a level of a column, or a range of it, as text.

    Examples
    --------
    >>> _level_name(pd.Interval(54.59999, 63.575)), _level_name(300.0), _level_name("pm")
    ('54.6 to 63.58', '300', 'pm')
    """
    if isinstance(level, pd.Interval):
        return f"{level.left:.4g} to {level.right:.4g}"
    return f"{level:.15g}" if isinstance(level, float) else str(level)


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
    pool: FloatArray,
    side: NDArray[np.int64],
    rows: NDArray[np.int64],
    place: NDArray[np.int64],
    centres: FloatArray,
    quantiles: Sequence[float],
) -> xr.Dataset:
    """Return one stratum: quantiles and censored shares, observed and simulated.

    ``pool`` and ``side`` (1 + D, N): values, and whether they are censored; the first row is
    observed.
    """
    inside = [rows[place[rows] == b] for b in range(centres.size)]
    found = np.array([_quantiles(pool[:, m], side[:, m], quantiles) for m in inside])
    below = np.array([(side[:, m] < 0).mean(axis=1) for m in inside])  # (B, 1 + D)
    above = np.array([(side[:, m] > 0).mean(axis=1) for m in inside])
    known = np.where(np.isfinite(found), found, np.nan)
    return xr.Dataset(
        {
            "observed": (("bin", "quantile"), known[:, 0]),
            "simulated": (("bin", "quantile", "interval"), _points(known[:, 1:])),
            "blq_observed": ("bin", below[:, 0]),
            "blq_simulated": (("bin", "interval"), _interval(below[:, 1:])),
            "alq_observed": ("bin", above[:, 0]),
            "alq_simulated": (("bin", "interval"), _interval(above[:, 1:])),
            "time": ("bin", centres),
            "count": ("bin", np.bincount(place[rows], minlength=centres.size)),
            "p_value": _p_value(found, below, above),
        },
        coords={"bin": np.arange(centres.size), "quantile": list(quantiles)},
    )


def _interval(shares: FloatArray) -> FloatArray:
    """Return the interval (B, 3) of shares of replicates (B, D)."""
    return np.quantile(shares, _INTERVAL, axis=1).T


def _points(model: FloatArray) -> FloatArray:
    """Return the interval (B, Q, 3) of quantiles of replicates (B, D, Q), ignoring NaN."""
    known = np.isfinite(model).any(axis=1)
    filled = np.where(known[:, None, :], model, 0.0)
    points = np.nanquantile(filled, _INTERVAL, axis=1).transpose(1, 2, 0)
    return np.where(known[:, :, None], points, np.nan)


def _quantiles(
    values: FloatArray, side: NDArray[np.int64], quantiles: Sequence[float]
) -> FloatArray:
    """Return quantiles (1 + D, Q); censored values count as infinite."""
    ranked = values.copy()
    ranked[side < 0], ranked[side > 0] = -np.inf, np.inf
    found: FloatArray = np.quantile(ranked, quantiles, axis=1, method="nearest").T
    return found


def _p_value(quantiles: FloatArray, below: FloatArray, above: FloatArray) -> float:
    """Return the share of replicates as far from the overall mean as the observations.

    The distance is the sum of squared standardised differences of all quantiles and all censored
    shares, in all bins. The mean and the standard deviations are those of observations and
    replicates together.
    """
    size = quantiles.shape[1]
    flat = quantiles.transpose(1, 0, 2).reshape(size, -1)
    pool = np.hstack([_floored(flat), below.T, above.T])
    spread = pool.std(axis=0)
    varying = spread > 1e-12 * np.abs(pool).max(axis=0)
    if not varying.any():
        return float("nan")
    z = (pool[:, varying] - pool[:, varying].mean(axis=0)) / spread[varying]
    return far_p((z**2).sum(axis=1))


def _floored(values: FloatArray) -> FloatArray:
    """Replace quantiles beyond a limit by the nearest known value of any member."""
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(axis=0)
    high = np.where(finite, values, -np.inf).max(axis=0)
    none = ~finite.any(axis=0)
    low, high = np.where(none, 0.0, low), np.where(none, 0.0, high)
    return np.where(finite, values, np.where(values < 0, low, high))
