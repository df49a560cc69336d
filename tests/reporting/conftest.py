"""A fit made by hand, with the study that it is of: no sampling, no Stan."""

import pytest
import xarray as xr

import pkqsp_bayes as pq
from tests.fits import theophylline_fit


@pytest.fixture(scope="session")
def theophylline() -> pq.Study:
    return pq.load_dataset("theophylline")


@pytest.fixture(scope="session")
def hand_fit(theophylline: pq.Study) -> xr.DataTree:
    return theophylline_fit(theophylline)
