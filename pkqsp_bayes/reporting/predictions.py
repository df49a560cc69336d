"""Curves of the subjects of a fit, between their observations too."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.analysis.population_draws import population_of
from pkqsp_bayes.analysis.study_simulator import study_simulator
from pkqsp_bayes.fitting.results.fit_argument import FitLike, open_fit
from pkqsp_bayes.study.simulated import regimen
from pkqsp_bayes.study.study import Study, stretch_starts

__all__ = ["Curves", "predict_subjects", "secondary_values", "with_times"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """Predictions of one endpoint at all records of a study.

    Parameters
    ----------
    table : pandas.DataFrame
        The records: ``ID``, ``TIME``, ``DV`` (NaN where the endpoint was not observed).
    curve : (D, n) array
        Prediction of each draw at each record.
    sample : (D, n) array
        The same with residual error.
    """

    table: pd.DataFrame
    curve: FloatArray
    sample: FloatArray


def with_times(study: Study, times: Sequence[float]) -> Study:
    """Return a study with a record for each subject at further times, at which nothing happens.

    Parameters
    ----------
    study : Study
        The table. What is added sees covariates and occasions as its neighbours say. Nothing is
        added before the first record, nor after the last one of a stretch of time that a reset
        ends.
    times : sequence of float
        In the study's unit of time.

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
    added = [
        numbered[(begins <= time) & (time <= ends)].assign(**{**quiet, "TIME": float(time)})
        for time in times
    ]
    table = pd.concat([own, *added], ignore_index=True)
    # Stable: what is added comes after what the study has at the same time.
    order = table.sort_values(["place", "TIME"], kind="stable").index
    table = table.drop(columns="place")
    return Study(
        table=table.loc[order].reset_index(drop=True),
        source=study.source,
        units=study.units,
        covariates=study.covariates,
    )


def predict_subjects(
    fit: FitLike, study: Study, endpoint: str, *, draws: int = 300, seed: int = 1
) -> Curves:
    """Predict the subjects that were fitted, conditional on their own random effects.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` returned.
    study : Study
        The study that was fitted, or the same subjects with more records (`with_times`).
    endpoint : str
        An observed output.
    draws : int
        How many draws of the posterior are used.
    seed : int
        Of their choice and of the residual error.
    """
    rng = np.random.default_rng(seed)
    seen = observed_study(fit, study, draws=draws, rng=rng)
    simulator, effects = seen.simulator, seen.draws
    assert effects.eta is not None  # noqa: S101 - a posterior has them
    parameters = simulator.parameters(effects, effects.eta, effects.kappa)
    curve = simulator.solve(parameters).values[..., simulator.outputs.index(endpoint)]
    time = np.concatenate([line.time for line in simulator.timelines])
    mine, value = (seen.table["endpoint"] == endpoint).to_numpy(), np.full(time.size, np.nan)
    value[seen.places[mine]] = seen.table["DV"].to_numpy()[mine]
    table = study.table[["ID"]].assign(TIME=time, DV=value)
    sample = seen.residual(endpoint).draw(curve, rng)
    return Curves(table=table, curve=curve, sample=sample)


def secondary_values(fit: FitLike, covariates: dict[str, float]) -> dict[str, FloatArray]:
    """Return the outputs that nobody observes, in every draw, of the typical subject at time 0.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` returned.
    covariates : dict of str to float
        Of the typical subject.

    Returns
    -------
    dict of str to (D,) array
        Clearances, volumes and the like that the model file states under ``[observe]``.
    """
    fitted = open_fit(fit)
    model, population = fitted.spec, population_of(fitted)
    simulator = study_simulator(model, regimen((), [0.0], covariates=covariates))
    eta = np.zeros((population.size, 1, len(population.effects)))
    values = simulator.solve(simulator.parameters(population, eta)).values
    names = [name for name, o in model.observe.items() if o.error is None]
    return {name: values[:, 0, simulator.outputs.index(name)] for name in names}
