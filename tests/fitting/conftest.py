"""A small model that is fitted in seconds, and data drawn from it."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.fitting import blow_up

TEXT = """
title = "Bolus into one compartment"
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population]
CL = { typical = "lognormal(log(3), 0.5)", unit = "L/h", iiv = "lognormal" }
V = { typical = "lognormal(log(30), 0.5)", unit = "L" }
omega = { CL = "half_normal(0.5)" }
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "lognormal", sigma = "half_normal(0.5)" }
"""
SETTINGS = pq.FitSettings(chains=2, warmup=300, draws=300, seed=3)
TRUTH = {"CL": 4.0, "V": 25.0, "omega": 0.3, "sigma": 0.15}


@pytest.fixture(scope="session")
def model() -> pq.ModelSpec:
    return parse_model(TEXT)


@pytest.fixture(scope="session")
def study() -> pq.Study:
    """Twelve subjects: exact solutions of the closed form, log-normal errors."""
    rng = np.random.default_rng(7)
    times = np.array([0.5, 1, 2, 4, 8, 12, 24])
    design = pq.regimen(pq.Dose(amount=100), times, subjects=12)
    clearance = TRUTH["CL"] * np.exp(TRUTH["omega"] * rng.normal(size=12))
    table = design.table.copy()
    rate = np.repeat(clearance / TRUTH["V"], times.size + 1)
    exact = 100 / TRUTH["V"] * np.exp(-rate * table.TIME)
    noisy = exact * np.exp(TRUTH["sigma"] * rng.normal(size=len(table)))
    table["DV"] = np.where(table.EVID == 0, noisy, np.nan)
    table["MDV"] = (table.EVID != 0).astype(int)
    return pq.Study(table=table, source="simulated")


@pytest.fixture(scope="session")
def done(
    model: pq.ModelSpec, study: pq.Study, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, xr.DataTree]:
    """A finished fit and its folder."""
    folder = tmp_path_factory.mktemp("fit")
    return folder, pq.fit(model, study, folder, settings=SETTINGS)


@pytest.fixture(scope="session")
def growing() -> pq.ModelSpec:
    """A model that has no solution in most of its prior."""
    return blow_up.growth()


@pytest.fixture(scope="session")
def growth() -> pq.Study:
    """One subject of it."""
    return blow_up.growth_study()
