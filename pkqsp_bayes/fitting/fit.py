"""`fit`: from a model and a study to draws, on disk at every step."""

import dataclasses
import importlib.metadata
import json
import logging
import os
import time
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import arviz as az
import filelock
import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.chains import adopt_finished, chain_sampler, run_missing
from pkqsp_bayes.fitting.convert import convert_chains
from pkqsp_bayes.fitting.culprits import explain_starts
from pkqsp_bayes.fitting.diagnose import diagnose
from pkqsp_bayes.fitting.manifest import Manifest, begin_manifest, read_manifest, write_manifest
from pkqsp_bayes.fitting.settings import FitSettings, check_settings
from pkqsp_bayes.fitting.starts import find_starts
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.toml import format_model
from pkqsp_bayes.study.study import Study

__all__ = ["fit", "summary_table"]

_LOGGER = logging.getLogger(__name__)
_PACKAGES = ("pkqsp-bayes", "cmdstanpy", "httpstan", "arviz", "numpy")


def fit(
    model: ModelSpec,
    study: Study,
    folder: Path | str,
    *,
    settings: FitSettings | None = None,
    options: BindOptions | None = None,
    resume: bool = False,
    cores: int | None = None,
    executor: Executor | None = None,
) -> xr.DataTree:
    """Fit a population model to a study.

    Parameters
    ----------
    model : ModelSpec
        As `pkqsp_bayes.load_model` gives it.
    study : Study
        As `pkqsp_bayes.read_study` gives it.
    folder : Path
        Where everything goes: ``model.toml``, ``program.stan``, ``data.json``, ``manifest.json``,
        ``chain_<k>.csv`` as each is done, ``fit.nc``, ``summary.csv``.
    settings : FitSettings, optional
        Chains, iterations, seed, tuning.
    options : BindOptions, optional
        Backend, censoring, parameterisation, solver.
    resume : bool
        Keep the chains that are in the folder, and run those that are missing.
    cores : int, optional
        Chains that run at once; by default as many as there are processors.
    executor : Executor, optional
        Where chains run.

    Returns
    -------
    xarray.DataTree
        Groups posterior, sample_stats, log_likelihood, log_prior, posterior_predictive,
        observed_data, constant_data; what was fitted, and how, in its attributes.

    Raises
    ------
    CheckError
        With every problem of model, study and settings; if the folder holds another fit; if no
        start has a finite density: with the observations at fault.
    ChainError
        If chains failed; those that ended are kept.
    """
    chosen = settings or FitSettings()
    check_settings(chosen)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    bound = bind_model(model, study, options=options)
    with _held(place):
        manifest = _begin(place, bound, chosen, resume=resume)
        _write_inputs(place, model, bound)
        started = time.perf_counter()
        manifest = _sample(place, model, study, bound, manifest, chosen, cores, executor)
        attributes = _attributes(model, bound, chosen, time.perf_counter() - started)
        files = [place / manifest.chains[str(k)] for k in range(1, chosen.chains + 1)]
        tree = convert_chains(files, bound, attributes)
        _write_results(place, tree)
    for issue in diagnose(tree):
        _LOGGER.warning("%s", issue)
    return tree


def _held(folder: Path) -> filelock.FileLock:
    """Return a lock: two fits in one folder would take each other's chains."""
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        what, remedy = "another process is fitting into this folder", "wait, or use another one"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)]) from None
    return lock


def _begin(folder: Path, bound: BoundModel, settings: FitSettings, *, resume: bool) -> Manifest:
    new = begin_manifest(bound, settings)
    old = read_manifest(folder)
    if old is None:
        write_manifest(folder, new)
        return new
    if not resume:
        what = f"it holds a fit already ({len(old.chains)} chains done)"
        remedy = "use another folder, or resume it"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
    changed = [
        name for name in ("program", "data", "settings") if getattr(old, name) != getattr(new, name)
    ]
    if changed:
        what = f"it holds a fit of another {', '.join(changed)}"
        remedy = "resume with the same model, study and settings, or use another folder"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
    there = {k: name for k, name in old.chains.items() if (folder / name).is_file()}
    return adopt_finished(folder, dataclasses.replace(old, chains=there))


def _write_inputs(folder: Path, model: ModelSpec, bound: BoundModel) -> None:
    _write(folder / "model.toml", format_model(model))
    _write(folder / "program.stan", bound.program)
    _write(folder / "data.json", json.dumps(bound.plain_data()))


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    unfinished.write_text(text)
    unfinished.replace(path)


def _sample(
    folder: Path,
    model: ModelSpec,
    study: Study,
    bound: BoundModel,
    manifest: Manifest,
    settings: FitSettings,
    cores: int | None,
    executor: Executor | None,
) -> Manifest:
    if len(manifest.chains) == settings.chains:
        return manifest
    program = load_program(bound.program, user_header=bound.header)
    starts = find_starts(bound, settings.chains, settings.seed)
    if starts is None:
        raise CheckError(explain_starts(model, study, bound))
    sampler = chain_sampler(program, str(folder / "data.json"), starts, settings)
    return run_missing(
        folder, manifest, sampler, cores=cores or os.cpu_count() or 1, executor=executor
    )


def _attributes(
    model: ModelSpec, bound: BoundModel, settings: FitSettings, seconds: float
) -> dict[str, Any]:
    return {
        "model": format_model(model),
        "program": bound.program,
        "settings": dataclasses.asdict(settings),
        "seconds": seconds,
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def summary_table(tree: xr.DataTree) -> pd.DataFrame:
    """Return mean, sd, 90 % interval, ESS and R-hat of the population parameters.

    Parameters
    ----------
    tree : xarray.DataTree
        What `fit` returns.
    """
    names = [str(name) for name in tree["posterior"].data_vars if name not in ("eta", "kappa")]
    with np.errstate(invalid="ignore"):  # what is known is constant, and has no R-hat
        table: pd.DataFrame = az.summary(
            tree, var_names=names, ci_prob=0.9, ci_kind="eti", round_to="none"
        )
    low, high = (c for c in table.columns if str(c).startswith("eti"))
    table = table.rename(columns={low: "q5", high: "q95"}).rename_axis("parameter")
    return table[["mean", "sd", "q5", "q95", "ess_bulk", "ess_tail", "r_hat"]]


def _write_results(folder: Path, tree: xr.DataTree) -> None:
    unfinished = folder / f".fit.nc.{os.getpid()}.part"
    tree.to_netcdf(unfinished, engine="h5netcdf")
    unfinished.replace(folder / "fit.nc")
    _write(folder / "summary.csv", summary_table(tree).to_csv(float_format="%.6g"))
