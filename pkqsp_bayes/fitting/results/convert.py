"""Conversion of the files of CmdStan to one DataTree with the names of the model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import arviz as az
import cmdstanpy
import numpy as np
import xarray as xr

from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.groups import label_observations
from pkqsp_bayes.fitting.results.quantities import name_correlations
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.remedies import setting

__all__ = ["convert_chains"]

_REMEDY = f"put the right file in its place, or delete it and resume the fit: {setting('resume')}"
_PREDICTIVE = {"replicate": "DV", "prediction": "prediction"}


@quiet_stan()
def convert_chains(
    files: Sequence[Path], bound: BoundModel, attributes: Mapping[str, Any]
) -> xr.DataTree:
    """Read finished chains.

    Parameters
    ----------
    files : sequence of Path
        One file per chain.
    bound : BoundModel
        The model with dims, coords and names.
    attributes : mapping
        Attributes of the result; values that are not text are written as JSON.

    Returns
    -------
    xarray.DataTree
        Groups posterior, sample_stats, log_likelihood, log_prior, posterior_predictive,
        observed_data, constant_data.

    Raises
    ------
    CheckError
        If a file is damaged.
    """
    fit = _read(files)
    observed = bound.observed
    tree: xr.DataTree = az.from_cmdstanpy(
        fit,
        posterior_predictive=list(_PREDICTIVE),
        log_likelihood={"DV": "log_lik"},
        observed_data={"DV": np.array(observed["DV"])},
        constant_data={"censored": np.array(bound.data["censored"])},
        coords=dict(bound.coords),
        dims={
            **{name: list(dims) for name, dims in bound.dims.items()},
            "DV": ["observation"],
            "censored": ["observation"],
        },
    )
    prior = tree["posterior"].to_dataset()[["lprior"]]
    tree["log_prior"] = xr.DataTree(prior)
    posterior = tree["posterior"].to_dataset()
    # Variables without dims belong to the sampler.
    hidden = [str(name) for name in posterior if name not in bound.dims or name == "lprior"]
    renamed = {k: v for k, v in bound.names.items() if k in posterior and k != v}
    kept = posterior.drop_vars(hidden)
    used = {dim for variable in kept.data_vars.values() for dim in variable.dims}
    unused = [str(name) for name in kept.coords if not set(kept[name].dims) <= used]
    tree["posterior"] = xr.DataTree(name_correlations(kept.drop_vars(unused).rename(renamed)))
    predictive = tree["posterior_predictive"].to_dataset()
    tree["posterior_predictive"] = xr.DataTree(predictive.rename(_PREDICTIVE))
    for group in ("log_likelihood", "posterior_predictive", "observed_data", "constant_data"):
        tree[group] = xr.DataTree(label_observations(tree[group].to_dataset(), bound))
    tree.attrs.update(
        {k: v if isinstance(v, str) else json.dumps(v) for k, v in attributes.items()}
    )
    return tree


def _read(files: Sequence[Path]) -> cmdstanpy.CmdStanMCMC:
    """Read the files; if this fails, read each one separately to name the damaged file."""
    try:
        return _parse(files)
    except Exception as error:  # cmdstanpy and NumPy raise errors of many types
        found = [(file, text) for file in files if (text := _read_error(file))]
        issues = [Issue(where=str(file), what=f"it cannot be read: {text}"[:400], remedy=_REMEDY)
                  for file, text in found or [(files[0].parent, str(error))]]  # fmt: skip
        raise CheckError(issues) from None


def _parse(files: Sequence[Path]) -> cmdstanpy.CmdStanMCMC:
    fit = cmdstanpy.from_csv([str(file) for file in files])
    if not isinstance(fit, cmdstanpy.CmdStanMCMC):
        raise TypeError("it does not contain draws of a sampler")
    if not np.isfinite(fit.draws()[..., 0]).all():
        raise ValueError("a log density in it is not finite")
    return fit


def _read_error(file: Path) -> str:
    try:
        _parse([file])
    except Exception as error:
        return str(error) or type(error).__name__
    return ""
