"""Simulated data: draws of the parameters, and one replicate of the study per draw."""

import dataclasses
import itertools
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.quantities import population_quantities
from pkqsp_bayes.likelihood.quantification_limits import Limits, endpoint_limits
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.study.study import Study

__all__ = [
    "Replicates",
    "joint_data",
    "limits_of",
    "planned_study",
    "posterior_replicates",
    "prior_replicates",
    "replicate_data",
    "twice",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replicates:
    """Parameters and the replicates that were simulated with them.

    Parameters
    ----------
    truth : xarray.DataArray
        (replicate, quantity): population parameters of each replicate.
    prediction, value : (replicates, observations) array of float
        Without and with residual error; NaN where the solver failed.
    """

    truth: xr.DataArray
    prediction: FloatArray
    value: FloatArray


def planned_study(study: Study) -> Study:
    """Return a study in which planned samples count as observations with any value.

    Parameters
    ----------
    study : Study
        A design; a study with at least one observed value is returned unchanged.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> design = pq.regimen(pq.Dose(amount=100), [1, 2])
    >>> int((planned_study(design).table.MDV == 0).sum())
    2
    """
    sample = study.table["EVID"] == 0
    if (sample & (study.table["MDV"] == 0)).any():
        return study
    table = study.table.copy()
    table.loc[sample, "DV"] = 1.0  # any value: it is never read
    table.loc[sample, "MDV"] = 0
    return dataclasses.replace(study, table=table)


def prior_replicates(tree: xr.DataTree) -> Replicates:
    """Return all draws of a prior, each with its replicate.

    Parameters
    ----------
    tree : xarray.DataTree
        Result of `pkqsp_bayes.sample_prior`.
    """
    sizes = tree["prior"].sizes
    return _taken(tree, "prior", np.arange(sizes["chain"] * sizes["draw"]))


def posterior_replicates(tree: xr.DataTree, count: int, seed: int) -> Replicates:
    """Return random draws of a posterior, each with its replicate.

    Parameters
    ----------
    tree : xarray.DataTree
        Result of `pkqsp_bayes.fit`.
    count : int
        Number of draws, without repetition.
    seed : int
        Seed of the choice.

    Raises
    ------
    CheckError
        If the posterior has fewer draws.
    """
    sizes = tree["posterior"].sizes
    total = sizes["chain"] * sizes["draw"]
    if total < count:
        what = f"{count} replicates of a posterior that has {total} draws"
        raise CheckError([Issue(where="replicates", what=what, remedy="request fewer replicates")])
    return _taken(tree, "posterior", np.random.default_rng(seed).permutation(total)[:count])


def _taken(tree: xr.DataTree, group: str, chosen: NDArray[np.int64]) -> Replicates:
    draws, made = (
        tree[name].to_dataset().stack(replicate=("chain", "draw")).isel(replicate=chosen)
        for name in (group, f"{group}_predictive")
    )
    made = made.transpose("replicate", ...)
    return Replicates(
        truth=population_quantities(draws.drop_vars(["replicate", "chain", "draw"]), ["replicate"]),
        prediction=made["prediction"].to_numpy(),
        value=made["DV"].to_numpy(),
    )


def limits_of(study: Study, bound: BoundModel) -> Limits:
    """Return the limits of quantification of each observation of a program's data.

    Parameters
    ----------
    study : Study
        Study with LLOQ and ULOQ.
    bound : BoundModel
        A model bound to this study.

    Raises
    ------
    CheckError
        If an endpoint has several limits, and also observations without a limit.
    """
    return endpoint_limits(
        study,
        np.asarray(bound.coords["observation"], dtype=np.int64),
        np.asarray(bound.observed["endpoint"]),
        lower=np.asarray(bound.observed["LLOQ"]),
        upper=np.asarray(bound.observed["ULOQ"]),
    )


def replicate_data(bound: BoundModel, value: FloatArray, limits: Limits) -> BoundModel:
    """Replace the data by a replicate; values beyond a limit are censored.

    Parameters
    ----------
    bound : BoundModel
        Program and data of the design.
    value : (observations,) array of float
        The replicate.
    limits : Limits
        Limits of quantification.
    """
    data = {"y": limits.clip(value), "censored": limits.side(value)}
    if "limit" in bound.data:  # no value of a replicate is interval-censored
        data["limit"] = data["y"]
    observed = {**bound.observed, "DV": data["y"].tolist()}
    return dataclasses.replace(bound, data={**bound.data, **data}, observed=observed)


def joint_data(bound: BoundModel, replicate: BoundModel) -> BoundModel:
    """Return the data together with a replicate: each observation of a subject occurs twice.

    Parameters
    ----------
    bound, replicate : BoundModel
        The original, and the result of `replicate_data`.

    Notes
    -----
    The subjects and the program are the same; only the number of observations doubles.
    """
    order = twice(bound)
    begins = np.array(bound.data["observed"]) - 1
    again = np.arange(order.size) - np.repeat(2 * begins[:-1], 2 * np.diff(begins)) >= np.repeat(
        np.diff(begins), 2 * np.diff(begins)
    )
    data = {
        name: np.where(
            again, np.array(replicate.data[name])[order], np.array(bound.data[name])[order]
        )
        for name in ("record", "output", "censored", "y", "limit")
        if name in bound.data
    }
    observed = {name: [values[i] for i in order] for name, values in bound.observed.items()}
    return dataclasses.replace(
        bound,
        data={**bound.data, **data, "observations": order.size, "observed": 2 * begins + 1},
        coords={**bound.coords, "observation": list(range(order.size))},
        observed={**observed, "DV": data["y"].tolist()},
    )


def twice(bound: BoundModel) -> NDArray[np.int64]:
    """Return the index of each observation: for each subject all its observations two times."""
    begins = np.array(bound.data["observed"]) - 1
    runs = [np.tile(np.arange(first, last), 2) for first, last in itertools.pairwise(begins)]
    return np.concatenate(runs)
