"""Random tables in which rows of one time differ in covariates and occasions, against the oracle.

The oracle (`tests.oracles.table_oracle`) reads the rows as NONMEM defines them and solves by matrix
exponentials; it shares nothing with the package.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.spec.toml import parse_model
from tests.oracles.random_tables import random_parameters, random_rows, show_rows, table_of
from tests.oracles.record_models import MODELS, RecordModel
from tests.oracles.table_oracle import predict

TIGHT = pq.SolverOptions(rtol=1e-11, atol=1e-13, max_steps=1_000_000)
CLOSE = 1e-7
FLOOR = 1e-3
"""Values below this part of a subject's greatest one are compared with that part."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Rows and individual parameters."""

    rows: Sequence[dict[str, Any]]
    parameters: dict[str, float]


def subjects_of(model: RecordModel, seed: int, count: int, *, ties: bool = True) -> list[Subject]:
    rng = np.random.default_rng(seed)
    return [_subject(rng, model, ties=ties) for _ in range(count)]


def _subject(rng: np.random.Generator, model: RecordModel, *, ties: bool) -> Subject:
    grid = float(rng.choice([1.0, 0.2]))
    return Subject(
        rows=random_rows(rng, model, grid=grid),
        parameters=random_parameters(rng, model, grid=grid, ties=ties),
    )


def simulated(model: RecordModel, subjects: Sequence[Subject], **options: bool) -> xr.Dataset:
    """Return what the package predicts for all rows."""
    study = pq.study_from_frame(table_of(model, [s.rows for s in subjects]))
    table = pd.DataFrame([s.parameters for s in subjects], index=range(1, len(subjects) + 1))
    spec = parse_model(model.text)
    return pq.simulate(spec, study, parameters=table, options=TIGHT, **options)


def gaps_of(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Return differences relative to the size of each output."""
    size = np.maximum(np.abs(exact), FLOOR * np.abs(exact).max(axis=0))
    return np.abs(found - exact) / np.maximum(size, 1e-12)


def compare(name: str, seed: int, count: int) -> None:
    model = MODELS[name]
    subjects = subjects_of(model, seed, count)
    result = simulated(model, subjects)
    found = np.stack([result[output].to_numpy() for output in model.outputs], axis=1)
    ends = np.cumsum([len(s.rows) for s in subjects])[:-1]
    for number, values in enumerate(np.split(found, ends)):
        subject = subjects[number]
        exact = predict(model.linear, subject.rows, subject.parameters)
        gaps = gaps_of(values, exact)
        if not (gaps < CLOSE).all():
            reason = str(result.reason[number].item())
            pytest.fail(f"{name}, seed {seed}: {reason}\n{told(model, subject, values, exact)}")


def told(model: RecordModel, subject: Subject, values: np.ndarray, exact: np.ndarray) -> str:
    """Return the table of a subject with what was found and what is right."""
    columns = {f"{n}": exact[:, i] for i, n in enumerate(model.outputs)}
    columns |= {f"{n} found": values[:, i] for i, n in enumerate(model.outputs)}
    rows = [
        {**row, **{k: v[i] for k, v in columns.items()}} for i, row in enumerate(subject.rows)
    ]
    return f"{subject.parameters}\n{show_rows(rows)}"


@pytest.mark.parametrize("name", MODELS)
def test_random_tables(name: str) -> None:
    compare(name, seed=1, count=-(-2000 // len(MODELS)))
