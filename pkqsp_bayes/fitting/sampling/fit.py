"""`fit`: sampling of a population model for a study; all steps are saved on disk."""

import dataclasses
import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr

from pkqsp_bayes.arguments import CORES, EXECUTOR, FLAG, PATH, checked, one_of
from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.engine.locks import describe_holder, hold_lock
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.diagnostics.diagnose import diagnose
from pkqsp_bayes.fitting.inits.chain_inits import ChainInits, inits_at_mode, inits_at_priors
from pkqsp_bayes.fitting.inits.estimate_inits import inits_at_estimate
from pkqsp_bayes.fitting.results.attributes import chosen_options, result_attributes
from pkqsp_bayes.fitting.results.convert import convert_chains
from pkqsp_bayes.fitting.results.manifest import (
    Manifest,
    begin_manifest,
    changes,
    read_manifest,
    write_manifest,
)
from pkqsp_bayes.fitting.results.output_folder import check_folder, explain_write_errors
from pkqsp_bayes.fitting.results.store import STORES, STUDY_FILE, Store, write_tree
from pkqsp_bayes.fitting.results.summarise import summary_table
from pkqsp_bayes.fitting.sampling.chain_files import ChainIdentity, chain_issues
from pkqsp_bayes.fitting.sampling.chains import SUFFIXES, ChainSampler, chain_sampler, seconds_of
from pkqsp_bayes.fitting.sampling.progress import shown_progress
from pkqsp_bayes.fitting.sampling.run_chains import adopt_finished, run_missing
from pkqsp_bayes.fitting.sampling.settings import SETTINGS, Begin, FitSettings
from pkqsp_bayes.fitting.sampling.solver_stats import read_solver_stats, summarise_solver
from pkqsp_bayes.fitting.sampling.threads import share_processors
from pkqsp_bayes.outputs import write_text
from pkqsp_bayes.program.bind import BIND_OPTIONS, BindOptions, BoundModel, bind_observed
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.signals import raise_on_signals
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior_table import PRIORS, PriorTable, format_priors
from pkqsp_bayes.spec.priors.apply_priors import apply_priors
from pkqsp_bayes.spec.reading.toml import format_model
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study
from pkqsp_bayes.study.write import format_study

__all__ = ["fit"]

_LOGGER = logging.getLogger(__name__)
_BEGIN: Mapping[Begin, Callable[[ModelSpec, Study, BoundModel, int, int], ChainInits]] = {
    "priors": inits_at_priors,
    "estimate": inits_at_estimate,
    "mode": inits_at_mode,
}
# A logger of its own, because a command that prints the problems itself turns it off.
_DIAGNOSTICS = logging.getLogger(f"{__name__}.diagnostics")


