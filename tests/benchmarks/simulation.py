"""Simulation of 10,000 virtual subjects, against SciPy's LSODA."""

import time

import numpy as np
import pandas as pd
from scipy.integrate import solve_ivp

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.engine.typical_individual import individual_values
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import Timeline
from tests.oracles.compiled_system import CompiledSystem, compiled

__all__ = ["simulation_table"]

_SUBJECTS = 10_000
_BY_SCIPY = 40


def virtual_study(subjects: int) -> Study:
    """Return mavoglurant's dose and 50 times over 48 h, with body weights of a population."""
    times = np.linspace(48 / 50, 48, 50)
    weight = np.random.default_rng(1).lognormal(np.log(70), 0.2, subjects)
    dose = pq.Dose(amount=25, duration=1 / 3)
    return pq.regimen(dose, times, subjects=subjects, covariates={"WT": weight})


def _scipy_seconds(study: Study, values: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the seconds a subject takes LSODA, and the predictions of the first ones."""
    mavoglurant = compile_model(pq.load_model("mavoglurant"))
    system = compiled(mavoglurant.system)
    started = time.perf_counter()
    lines = subject_timelines(mavoglurant, study)[:_BY_SCIPY]
    predictions = [_solve(system, line, values[0]) for line in lines]
    return (time.perf_counter() - started) / _BY_SCIPY, np.concatenate(predictions)


def _solve(system: CompiledSystem, timeline: Timeline, p: np.ndarray) -> np.ndarray:
    x = list(timeline.fixed)
    place, end = system.dose_states[0], timeline.amount[0] / timeline.rate[0]

    def rhs(t: float, y: np.ndarray, rate: float) -> list[float]:
        change = system.rhs(t, y, p, x)
        change[place] += rate
        return change

    options = {"method": "LSODA", "rtol": 1e-6, "atol": 1e-6}
    times = timeline.time[timeline.evid == 0]
    during, after = times[times <= end], times[times > end]
    y0 = np.zeros(system.size)
    first = solve_ivp(rhs, (0, end), y0, t_eval=[*during, end], args=(timeline.rate[0],), **options)
    rest = solve_ivp(rhs, (end, times[-1]), first.y[:, -1], t_eval=after, args=(0.0,), **options)
    states = np.hstack([first.y[:, : during.size], rest.y]).T
    return np.array([system.outputs(0.0, y, p, x)[0] for y in states])


def simulation_table() -> pd.DataFrame:
    """Return seconds for the whole population, kernel and LSODA, and their ratio."""
    model, study = pq.load_model("mavoglurant"), virtual_study(_SUBJECTS)
    pq.simulate(model, virtual_study(1))  # compiles the kernel
    mavoglurant = compile_model(model)
    lines = subject_timelines(mavoglurant, study)
    values = individual_values(mavoglurant, study)
    kernel = mavoglurant.kernel
    started = time.perf_counter()
    solved = kernel.solve_many(lines, values)
    seconds = time.perf_counter() - started
    by_scipy, expected = _scipy_seconds(study, values)
    ours = np.concatenate(
        [s.values[t.evid == 0, 0] for s, t in zip(solved, lines[:_BY_SCIPY], strict=False)]
    )
    return pd.DataFrame(
        [
            {
                "subjects": _SUBJECTS,
                "outputs_each": 50,
                "kernel_seconds": seconds,
                "lsoda_seconds": by_scipy * _SUBJECTS,
                "ratio": by_scipy * _SUBJECTS / seconds,
                "greatest_relative_difference": float(np.max(np.abs(ours / expected - 1))),
            }
        ]
    )
