"""Random tables in which rows of one time differ in covariates and occasions, against the oracle.

The oracle (`tests.oracles.table_oracle`) reads the rows as NONMEM defines them and solves by matrix
exponentials; it shares nothing with the package.
"""

from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr

from tests.engine.record_subjects import (
    Subject,
    assert_outputs,
    assert_sensitivities,
    simulated,
    subjects_of,
)
from tests.oracles.record_models import MODELS

FAST, SLOW, GRADIENTS = (-(-total // len(MODELS)) for total in (2_000, 20_000, 50))


def by_subject(result: xr.Dataset, outputs: Sequence[str], subjects: Sequence[Subject]) -> list:
    """Return the values of each subject; no solve may have failed."""
    assert set(result.reason.to_numpy()) == {"ok"}
    values = np.stack([result[output].to_numpy() for output in outputs], axis=1)
    return np.split(values, np.cumsum([len(s.rows) for s in subjects])[:-1])


def compare(name: str, *, seed: int, count: int) -> None:
    model = MODELS[name]
    subjects = subjects_of(model, seed, count)
    found = by_subject(simulated(model, subjects), model.outputs, subjects)
    for subject, values in zip(subjects, found, strict=True):
        assert_outputs(model, subject, values, within=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_random_tables(name: str) -> None:
    compare(name, seed=1, count=FAST)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
@pytest.mark.parametrize("name", MODELS)
def test_many_random_tables(name: str, seed: int) -> None:
    compare(name, seed=seed, count=-(-SLOW // 10))


@pytest.mark.parametrize("name", MODELS)
def test_sensitivities_of_random_tables(name: str) -> None:
    """No lag ends at a row here: there is no derivative where one does."""
    model = MODELS[name]
    subjects = subjects_of(model, 7, GRADIENTS, ties=False)
    result = simulated(model, subjects, sensitivities=True)
    names = [str(parameter) for parameter in result.parameter.to_numpy()]
    found = by_subject(result, [f"d_{output}" for output in model.outputs], subjects)
    for subject, values in zip(subjects, found, strict=True):
        assert_sensitivities(model, subject, values, names, within=1e-6)
