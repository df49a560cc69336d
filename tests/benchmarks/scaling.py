"""Cost against the number of states, parameters and subjects; memory against subjects."""

import time

import pandas as pd

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.engine.typical_individual import individual_values
from pkqsp_bayes.program.bench import gradient_cost
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study
from tests.benchmarks.studies import body

__all__ = ["size_table", "subject_table", "thread_table"]

_TIMES = [0.2, 0.5, 1, 2, 4, 6, 8, 12, 16, 24, 30, 36, 48]


def _solve_seconds(states: int, parameters: int) -> float:
    """Return the time of one subject with its sensitivities, the best of several rounds."""
    compiled = compile_model(body(states, parameters))
    study = pq.regimen(pq.Dose(amount=25, duration=1 / 3), _TIMES, subjects=20)
    lines = subject_timelines(compiled, study)
    values = individual_values(compiled, study)
    kernel = compiled.kernel
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        kernel.solve_many(lines, values, sensitivities=True, threads=1)
        best = min(best, time.perf_counter() - started)
    return best / len(lines)


def size_table() -> pd.DataFrame:
    """Return microseconds of a solve with sensitivities by number of states and parameters."""
    sizes = [(states, 6) for states in (8, 16, 32, 64)]
    sizes += [(32, parameters) for parameters in (2, 12, 24)]
    rows = [
        {"states": n, "parameters": p, "microseconds": 1e6 * _solve_seconds(n, p)} for n, p in sizes
    ]
    return pd.DataFrame(rows).sort_values(["states", "parameters"])


def _repeated(study: Study, times: int) -> Study:
    copies = [study.table.assign(ID=study.table["ID"] + f"-{i}") for i in range(times)]
    table = pd.concat(copies, ignore_index=True)
    return Study(table=table, source=study.source, units=study.units, covariates=study.covariates)


def subject_table() -> pd.DataFrame:
    """Return milliseconds and memory of a gradient of mavoglurant by number of subjects."""
    model, study = pq.load_model("mavoglurant"), pq.load_dataset("mavoglurant")
    rows = []
    for times in (1, 5, 25, 100, 500):
        many = _repeated(study, times)
        sliced = gradient_cost(bind_model(model, many))
        rows.append(
            {
                "subjects": 20 * times,
                "milliseconds": 1e3 * sliced.seconds,
                "microseconds_a_subject": 1e6 * sliced.seconds / (20 * times),
                "megabytes": sliced.megabytes,
                "megabytes_in_one_slice": gradient_cost(_in_one_slice(model, many)).megabytes,
            }
        )
    return pd.DataFrame(rows)


def thread_table() -> pd.DataFrame:
    """Return milliseconds of a gradient of mavoglurant by threads, and the share that is serial.

    The serial share is that of Amdahl's law for the measured speed-up; with it, ``expected_16`` is
    the speed-up of 16 threads.
    """
    model, study = pq.load_model("mavoglurant"), pq.load_dataset("mavoglurant")
    rows = []
    for times in (5, 100):
        bound = bind_model(model, _repeated(study, times))
        one, two = (gradient_cost(bound, threads=n).seconds for n in (1, 2))
        gain = one / two
        serial = max(0.0, 2 / gain - 1)
        rows.append(
            {
                "subjects": 20 * times,
                "milliseconds_1": 1e3 * one,
                "milliseconds_2": 1e3 * two,
                "speed_up": gain,
                "serial_share": serial,
                "expected_16": 1 / (serial + (1 - serial) / 16),
            }
        )
    return pd.DataFrame(rows)


def _in_one_slice(model: ModelSpec, study: Study) -> BoundModel:
    """Bind with one reverse pass over all subjects, to show what slices save."""
    return bind_model(model, study, options=BindOptions(slice_size=len(study.subjects)))
