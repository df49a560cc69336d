"""Simulation-based calibration: ranks of the true parameters among the draws of their fits.

Parameters are drawn, data are simulated with them, and the data are fitted. The rank of each
parameter among the draws of its fit is uniform if the program and the sampler are correct (Talts,
Betancourt, Simpson, Vehtari & Gelman 2018, arXiv:1804.06788). With parameters from the prior, the
calibration checks model and design before there are data. With parameters from a posterior, where
data and replicate are fitted together, it checks the sampler near the posterior (Säilynoja,
Schmitt, Bürkner & Vehtari 2025, arXiv:2502.03279).
"""

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from pkqsp_bayes.analysis.calibration.calibration import calibration_table
from pkqsp_bayes.analysis.calibration.replicates import (
    Replicates,
    joint_data,
    limits_of,
    planned_study,
    posterior_replicates,
    prior_replicates,
    replicate_data,
    twice,
)
from pkqsp_bayes.analysis.calibration.sbc_result import collect_result
from pkqsp_bayes.analysis.calibration.sbc_task import (
    TASK_FOLDER,
    SbcTask,
    misfit,
    read_outcome,
    run_task,
)
from pkqsp_bayes.arguments import CORES, EXECUTOR, FLAG, PATH, SEED, checked, count
from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import read_json
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.sampling.run_chains import stop_samplers
from pkqsp_bayes.fitting.sampling.sample_prior import sample_prior
from pkqsp_bayes.fitting.sampling.settings import SETTINGS, FitSettings
from pkqsp_bayes.likelihood.quantification_limits import Limits
from pkqsp_bayes.outputs import stage_output, write_text
from pkqsp_bayes.processors import count_processors
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, BoundModel, bind_model
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.signals import raise_on_signals
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study

__all__ = ["sbc"]

_LOGGER = logging.getLogger(__name__)
_SETTINGS = FitSettings(chains=1, warmup=500, draws=500)
_MANIFEST = "calibration.json"
_MOST_BYTES = 1_000_000


def _together(given: Mapping[str, Any]) -> list[Issue]:
    """Return the problems of combinations of settings that are valid one by one."""
    issues = []
    settings: FitSettings = given.get("settings") or _SETTINGS
    most = settings.chains * settings.draws
    if "settings" in given and given.get("kept", 1) > most:
        remedy = f"give a number from 1 to {most}, the draws of each fit"
        issues.append(Issue(where="kept", what=f"it is {given['kept']}", remedy=remedy))
    if given.get("options") is not None and given["options"].blq == "M1":
        what = "M1 omits censored values, so that its posterior belongs to no model"
        issues.append(Issue(where="options.blq", what=what, remedy=f"use {setting('blq', 'M3')}"))
    return issues


