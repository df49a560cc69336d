"""Random subjects of the models of `tests.oracles.record_models`, and how values are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.oracles.random_tables import random_parameters, random_rows, show_rows, table_of
from tests.oracles.record_models import RecordModel
from tests.oracles.table_oracle import Array, predict

__all__ = [
    "Subject",
    "assert_outputs",
    "assert_sensitivities",
    "parameter_table",
    "simulated",
    "study_of",
    "subjects_of",
]

_TIGHT = pq.SolverSettings(rtol=1e-11, atol=1e-13, max_steps=1_000_000)
_FLOOR = 1e-3
"""Values below this part of the greatest one of a subject are compared with that part."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Rows and individual parameters."""

    rows: Sequence[dict[str, Any]]
    parameters: dict[str, float]


def subjects_of(model: RecordModel, seed: int, count: int, *, ties: bool = True) -> list[Subject]:
    """Return random subjects; half of them have decimal times, which rounding changes."""
    rng = np.random.default_rng(seed)
    return [_subject(rng, model, ties=ties) for _ in range(count)]


def _subject(rng: np.random.Generator, model: RecordModel, *, ties: bool) -> Subject:
    grid = float(rng.choice([1.0, 0.2]))
    return Subject(
        rows=random_rows(rng, model, grid=grid),
        parameters=random_parameters(rng, model, grid=grid, ties=ties),
    )


def study_of(model: RecordModel, subjects: Sequence[Subject]) -> pq.Study:
    """Return the study that the package reads."""
    return pq.study_from_frame(table_of(model, [s.rows for s in subjects]))


def parameter_table(subjects: Sequence[Subject]) -> pd.DataFrame:
    """Return individual parameters by ID."""
    return pd.DataFrame([s.parameters for s in subjects], index=range(1, len(subjects) + 1))


def simulated(model: RecordModel, subjects: Sequence[Subject], **options: bool) -> xr.Dataset:
    """Return what the package predicts for all rows."""
    return pq.simulate(
        parse_model(model.text),
        study_of(model, subjects),
        parameters=parameter_table(subjects),
        options=_TIGHT,
        **options,
    )


def sensitivities(model: RecordModel, subject: Subject, names: Sequence[str]) -> Array:
    """Return derivatives of the oracle (rows, outputs, names), by complex steps."""
    tiny = 1e-30
    columns = []
    for name in names:
        moved = {**subject.parameters, name: subject.parameters[name] + 1j * tiny}
        columns.append(predict(model.linear, subject.rows, moved).imag / tiny)
    return np.stack(columns, axis=-1)


def assert_outputs(model: RecordModel, subject: Subject, found: Array, *, within: float) -> None:
    """Compare outputs (rows, outputs) with the oracle, relative to the size of each."""
    right = predict(model.linear, subject.rows, subject.parameters)
    _assert_close(model, subject, found, right, np.full(right.shape, 1e-9), within)


def assert_sensitivities(
    model: RecordModel, subject: Subject, found: Array, names: Sequence[str], *, within: float
) -> None:
    """Compare derivatives (rows, outputs, names) with the oracle's, relative to their size.

    Where outputs hardly depend on a parameter, p dy/dp is compared with 1e-4 of the output.
    """
    right = sensitivities(model, subject, names)
    outputs = np.abs(predict(model.linear, subject.rows, subject.parameters)).max(axis=0)
    values = np.abs([subject.parameters[name] for name in names])
    least = 1e-4 * outputs[:, None] / np.minimum(values, 1.0)
    _assert_close(model, subject, found, right, least + 1e-9, within)


def _assert_close(
    model: RecordModel, subject: Subject, found: Array, right: Array, least: Array, within: float
) -> None:
    size = np.maximum(np.abs(right), _FLOOR * np.abs(right).max(axis=0))
    gaps = np.abs(found - right) / np.maximum(size, least)
    if not (gaps < within).all():
        gaps = np.nan_to_num(gaps, nan=np.inf)
        raise AssertionError(f"{gaps.max():.2g}\n{_described(model, subject, found, right, gaps)}")


def _described(
    model: RecordModel, subject: Subject, found: Array, right: Array, gaps: Array
) -> str:
    """Return the model, the parameters, and the rows with what was found and what is right."""
    shape = (len(subject.rows), len(model.outputs), -1)
    worst = np.unravel_index(gaps.argmax(), gaps.reshape(shape).shape)[2]
    columns = {
        f"{name} {word}": array.reshape(shape)[:, i, worst]
        for word, array in (("right", right), ("found", found))
        for i, name in enumerate(model.outputs)
    }
    rows = [{**row, **{k: v[i] for k, v in columns.items()}} for i, row in enumerate(subject.rows)]
    return f"{model.text}\n{subject.parameters}\nparameter {worst}\n{show_rows(rows)}"