@checked(
    model=MODEL, study=STUDY, folder=PATH, priors=PRIORS, settings=SETTINGS, options=BIND_OPTIONS,
    resume=FLAG, cores=CORES, executor=EXECUTOR, store=one_of(*STORES), progress=FLAG,
)  # fmt: skip
@quiet_stan()
def fit(
    model: ModelLike,
    study: StudyLike,
    folder: Path | str,
    *,
    priors: PriorTable | None = None,
    settings: FitSettings | None = None,
    options: BindOptions | None = None,
    resume: bool = False,
    cores: int | None = None,
    executor: Executor | None = None,
    store: Store = "netcdf",
    progress: bool | None = None,
) -> xr.DataTree:
    """Fit a population model to a study.

    Parameters
    ----------
    model : ModelSpec, str or Path
        The result of `pkqsp_bayes.load_model`; or a name in the library, or a file.
    study : Study, str, Path or DataFrame
        The result of `pkqsp_bayes.read_study`; or the name of a data set, or a file.
    folder : Path
        Output folder: ``model.toml``, ``study.csv``, ``program.stan``, ``data.json``,
        ``manifest.json``; for each finished chain ``chain_<k>.csv``, the messages of the sampler
        (``.txt``) and the counts of the ODE solver (``.solver.json``); ``fit.nc`` or ``fit.zarr``,
        ``summary.csv``.
    priors : PriorTable, optional
        Priors that replace those of the model; saved as ``priors.toml``.
    settings : FitSettings, optional
        Chains, iterations, seed, tuning.
    options : BindOptions, optional
        Backend, censoring, parameterisation, solver.
    resume : bool
        Keep the finished chains in the folder, and run the missing ones.
    cores : int, optional
        Number of chains that run at the same time; by default the number of processors, divided by
        that of the threads of each chain.
    executor : Executor, optional
        Executor that runs the chains.
    store : {"netcdf", "zarr", "both"}
        Format of the result; `pkqsp_bayes.read_fit` reads both.
    progress : bool, optional
        False: silent. By default a table in a notebook, one line per chain on a terminal,
        otherwise log lines.

    Returns
    -------
    xarray.DataTree
        Groups posterior, sample_stats, log_likelihood, log_prior, posterior_predictive,
        observed_data, constant_data. Attributes ``model`` (TOML), ``program``, ``seed``,
        ``settings``, ``options`` (those that differ from the default), ``centred``, ``versions``,
        ``seconds`` (of the slowest chain, warm-up included) and ``solver`` (JSON): solves, steps,
        failed solves with their reasons and the parameters of the first, in total and by chain.

    Raises
    ------
    CheckError
        With every problem of model, study and settings; if the folder has another fit; if no
        initial value has a finite density (with the affected observations).
    MethodError
        If chains must start at the mode, and there is none.
    ChainError
        If chains failed; finished chains are kept.
    ToolchainError
        If the folder cannot be written to, for example because the disk is full. Finished chains
        are kept.
    Ended
        On SIGTERM and SIGHUP, if the program has no own handlers: the samplers are stopped,
        finished chains are kept, and the process ends with code 143 or 129.

    See Also
    --------
    diagnose : problems of a fit; they are logged after each fit.
    """
    model = as_model(model)
    study = as_study(study, model)
    chosen = settings or FitSettings()
    place = Path(folder).resolve()
    check_folder(place)
    model = model if priors is None else apply_priors(model, priors)
    bound = bind_observed(model, study, options=options)
    for issue in study.warnings:
        _LOGGER.warning("%s", issue)
    with raise_on_signals(), explain_write_errors(place), _held(place):
        manifest = _begin(place, bound, chosen, resume=resume)
        _check_chains(place, manifest, bound, chosen)
        _write_inputs(place, model, study, bound)
        if priors is not None:
            write_text(place / "priors.toml", format_priors(priors))
        missing = [k for k in range(1, chosen.chains + 1) if str(k) not in manifest.chains]
        if missing:
            shares = share_processors(chosen, len(study.subjects), cores)
            sampler = _sampler(place, model, study, bound, chosen, shares.threads, manifest.key)
            with shown_progress(place, missing, chosen, wanted=progress):
                manifest = run_missing(
                    place, manifest, sampler, cores=shares.chains, executor=executor
                )
            _check_chains(place, manifest, bound, chosen)
        files = [place / manifest.chains[str(k)] for k in range(1, chosen.chains + 1)]
        about = _attributes(model, bound, chosen, [seconds_of(file) for file in files])
        about["options"] = json.dumps(chosen_options(options))
        about["solver"] = _solver(place, bound, chosen)
        tree = convert_chains(files, bound, about)
        tree.encoding["source"] = str(write_tree(place, tree, store)[-1])
        write_text(place / "summary.csv", summary_table(tree).to_csv(float_format="%.6g"))
    for issue in diagnose(tree):
        level = logging.INFO if issue.severity == "note" else logging.WARNING
        _DIAGNOSTICS.log(level, "%s", issue)
    return tree


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock a folder, so that two fits do not use the same chains."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / ".lock"
    with hold_lock(lock, folder, until=lambda: True) as held:
        if not held:
            what = f"another process is fitting into this folder: {describe_holder(lock)}"
            remedy = "wait, or use another folder"
            raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
        yield


