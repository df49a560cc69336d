"""Gradient of the log density: native against pure Stan, mavoglurant and two of TMDD."""

import dataclasses
import functools

import numpy as np
import pandas as pd

import pkqsp_bayes as pq
from pkqsp_bayes.program.bench import GradientBench, bench_gradient
from pkqsp_bayes.study.study import Study
from tests.benchmarks.studies import observed

__all__ = ["bench_mavoglurant", "gradient_table"]


def tmdd_study(name: str) -> Study:
    """Return three dose groups of an antibody of the library, 12 subjects."""
    times = [0.5, 2, 8, 24, 72, 168, 336, 504, 672, 1008]
    amount = np.repeat([10.0, 100.0, 700.0], 4)
    dose = pq.Dose(amount=amount, duration=1.0)
    design = pq.regimen(dose, times, subjects=12, outputs=["cp", "target"])
    return observed(pq.load_model(name), design)


@functools.cache
def bench_mavoglurant() -> GradientBench:
    """Return the comparison, taken once in a run."""
    return bench_gradient(pq.load_model("mavoglurant"), pq.load_dataset("mavoglurant"))


def gradient_table() -> pd.DataFrame:
    """Return a row a model: seconds of both, ratio, differences."""
    found = {"mavoglurant": bench_mavoglurant()}
    for name in ("tmdd-antibody", "mab-tmdd"):
        found[name] = bench_gradient(pq.load_model(name), tmdd_study(name))
    return pd.DataFrame(
        [{"model": name, **dataclasses.asdict(bench)} for name, bench in found.items()]
    )
