"""`individual_curves`: individual predictions over time, also between observations."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.fitted_study import study_fingerprint
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.likelihood.observed_study import ObservedStudy
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.study.study import Study, stretch_starts
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["LEVELS", "individual_curves", "with_times"]

FloatArray = NDArray[np.float64]

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles of the draws."""
_SAMPLES = 3000
"""Smallest number of new observations for each record."""
_EVEN, _DENSE = 60, 40
"""Number of evenly spaced times, and of times where observations are dense."""


@checked(fit=FIT, study=STUDY, subjects=count(), draws=count(), seed=SEED)
@labelled
def individual_curves(
    fit: FitLike,
    study: StudyLike | None = None,
    *,
    subjects: int = 24,
    draws: int = 300,
    seed: int = 1,
) -> xr.Dataset:
    """Predict the subjects of a fit over time, conditional on their own random effects.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default).
    subjects : int
        Largest number of subjects; they are spread over the study.
    draws : int
        Number of posterior draws.
    seed : int
        Seed of their choice and of the residual error.

    Returns
    -------
    xarray.Dataset
        ``curve`` and ``sample`` (endpoint, level, record): quantiles of the individual prediction
        and of new observations; ``DV`` (endpoint, record), NaN where the endpoint was not observed,
        the limit where ``censored`` (endpoint, record) is not 0. Coordinates ``ID`` and ``TIME`` of
        each record, and ``unit`` of each endpoint.

    Raises
    ------
    CheckError
        All problems of the study; or if it is not the study of the fit.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> curves = pq.individual_curves(fit, study, subjects=2, draws=20)
    >>> sorted(set(curves["ID"].values.tolist()))
    ['1', '12']
    """
    fitted = open_fit(fit)
    whole = fitted.resolve_study(study, own=True)
    key = ("curves", study_fingerprint(whole), subjects, draws, seed)
    made = fitted.once(key, lambda: _solved_curves(fitted, whole, subjects, draws, seed))
    return made.copy(deep=True)


def _solved_curves(
    fitted: FittedModel, whole: Study, subjects: int, draws: int, seed: int
) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    seen = observed_study(fitted, whole, draws=draws, rng=rng)
    dense = _some_subjects(whole.in_units({"TIME": fitted.spec.time_unit}), subjects)
    population = _of_subjects(seen.draws, dense.subjects)
    dense = with_times(dense, _times(seen.table["TIME"].to_numpy(dtype=float)))
    seen = observed_study(fitted, dense, draws=1, rng=rng).with_draws(population)
    return _curves(seen, dense, rng, seed)


def _some_subjects(study: Study, most: int) -> Study:
    """Return a study with a selection of subjects, spread over all of them."""
    names = study.subjects
    places = np.linspace(0, len(names) - 1, min(most, len(names))).round().astype(int)
    return study.only({names[k] for k in places})


def _of_subjects(draws: PopulationDraws, subjects: Sequence[str]) -> PopulationDraws:
    places = [draws.subjects.index(name) for name in subjects if name in draws.subjects]
    return dataclasses.replace(
        draws,
        subjects=tuple(draws.subjects[k] for k in places),
        eta=None if draws.eta is None else draws.eta[:, places],
        kappa=None if draws.kappa is None else draws.kappa[:, places],
    )


def _times(observed: FloatArray) -> list[float]:
    """Return times for a curve: evenly spaced, and denser where observations are."""
    dense = np.quantile(observed, np.linspace(0, 1, _DENSE))
    between = (dense[1:] + dense[:-1]) / 2
    even = np.linspace(min(0.0, observed.min()), observed.max(), _EVEN)
    return [float(time) for time in np.unique(np.concatenate([dense, between, even]))]