def _check_names(folder: Path, settings: FitSettings) -> None:
    """Raise an error for other files at the paths of the chains, before sampling."""
    files = [folder / f"chain_{k}{end}" for k in range(1, settings.chains + 1) for end in SUFFIXES]
    what, remedy = "the file of a chain must be here", "move this to another folder"
    issues = [
        Issue(where=str(file), what=what, remedy=remedy)
        for file in files
        if file.exists() and not file.is_file()
    ]
    if issues:
        raise CheckError(issues)


def _begin(folder: Path, bound: BoundModel, settings: FitSettings, *, resume: bool) -> Manifest:
    _check_names(folder, settings)
    new = begin_manifest(bound, settings)
    old = read_manifest(folder)
    if old is None:
        write_manifest(folder, new)
        return new
    if not resume:
        finished = f"{len(old.chains)} of {old.settings['chains']} chains finished"
        what = f"it already has a fit ({finished})"
        remedy = f"use another folder, or resume it: {setting('fit again')}"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
    changed = changes(old, new)
    if changed:
        what = f"the requested fit is not the fit in this folder: {'; '.join(changed)}"
        remedy = "resume with the same model, study and settings, or use another folder"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
    return adopt_finished(folder, old)


def _check_chains(
    folder: Path, manifest: Manifest, bound: BoundModel, settings: FitSettings
) -> None:
    """Raise an error for files that are not the chains of this fit."""
    columns = {
        name: math.prod(len(bound.coords[dim]) for dim in dims)
        for name, dims in bound.dims.items()
        if all(dim in bound.coords for dim in dims)
    }
    identity = ChainIdentity(key=manifest.key, settings=settings, columns=columns)
    unmarked = dataclasses.replace(identity, marked=False)  # as earlier versions wrote them
    issues = [
        issue
        for k, name in manifest.chains.items()
        for issue in chain_issues(
            folder / name, int(k), identity if k in manifest.digests else unmarked,
            manifest.digests.get(k),
        )
    ]  # fmt: skip
    if issues:
        raise CheckError(issues)


def _write_inputs(folder: Path, model: ModelSpec, study: Study, bound: BoundModel) -> None:
    write_text(folder / "model.toml", format_model(model))
    write_text(folder / STUDY_FILE, format_study(study))
    write_text(folder / "program.stan", bound.program)
    write_text(folder / "data.json", json.dumps(bound.plain_data()))


def _sampler(
    folder: Path, model: ModelSpec, study: Study, bound: BoundModel, settings: FitSettings,
    threads: int, key: str,
) -> ChainSampler:  # fmt: skip
    program = load_program(bound.program, user_header=bound.header, methods="sampling")
    beginning = _BEGIN[settings.begin](model, study, bound, settings.chains, settings.seed)
    return chain_sampler(
        program, str(folder / "data.json"), beginning, settings, threads=threads, key=key
    )


def _solver(folder: Path, bound: BoundModel, settings: FitSettings) -> dict[str, Any]:
    _, console, log = SUFFIXES
    stats = {
        k: read_solver_stats(
            folder / f"chain_{k}{log}", folder / f"chain_{k}{console}", bound.solved_with
        )
        for k in range(1, settings.chains + 1)
    }
    return summarise_solver(stats, "stan" if bound.header is None else "native")


def _attributes(
    model: ModelSpec, bound: BoundModel, settings: FitSettings, seconds: Sequence[float]
) -> dict[str, Any]:
    return result_attributes(
        model,
        bound,
        seed=settings.seed,
        settings=dataclasses.asdict(settings),
        centred=dict(bound.centred),
        seconds=max(seconds),
    )
