"""Random tables in which rows of one time differ in covariates and occasions, against the oracle.

The oracle (`tests.oracles.table_oracle`) reads the rows as NONMEM defines them and solves by matrix
exponentials; it shares nothing with the package.
"""

import numpy as np
import pytest

from tests.engine.record_subjects import (
    assert_close,
    exact_sensitivities,
    simulated,
    subjects_of,
)
from tests.oracles.record_models import MODELS

FAST, SLOW, GRADIENTS = (-(-total // len(MODELS)) for total in (2_000, 20_000, 50))


def compare(name: str, *, seed: int, count: int) -> None:
    model = MODELS[name]
    subjects = subjects_of(model, seed, count)
    result = simulated(model, subjects)
    found = np.stack([result[output].to_numpy() for output in model.outputs], axis=1)
    ends = np.cumsum([len(s.rows) for s in subjects])[:-1]
    assert set(result.reason.to_numpy()) == {"ok"}
    for subject, values in zip(subjects, np.split(found, ends), strict=True):
        assert_close(model, subject, values, within=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_random_tables(name: str) -> None:
    compare(name, seed=1, count=FAST)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
@pytest.mark.parametrize("name", MODELS)
def test_many_random_tables(name: str, seed: int) -> None:
    compare(name, seed=seed, count=SLOW // 10)


@pytest.mark.parametrize("name", MODELS)
def test_sensitivities_of_random_tables(name: str) -> None:
    """No lag ends at a row here: there is no derivative where it does."""
    model = MODELS[name]
    subjects = subjects_of(model, 7, GRADIENTS, ties=False)
    result = simulated(model, subjects, sensitivities=True)
    found = np.stack([result[f"d_{output}"].to_numpy() for output in model.outputs], axis=1)
    names = [str(n) for n in result.parameter.to_numpy()]
    ends = np.cumsum([len(s.rows) for s in subjects])[:-1]
    for subject, values in zip(subjects, np.split(found, ends), strict=True):
        exact = exact_sensitivities(model, subject, names)
        assert_close(model, subject, values, exact=exact, within=1e-6)