def _curves(seen: ObservedStudy, study: Study, rng: np.random.Generator, seed: int) -> xr.Dataset:
    solved = seen.conditional_curves()
    names = [name for name, _ in seen.by_endpoint()]
    table, size = seen.table, solved.shape[1]
    value, side = np.full((len(names), size), np.nan), np.zeros((len(names), size), dtype=int)
    curve, sample = [], []
    for k, name in enumerate(names):
        drawn = solved[..., seen.simulator.outputs.index(name)]
        curve.append(_quantiles(drawn))
        sample.append(_quantiles(_samples(seen, name, drawn, rng)))
        mine = (table["endpoint"] == name).to_numpy()
        value[k, seen.places[mine]] = table["DV"].to_numpy(dtype=float)[mine]
        side[k, seen.places[mine]] = table["censored"].to_numpy()[mine]
    time = np.concatenate([line.time for line in seen.simulator.timelines])
    dims, observe = ("endpoint", "level", "record"), seen.model.observe
    return xr.Dataset(
        {
            "curve": (dims, np.array(curve)),
            "sample": (dims, np.array(sample)),
            "DV": (("endpoint", "record"), value),
            "censored": (("endpoint", "record"), side),
        },
        coords={
            "ID": ("record", study.table["ID"].to_numpy(dtype=str)),
            "TIME": ("record", time),
            "endpoint": names,
            "level": list(LEVELS),
            "unit": ("endpoint", [observe[name].value.unit or "" for name in names]),
        },
        attrs={"model": seen.model.title, "time_unit": seen.model.time_unit,
               "draws": seen.draws.size, "seed": seed},
    )  # fmt: skip


def _samples(
    seen: ObservedStudy, endpoint: str, drawn: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return new observations, enough for each draw that quantiles are smooth."""
    residual, each = seen.residual(endpoint), -(-_SAMPLES // len(drawn))
    return np.concatenate([residual.draw(drawn, rng) for _ in range(each)])


def _quantiles(draws: FloatArray) -> FloatArray:
    """Return quantiles (level, record) over the draws with a prediction."""
    if np.isfinite(draws).all():  # much quicker
        return np.asarray(np.quantile(draws, LEVELS, axis=0))
    with quiet_dependencies():
        found: FloatArray = np.nanquantile(draws, LEVELS, axis=0)
    return found


def with_times(study: Study, times: Sequence[float]) -> Study:
    """Return a study with additional records of each subject, without doses and observations.

    Parameters
    ----------
    study : Study
        The study. Added records have the covariates and occasions of their neighbours. There are no
        additional records before the first record, and none after the last record before a reset.
    times : sequence of float
        Times in the time unit of the study.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> study = pq.load_dataset("theophylline")
    >>> len(with_times(study, [1.0, 2.0]).table) - len(study.table)
    24
    """
    starts = stretch_starts(study)
    stretch = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    first, ends = study.table.iloc[starts[:-1]], study.table["TIME"].to_numpy()[starts[1:] - 1]
    begins = first["TIME"].to_numpy()
    ends = np.where(first["ID"].duplicated(keep="last"), ends, np.inf)
    quiet: dict[str, Any] = dict.fromkeys(("AMT", "RATE", "II"), 0.0)
    quiet |= {
        "ADDL": 0,
        "SS": 0,
        "BLQ": 0,
        "CMT": "",
        "DVID": "",
        "DV": np.nan,
        "EVID": 2,
        "MDV": 1,
        "OCC": "",
    }
    quiet |= dict.fromkeys(study.covariates, np.nan)
    own, numbered = study.table.assign(place=stretch), first.assign(place=np.arange(len(first)))
    inside = [(begins <= time) & (time <= ends) for time in times]
    which = np.flatnonzero(np.ravel(inside))
    place, at = which % len(first), np.asarray(times, dtype=float)[which // len(first)]
    added = numbered.iloc[place].assign(**{**quiet, "TIME": at})
    table = pd.concat([own, added], ignore_index=True)
    # A stable sort: added records come after those of the study at the same time.
    order = table.sort_values(["place", "TIME"], kind="stable").index
    table = table.drop(columns="place")
    return Study(
        table=table.loc[order].reset_index(drop=True),
        source=study.source,
        units=study.units,
        covariates=study.covariates,
    )
