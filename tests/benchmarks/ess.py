"""Independent draws a second on mavoglurant: native, pure Stan, and the published figures."""

import resource
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cmdstanpy
import numpy as np
import pandas as pd
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compile import compile_program, load_program
from pkqsp_bayes.fitting.results.convert import convert_chains
from pkqsp_bayes.program.bind import BoundModel, bind_model
from tests.benchmarks.gradient import bench_mavoglurant

__all__ = ["ess_table"]

_SETTINGS = pq.FitSettings(chains=2, warmup=500, draws=1000, seed=1)
_FEW = 100
# EVIDENCE.md: the Turing.jl run of the BayesPBPK tutorial (16 h on 4 threads, ESS of omega 261),
# and the prototype of the kernel (102 s on two cores).
_PUBLISHED = (
    ("Turing.jl, as published", 16 * 3600 * 4, 261.0),
    ("prototype of the native kernel", 102 * 2, 914.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A method, what it used and what it got: the lowest ESS is of all population parameters."""

    method: str
    processor_seconds: float
    ess_bulk_omega: float
    least_ess_bulk: float | None = None
    leapfrogs_a_draw: float | None = None


def ess_table() -> pd.DataFrame:
    """Return a row a method: processor seconds, ESS of omega, their quotient.

    The native fit is measured whole, warm-up and starts included. Pure Stan is given what that fit
    has learnt, draws to begin at, step sizes and metrics, and only draws; beside it stands what its
    whole fit would take: the native one's time by the ratio of the two gradients.
    """
    with tempfile.TemporaryDirectory() as name:
        native, learnt = _native(Path(name))
        stan = _stan(learnt, Path(name))
    whole = native.processor_seconds * bench_mavoglurant().ratio
    rows = [
        native,
        stan,
        _Row(
            method="Stan, ode_bdf, warm-up included (time by the ratio of gradients)",
            processor_seconds=whole,
            ess_bulk_omega=native.ess_bulk_omega,
        ),
        *(_Row(method=m, processor_seconds=s, ess_bulk_omega=e) for m, s, e in _PUBLISHED),
    ]
    table = pd.DataFrame(rows)
    rate = table.ess_bulk_omega / table.processor_seconds
    table.insert(3, "ess_a_processor_second", rate)
    return table


def _native(folder: Path) -> tuple[_Row, cmdstanpy.CmdStanMCMC]:
    bound = _bound("native")
    compile_program(bound.program, user_header=bound.header, methods="sampling")
    begun = _used()
    tree = pq.fit(
        pq.load_model("mavoglurant"), pq.load_dataset("mavoglurant"), folder, settings=_SETTINGS
    )
    row = _row("native, warm-up included", _used() - begun, tree)
    chains = [str(folder / f"chain_{k}.csv") for k in range(1, _SETTINGS.chains + 1)]
    return row, cmdstanpy.from_csv(chains, method="sample")


def _stan(learnt: cmdstanpy.CmdStanMCMC, folder: Path) -> _Row:
    bound = _bound("stan")
    program = load_program(bound.program, user_header=bound.header, methods="sampling")
    begun = _used()
    drawn = program.sample(
        data=bound.plain_data(),
        chains=_SETTINGS.chains,
        inits=learnt.create_inits(seed=_SETTINGS.seed, chains=_SETTINGS.chains),
        iter_warmup=1,  # cmdstanpy reads no file without one
        adapt_engaged=False,
        step_size=[float(step) for step in np.atleast_1d(learnt.step_size)],
        inv_metric=[
            {"inv_metric": diagonal.tolist()} for diagonal in np.asarray(learnt.inv_metric)
        ],
        iter_sampling=_FEW,
        seed=_SETTINGS.seed,
        output_dir=str(folder),
        show_progress=False,
    )
    tree = convert_chains([Path(file) for file in drawn.runset.csv_files], bound, {})
    about = f"Stan, ode_bdf, {_SETTINGS.chains} x {_FEW} draws alone, tuned by the native fit"
    return _row(about, _used() - begun, tree)


def _bound(backend: str) -> BoundModel:
    model, study = pq.load_model("mavoglurant"), pq.load_dataset("mavoglurant")
    return bind_model(model, study, options=pq.BindOptions(backend=backend))


def _row(method: str, seconds: float, tree: xr.DataTree) -> _Row:
    summary = pq.summary_table(tree)
    return _Row(
        method=method,
        processor_seconds=seconds,
        ess_bulk_omega=float(summary.loc["omega[CLint]", "ess_bulk"]),
        least_ess_bulk=float(summary.ess_bulk.min()),
        leapfrogs_a_draw=float(tree["sample_stats"]["n_steps"].mean()),
    )


def _used() -> float:
    """Return the processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
