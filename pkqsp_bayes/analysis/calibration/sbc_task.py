"""Fit of one replicate of a calibration, and the file with its outcome."""

import json
import logging
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.files import read_json
from pkqsp_bayes.fitting.inits.chain_inits import with_metric
from pkqsp_bayes.fitting.inits.inits import find_inits
from pkqsp_bayes.fitting.results.convert import convert_chains
from pkqsp_bayes.fitting.results.quantities import population_quantities
from pkqsp_bayes.fitting.sampling.chains import ChainInterruptedError, chain_sampler
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.outputs import write_text
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.spec.labels import PARAMETER_DIM, current_label, misfit_label

__all__ = ["TASK_FOLDER", "SbcTask", "misfit", "read_outcome", "run_task", "with_quantities"]

_LOGGER = logging.getLogger(__name__)
TASK_FOLDER = "pkqsp_sbc_"
"""Prefix of the name of the folder in which a replicate is fitted."""

_SAMPLE = ("chain", "draw")
_MOST_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SbcTask:
    """Task of a worker; it can be sent to another process.

    Parameters
    ----------
    path : Path
        Output file.
    bound : BoundModel
        Program with the replicate as data.
    settings : FitSettings
        Chains, iterations, and the seed of this replicate.
    kept : int
        Number of draws that are kept, evenly spaced.
    """

    path: Path
    bound: BoundModel
    settings: FitSettings
    kept: int


@quiet_stan()
def run_task(task: SbcTask) -> Path:
    """Fit a replicate, and write its thinned draws and diagnostics atomically.

    Parameters
    ----------
    task : SbcTask
        The replicate. A failed fit has an outcome too, with the reason as ``status``.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=TASK_FOLDER) as folder:
        outcome = _fit(task, Path(folder))
    outcome["seconds"] = time.perf_counter() - started
    write_text(task.path, json.dumps(outcome))
    return task.path


def read_outcome(path: Path) -> dict[str, Any] | None:
    """Return the outcome that `run_task` wrote; None if there is no file or it is damaged."""
    if not path.exists():
        return None
    try:
        found: dict[str, Any] = read_json(path, limit=_MOST_BYTES, remedy="it is written again")
        _check_outcome(found)
        if "quantities" in found:  # labels of earlier versions
            found["quantities"] = [current_label(str(name)) for name in found["quantities"]]
    except (CheckError, ValueError, TypeError, KeyError):
        _LOGGER.warning("%s is damaged: the replicate is fitted again", path)
        return None
    return found


def _check_outcome(found: dict[str, Any]) -> None:
    """Raise an error if an outcome does not have the format of `run_task`."""
    if not isinstance(found["status"], str):
        raise TypeError
    if found["status"] != "ok":
        return
    width = len([str(name) for name in found["quantities"]])
    shapes = [np.asarray(found[name], dtype=float).shape[-1] for name in ("draws", "mean", "sd")]
    if shapes != [width] * 3 or np.asarray(found["draws"]).ndim != 2:
        raise ValueError
    for name in ("divergent", "ess", "leapfrogs", "seconds"):
        float(found[name])


def misfit(bound: BoundModel, prediction: np.ndarray) -> dict[str, np.ndarray]:
    """Return the root mean square difference of values and predictions, by output.

    It depends on data and parameters. Ranks of parameters alone cannot distinguish a posterior from
    the prior; ranks of this quantity can (Modrak et al., Bayesian Analysis 2025;20:461-488).

    Parameters
    ----------
    bound : BoundModel
        Program with its data.
    prediction : (..., observations) array of float
        Predictions of each draw.
    """
    output = np.array(bound.observed["endpoint"])
    squares = (prediction - np.asarray(bound.data["y"])) ** 2
    return {
        misfit_label(name): np.sqrt(squares[..., output == name].mean(axis=-1))
        for name in dict.fromkeys(output.tolist())
    }


def with_quantities(draws: xr.DataArray, more: Mapping[str, np.ndarray]) -> xr.DataArray:
    """Return an array with further quantities.

    Parameters
    ----------
    draws : xarray.DataArray
        Draws (..., parameter).
    more : mapping of str to array
        Values over the other dimensions.
    """
    values = np.stack([*more.values()], axis=-1)
    added = xr.DataArray(values, dims=draws.dims, coords={PARAMETER_DIM: [*more]})
    return xr.concat([draws, added], dim=PARAMETER_DIM)


def _fit(task: SbcTask, folder: Path) -> dict[str, Any]:
    bound, settings = task.bound, task.settings
    inits = find_inits(bound, settings.chains, settings.seed)
    if inits is None:
        return {"status": "no initial values have a finite density"}
    program = load_program(bound.program, user_header=bound.header, methods="sampling")
    sample = chain_sampler(program, bound.plain_data(), with_metric(bound, inits), settings)
    try:
        files = [sample(number, folder) for number in range(1, settings.chains + 1)]
    except ChainInterruptedError:
        raise  # no outcome: the next run fits the replicate
    except RuntimeError as error:
        return {"status": f"the sampler stopped: {str(error)[:500]}"}
    tree = convert_chains(files, bound, {})
    draws = _quantities(tree, bound)
    return {"status": "ok", **_diagnostics(tree, draws), **_thinned(draws, task.kept)}


def _quantities(tree: xr.DataTree, bound: BoundModel) -> xr.DataArray:
    prediction = tree["posterior_predictive"]["prediction"].transpose(*_SAMPLE, ...).to_numpy()
    parameters = population_quantities(tree["posterior"].to_dataset(), _SAMPLE)
    return with_quantities(parameters, misfit(bound, prediction))


def _diagnostics(tree: xr.DataTree, draws: xr.DataArray) -> dict[str, Any]:
    varying = draws.isel({PARAMETER_DIM: (draws.std(_SAMPLE) > 0).to_numpy()})
    with quiet_dependencies():
        ess = np.asarray(az.ess(varying.to_dataset(name="x"))["x"])
    stats = tree["sample_stats"]
    return {
        "divergent": int(stats["diverging"].sum()),
        "ess": float(ess.min()),
        "leapfrogs": int(stats["n_steps"].sum()),
    }


def _thinned(draws: xr.DataArray, kept: int) -> dict[str, Any]:
    flat = draws.stack(sample=_SAMPLE).transpose("sample", PARAMETER_DIM).to_numpy()
    chosen = np.linspace(0, len(flat) - 1, kept).round().astype(int)
    return {
        "quantities": draws[PARAMETER_DIM].to_numpy().tolist(),
        "draws": flat[chosen].tolist(),
        "mean": flat.mean(axis=0).tolist(),
        "sd": flat.std(axis=0, ddof=1).tolist(),
    }
