"""Independent draws a second on mavoglurant: native, pure Stan, and the published figures."""

import resource
import tempfile

import pandas as pd

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compile import compile_program
from pkqsp_bayes.program.bind import bind_model
from tests.benchmarks.gradient import bench_mavoglurant

__all__ = ["ess_table"]

_SETTINGS = pq.FitSettings(chains=2, warmup=500, draws=1000, seed=1)
# EVIDENCE.md: the Turing.jl run of the BayesPBPK tutorial (16 h on 4 threads, ESS of omega 261),
# and the prototype of the kernel (102 s on two cores).
_PUBLISHED = (
    ("Turing.jl, as published", 16 * 3600 * 4, 261.0),
    ("prototype of the native kernel", 102 * 2, 914.0),
)


def _used() -> float:
    """Return the processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ess_table() -> pd.DataFrame:
    """Return a row a method: processor seconds, ESS of omega (the lowest), their quotient.

    The fit is native, and its processor time is measured, warm-up and starts included. Pure Stan
    would draw the same draws from as many gradients: its time is that time by the ratio of the
    two gradients, measured in this run.
    """
    model, study = pq.load_model("mavoglurant"), pq.load_dataset("mavoglurant")
    bound = bind_model(model, study)
    compile_program(bound.program, user_header=bound.header, methods="sampling")
    begun = _used()
    with tempfile.TemporaryDirectory() as folder:
        tree = pq.fit(model, study, folder, settings=_SETTINGS)
    seconds = _used() - begun
    summary = pq.summary_table(tree)
    omega = float(summary.loc["omega[CLint]", "ess_bulk"])
    ratio = bench_mavoglurant().ratio
    ours = [
        ("native", seconds, omega),
        ("Stan, ode_bdf (time by the ratio of gradients)", seconds * ratio, omega),
    ]
    rows = [
        {
            "method": method,
            "processor_seconds": used,
            "ess_bulk_omega": ess,
            "ess_a_processor_second": ess / used,
        }
        for method, used, ess in (*ours, *_PUBLISHED)
    ]
    leapfrogs = float(tree["sample_stats"]["n_steps"].mean())
    extra = {"least_ess_bulk": float(summary.ess_bulk.min()), "leapfrogs_a_draw": leapfrogs}
    return pd.DataFrame(rows).assign(
        **{name: [value, value, None, None] for name, value in extra.items()}
    )
