"""The small fit of tests/fitting, and what its priors predict."""

import pytest
import xarray as xr

import pkqsp_bayes as pq
from tests.fitting.conftest import done, model, study

__all__ = ["done", "model", "prior", "study"]


@pytest.fixture(scope="session")
def prior(model: pq.ModelSpec, study: pq.Study) -> xr.DataTree:
    return pq.sample_prior(model, study, draws=400, seed=2)
