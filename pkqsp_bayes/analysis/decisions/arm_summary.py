"""Medians and intervals of two arms, for the average over subjects and for a new subject."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint, Kind
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies

__all__ = ["explain_missing_ratios", "summarise_arms"]

FloatArray = NDArray[np.float64]
_ENDPOINTS: tuple[Kind, ...] = ("AUC", "Cmax", "Ctau", "Cmin")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Summary:
    """Statistics of K quantities (level, statistic, K), and the error of the average (K,)."""

    values: FloatArray
    error: FloatArray


def summarise_arms(
    times: FloatArray, arms: FloatArray, common: FloatArray, probability: float
) -> xr.Dataset:
    """Summarise trajectories of both arms.

    Parameters
    ----------
    times : (T,) array
        Times of the trajectories.
    arms : (2, D, n, T) array
        Factual and counterfactual trajectories of n new subjects for each of D draws.
    common : (2, D, m, T) array
        The same for subjects whose standard normal deviates are common to all draws.
    probability : float
        Probability of the intervals.
    """
    derived, shared = _endpoints(times, arms), _endpoints(times, common)
    result = xr.Dataset(
        {"endpoint_draws": (("arm", "draw", "subject", "endpoint"), derived)},
        coords={
            "arm": ["factual", "counterfactual"],
            "measure": ["difference", "ratio"],
            "level": ["average", "individual"],
            "statistic": ["median", "lower", "upper"],
            "time": times,
            "endpoint": list(_ENDPOINTS),
        },
    )
    for value, change, dim, pair in (
        ("trajectory", "change", "time", (arms, common)),
        ("endpoint_value", "endpoint_change", "endpoint", (derived, shared)),
    ):
        of_arms = [_summary(a, c, probability) for a, c in zip(*pair, strict=True)]
        for name, first, found in (
            (value, "arm", of_arms), (change, "measure", _contrasts(*pair, probability))
        ):  # fmt: skip
            dims = (first, "level", "statistic", dim)
            result[name] = (dims, np.stack([one.values for one in found]))
            result[f"{name}_error"] = ((first, dim), np.stack([one.error for one in found]))
    return result


def explain_missing_ratios(result: xr.Dataset) -> Iterator[str]:
    """Yield a sentence for each exposure metric that has no ratio in some or in all subjects.

    Parameters
    ----------
    result : Dataset
        Result of `summarise_arms`.
    """
    drawn = result["endpoint_draws"]
    for metric in drawn["endpoint"].values:
        values = drawn.sel(endpoint=metric)
        zero = (values <= 0).any("arm")
        solved = values.notnull().all("arm")
        count, among = int((zero & solved).sum()), int(solved.sum())
        if count == among > 0:
            yield f"{metric} has no ratio: it is 0 with or without the intervention"
        elif count:
            yield (
                f"{metric}: its ratio leaves out {count / among:.1%} of the subjects, in which it "
                "is 0 with or without the intervention"
            )


def _endpoints(times: FloatArray, arms: FloatArray) -> FloatArray:
    return np.concatenate([Endpoint(kind=k).of(times, arms) for k in _ENDPOINTS], axis=-1)


def _contrasts(arms: FloatArray, common: FloatArray, probability: float) -> list[_Summary]:
    """Return summaries of the difference and the ratio of two arms."""
    difference = _summary(arms[1] - arms[0], common[1] - common[0], probability)
    return [difference, _summary(_log_ratio(arms), _log_ratio(common), probability, ratio=arms)]


def _log_ratio(arms: FloatArray) -> FloatArray:
    """Return the logarithm of a ratio; NaN if one of the arms is not above zero.

    The geometric mean includes only subjects with both arms above zero; after complete inhibition
    there may be none.
    """
    with quiet_dependencies():
        ratio = arms[1] / np.where(arms[0] > 0, arms[0], np.nan)
        return np.log(np.where(ratio > 0, ratio, np.nan))


def _ratio(arms: FloatArray) -> FloatArray:
    return np.asarray(arms[1] / np.where(arms[0] > 0, arms[0], np.nan))


def _summary(
    individual: FloatArray,
    common: FloatArray,
    probability: float,
    *,
    ratio: FloatArray | None = None,
) -> _Summary:
    """Summarise new subjects (D, n, K) and common ones (D, m, K); ratios as logarithms."""
    with quiet_dependencies():
        level = np.nanmean(_mean(individual), axis=0)
        averages = _mean(common)
        averages = averages - np.nanmean(averages, axis=0) + level
        error = np.sqrt(np.nanmean(_variance_of_mean(individual), axis=0) / len(individual))
    if ratio is not None:
        averages, individual = np.exp(averages), _ratio(ratio)
        error = error * np.exp(level)
    tail = (1 - probability) / 2
    levels = (0.5, tail, 1 - tail)
    flat = individual.reshape(-1, individual.shape[-1])
    return _Summary(
        values=np.stack([_quantiles(values, levels) for values in (averages, flat)]), error=error
    )


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean over subjects (D, n, K) of the values that are not NaN: (D, K)."""
    with quiet_dependencies():
        return np.asarray(np.nanmean(values, axis=1))


def _variance_of_mean(values: FloatArray) -> FloatArray:
    count = np.isfinite(values).sum(axis=1)
    return np.asarray(np.nanvar(values, axis=1, ddof=1) / count)


def _quantiles(values: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return quantiles of each column; NaN for a column without values."""
    with quiet_dependencies():
        return np.asarray(np.nanquantile(values, levels, axis=0))