@checked(
    _together,
    model=MODEL,
    study=STUDY,
    folder=PATH,
    replicates=count(1, 100_000),
    seed=SEED,
    settings=SETTINGS,
    options=BIND_OPTIONS,
    made_by=MODEL,
    given=FIT,
    kept=count(),
    resume=FLAG,
    cores=CORES,
    executor=EXECUTOR,
)
@labelled
@quiet_stan()
def sbc(
    model: ModelLike,
    study: StudyLike,
    folder: Path | str,
    *,
    replicates: int = 100,
    seed: int = 1,
    settings: FitSettings | None = None,
    options: BindOptions | None = None,
    made_by: ModelLike | None = None,
    given: FitLike | None = None,
    kept: int = 99,
    resume: bool = False,
    cores: int | None = None,
    executor: Executor | None = None,
) -> xr.Dataset:
    """Check a model, a design and the sampler by simulation.

    Parameters
    ----------
    model : ModelSpec, str or Path
        The fitted model: a model, its name or its file. State the priors of the residual errors:
        the defaults depend on the spread of the study's values (1 for a design without values).
    study : Study, str, Path or DataFrame
        The design: a study, its name or its file, or the result of `pkqsp_bayes.regimen`. LLOQ and
        ULOQ of an endpoint censor all of its replicates.
    folder : Path
        Folder for the outcome of each replicate, which is written as soon as its fit ends, and for
        ``sbc.nc`` and ``calibration.csv``.
    replicates : int
        Number of replicates. A resumed calibration may have more than before.
    seed : int
        Seed of the replicates and of their fits.
    settings : FitSettings, optional
        Settings of each fit, by default 1 x (500 + 500); the seed is that of the replicate.
    options : BindOptions, optional
        Backend, parameterisation, solver.
    made_by : ModelSpec, str or Path, optional
        Another model that simulates the data, to study the fit of a wrong model.
    given : FittedModel, DataTree, str or Path, optional
        A fit of this model to this study: its posterior is calibrated instead of the prior.
    kept : int
        Number of draws of each fit for the ranks, evenly spaced.
    resume : bool
        Whether to keep the replicates in the folder and to run only the missing ones.
    cores : int, optional
        Number of replicates that run in parallel; by default the number of processors.
    executor : Executor, optional
        Executor of the replicates; by default threads, each of which waits for a process.

    Returns
    -------
    xarray.Dataset
        ``rank``, ``pit``, ``truth``, ``mean`` and ``sd`` (replicate, parameter), the thinned
        ``draws``, and ``status``, ``divergent``, ``ess``, ``seconds`` of each replicate. Failed
        replicates have NaN. `pkqsp_bayes.calibration_table` tests the ranks,
        `pkqsp_bayes.plot_calibration` shows them.

    Raises
    ------
    CheckError
        All problems of model, study and settings; or if the folder has another calibration.
    ToolchainError
        If a program cannot be compiled.

    Notes
    -----
    In addition to the parameters, ``misfit[<output>]`` is ranked, the root mean square of value
    minus prediction. It detects errors that the parameters alone do not show.
    """
    chosen = settings or _SETTINGS
    choices = options or BindOptions()
    model = as_model(model)
    made_by = None if made_by is None else as_model(made_by)
    fitted = None if given is None else open_fit(given)
    design = as_study(study, model)
    if fitted is not None:
        fitted.require_own(design)
    design = planned_study(design)
    bound = bind_model(model, design, options=choices)
    makes = bound if made_by is None else bind_model(made_by, design, options=choices)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    _begin(place, _key(bound, makes, chosen, (seed, kept, fitted is not None)), resume=resume)
    if fitted is None:
        makers = made_by or model
        drawn = sample_prior(makers, design, draws=replicates, seed=seed, options=options)
        made = prior_replicates(drawn)
    else:
        made = posterior_replicates(fitted.tree, replicates, seed)
    plan = _Plan(bound=bound, made=made, limits=limits_of(design, bound), joint=fitted is not None)
    with raise_on_signals():
        _run_missing(place, plan, chosen, seed, kept, cores, executor)
    outcomes = [read_outcome(_file(place, i)) for i in range(replicates)]
    result = collect_result(made.truth, plan.misfits(), outcomes, kept=kept, seed=seed)
    result.attrs |= {"model": model.title, "given": "data" if fitted is not None else "nothing"}
    _write(place, result)
    return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Replicates, and their conversion to data."""

    bound: BoundModel
    made: Replicates
    limits: Limits
    joint: bool

    def case(self, index: int) -> BoundModel:
        """Return the program and the data for the fit of a replicate."""
        alone = replicate_data(self.bound, self.made.value[index], self.limits)
        return joint_data(self.bound, alone) if self.joint else alone

    def is_complete(self, index: int) -> bool:
        """Return whether every value of a replicate is finite."""
        return bool(np.isfinite(self.made.value[index]).all())

    def misfits(self) -> dict[str, np.ndarray]:
        """Return the misfit of each replicate at its true parameters."""
        order = twice(self.bound) if self.joint else slice(None)
        found = [
            misfit(self.case(i), prediction[order])
            for i, prediction in enumerate(self.made.prediction)
        ]
        return {name: np.array([one[name] for one in found]) for name in found[0]}


def _key(
    bound: BoundModel, makes: BoundModel, settings: FitSettings, more: tuple[object, ...]
) -> dict[str, str]:
    """Return a digest of each input that the outcome of a replicate depends on."""
    texts = {
        "model": "\0".join((bound.program, bound.header or "", makes.prior_program)),
        "design": json.dumps(bound.plain_data(), sort_keys=True),
        "settings": repr((dataclasses.replace(settings, seed=0), more)),
    }
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _begin(folder: Path, key: dict[str, str], *, resume: bool) -> None:
    path = folder / _MANIFEST
    if not path.exists():
        write_text(path, json.dumps(key, indent=1) + "\n")
        return
    if not resume:
        what, remedy = "it already has a calibration", "use another folder, or resume it"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
    remedy = "it is damaged: restore the file, or use another folder"
    old = read_json(path, limit=_MOST_BYTES, remedy=remedy)
    if not isinstance(old, dict):
        raise CheckError([Issue(where=str(path), what="it is not a table", remedy=remedy)])
    changed = [name for name in key if old.get(name) != key[name]]
    if changed:
        what = f"it has a calibration of another {', '.join(changed)}"
        remedy = "resume with the same inputs, or use another folder"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])


def _file(folder: Path, index: int) -> Path:
    return folder / f"replicate_{index:05d}.json"


def _tasks(
    folder: Path, plan: _Plan, settings: FitSettings, seed: int, kept: int
) -> Iterator[SbcTask]:
    for index in range(len(plan.made.value)):
        path = _file(folder, index)
        if plan.is_complete(index) and read_outcome(path) is None:
            own = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
            chosen = dataclasses.replace(settings, seed=own)
            yield SbcTask(path=path, bound=plan.case(index), settings=chosen, kept=kept)


def _run_missing(
    folder: Path,
    plan: _Plan,
    settings: FitSettings,
    seed: int,
    kept: int,
    cores: int | None,
    executor: Executor | None,
) -> None:
    # Once, before the threads need it.
    compile_program(plan.bound.program, user_header=plan.bound.header, methods="sampling")
    tasks = list(_tasks(folder, plan, settings, seed, kept))
    pool = executor or ThreadPoolExecutor(max_workers=cores or count_processors())
    waiting = [pool.submit(run_task, task) for task in tasks]
    try:
        for count, future in enumerate(as_completed(waiting), start=1):
            path = future.result()
            _LOGGER.info("%s is done, %d of %d", path.stem, count, len(tasks))
    except BaseException:  # mainly Ctrl-C and SIGTERM
        stop_samplers(waiting, TASK_FOLDER)
        raise
    finally:
        if executor is None:
            pool.shutdown(wait=True, cancel_futures=True)


def _write(folder: Path, result: xr.Dataset) -> None:
    writers: dict[str, Callable[[Path], object]] = {
        "sbc.nc": lambda path: result.to_netcdf(path, engine="h5netcdf")
    }
    if (result["status"] == "ok").sum() > 1:
        table = calibration_table(result)
        writers["calibration.csv"] = lambda path: table.to_csv(path, float_format="%.4g")
    for name, write in writers.items():
        with stage_output(folder / name) as part:
            write(part)
