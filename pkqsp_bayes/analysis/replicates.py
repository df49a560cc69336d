"""Data that a model makes: parameters drawn, and a replicate of the study for each draw."""

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.quantities import population_quantities
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.study.study import Study

__all__ = [
    "Limits",
    "Replicates",
    "joint_data",
    "planned_study",
    "posterior_replicates",
    "prior_replicates",
    "replicate_data",
    "twice",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replicates:
    """Parameters, and what was made with them.

    Parameters
    ----------
    truth : xarray.DataArray
        (replicate, quantity): population parameters that made each replicate.
    prediction, value : (replicates, observations) array of float
        Without and with residual error; NaN where the solver failed.
    """

    truth: xr.DataArray
    prediction: FloatArray
    value: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """Limits of quantification of each observation: infinite where there is none."""

    lower: FloatArray
    upper: FloatArray

    @classmethod
    def of(cls, study: Study, bound: BoundModel) -> "Limits":
        """Take them from the study's LLOQ and ULOQ."""
        rows = study.table.iloc[list(bound.coords["observation"])]
        lower = rows["LLOQ"].to_numpy(dtype=np.float64)
        upper = rows["ULOQ"].to_numpy(dtype=np.float64)
        return cls(lower=np.nan_to_num(lower, nan=-np.inf), upper=np.nan_to_num(upper, nan=np.inf))


def planned_study(study: Study) -> Study:
    """Return a study whose samples count as taken: a design has samples, but no values.

    Parameters
    ----------
    study : Study
        One with any observed value is left as it is.

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
    table.loc[sample, "DV"] = 1.0  # any value: none is ever read
    table.loc[sample, "MDV"] = 0
    return dataclasses.replace(study, table=table)


def prior_replicates(bound: BoundModel, count: int, seed: int) -> Replicates:
    """Draw parameters from the prior, and a replicate of the study with each.

    Parameters
    ----------
    bound : BoundModel
        Model and design.
    count : int
        How many; more of them begin with the same ones.
    seed : int
        Of the draws.

    Raises
    ------
    ToolchainError
        If the program cannot be compiled.
    """
    program = load_program(bound.prior_program, user_header=bound.header)
    drawn = program.sample(
        data=bound.plain_data(),
        fixed_param=True,
        chains=1,
        iter_sampling=count,
        seed=seed,
        show_progress=False,
        sig_figs=12,
    )
    return _replicates(_named(drawn.stan_variables(), bound))


def _named(values: Mapping[str, FloatArray], bound: BoundModel) -> xr.Dataset:
    """Give draws the user's names, dimensions and labels."""
    variables = {
        bound.names.get(name, name): (("replicate", *bound.dims[name]), array)
        for name, array in values.items()
        if name in bound.dims
    }
    used = {dim for dims, _ in variables.values() for dim in dims}
    coords = {dim: labels for dim, labels in bound.coords.items() if dim in used}
    return xr.Dataset(variables, coords=coords)


def _replicates(draws: xr.Dataset) -> Replicates:
    return Replicates(
        truth=population_quantities(
            draws.drop_vars(["prediction", "replicate"]), sample_dims=["replicate"]
        ),
        prediction=draws["prediction"].to_numpy(),
        value=draws["replicate"].to_numpy(),
    )


def posterior_replicates(tree: xr.DataTree, count: int, seed: int) -> Replicates:
    """Take draws of a posterior at random, with the replicate that each made.

    Parameters
    ----------
    tree : xarray.DataTree
        What `pkqsp_bayes.fit` returned.
    count : int
        How many, without repetition.
    seed : int
        Of the choice.

    Raises
    ------
    CheckError
        If the posterior has not as many draws.
    """
    posterior = tree["posterior"].to_dataset().stack(replicate=("chain", "draw"))
    total = posterior.sizes["replicate"]
    if total < count:
        what = f"{count} replicates of a posterior that has {total} draws"
        raise CheckError([Issue(where="replicates", what=what, remedy="ask for fewer")])
    chosen = np.random.default_rng(seed).permutation(total)[:count]
    predictive = tree["posterior_predictive"].to_dataset().stack(replicate=("chain", "draw"))
    both = predictive.transpose("replicate", ...).isel(replicate=chosen)
    truth = population_quantities(
        posterior.isel(replicate=chosen).drop_vars(["replicate", "chain", "draw"]), ["replicate"]
    )
    return Replicates(
        truth=truth, prediction=both["prediction"].to_numpy(), value=both["DV"].to_numpy()
    )


def replicate_data(bound: BoundModel, value: FloatArray, limits: Limits) -> BoundModel:
    """Put a replicate in the place of the data; what lies beyond a limit is censored.

    Parameters
    ----------
    bound : BoundModel
        Program and design.
    value : (observations,) array of float
        The replicate.
    limits : Limits
        Of quantification.
    """
    censored = np.where(value < limits.lower, -1, np.where(value > limits.upper, 1, 0))
    data = {"y": np.clip(value, limits.lower, limits.upper), "censored": censored}
    observed = {**bound.observed, "DV": data["y"].tolist()}
    return dataclasses.replace(bound, data={**bound.data, **data}, observed=observed)


def joint_data(bound: BoundModel, replicate: BoundModel) -> BoundModel:
    """Return the data and a replicate of them together: each observation of a subject twice.

    Parameters
    ----------
    bound, replicate : BoundModel
        The original, and what `replicate_data` made of it.

    Notes
    -----
    The subjects are the same, and so is the program: only the observations are more.
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
        for name in ("record", "output", "censored", "y")
    }
    observed = {name: [values[i] for i in order] for name, values in bound.observed.items()}
    return dataclasses.replace(
        bound,
        data={**bound.data, **data, "observations": order.size, "observed": 2 * begins + 1},
        coords={**bound.coords, "observation": list(range(order.size))},
        observed={**observed, "DV": data["y"].tolist()},
    )


def twice(bound: BoundModel) -> NDArray[np.int64]:
    """Return the index of each observation, all of a subject's and then the same again."""
    begins = np.array(bound.data["observed"]) - 1
    runs = [np.tile(np.arange(first, last), 2) for first, last in itertools.pairwise(begins)]
    return np.concatenate(runs)
