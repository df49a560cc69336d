"""Studies that a posterior itself makes: one draw of it, subjects and errors by a closed form.

A bolus into one compartment, ``f = dose / V exp(-CL / V t)``, CL log-normal between subjects,
log-normal errors. Nothing of the package makes the data that its checks are held against.
"""

import dataclasses

import numpy as np
import pandas as pd
import xarray as xr

import pkqsp_bayes as pq
from tests.analysis.posteriors import hand_made

MODEL = """
title = "one compartment"
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population.CL]
typical = "lognormal(log(3), 0.2)"
unit = "L/h"
iiv = "lognormal"
[population.V]
typical = "lognormal(log(20), 0.2)"
unit = "L"
[population.omega]
CL = "half_normal(0.5)"
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "lognormal", sigma = "half_normal(0.5)" }
"""
TIMES = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 18.0, 24.0])
DOSE = 100.0
SUBJECTS = 24


def draws(size: int, rng: np.random.Generator, *, spread: float = 0.1) -> dict[str, np.ndarray]:
    """Parameters of the population, log-normal around the truth."""
    centres = {"CL": 3.0, "V": 20.0, "omega": 0.3, "sigma": 0.2}
    return {n: c * np.exp(spread * rng.normal(size=size)) for n, c in centres.items()}


def posterior(found: dict[str, np.ndarray]) -> xr.DataTree:
    """The same as a fit's result."""
    typical = {name: found[name] for name in ("CL", "V")}
    return hand_made(MODEL, typical, omega={"CL": found["omega"]}, sigma={"cp": found["sigma"]})


def values(one: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Observations (subjects, times) under one draw, none censored."""
    clearance = one["CL"] * np.exp(one["omega"] * rng.normal(size=(SUBJECTS, 1)))
    f = DOSE / one["V"] * np.exp(-clearance / one["V"] * TIMES)
    return f * np.exp(one["sigma"] * rng.normal(size=f.shape))


def study(
    y: np.ndarray, *, lloq: float | None = None, uloq: float | None = None, written: str = "cell"
) -> pq.Study:
    """The observations as a table; limits on every row (``all``), or on the censored ones alone."""
    design = pq.regimen(pq.Dose(amount=DOSE, to="iv"), TIMES, subjects=SUBJECTS)
    table = design.table.copy()
    rows = table.index[table.EVID == 0]
    own = pd.DataFrame({"DV": y.ravel(), "MDV": 0, "BLQ": 0, "LLOQ": np.nan, "ULOQ": np.nan})
    for name, limit, sign in (("LLOQ", lloq, 1), ("ULOQ", uloq, -1)):
        if limit is None:
            continue
        beyond = sign * y.ravel() < sign * limit
        own.loc[beyond, "BLQ"] = sign
        own.loc[beyond | (written == "all"), name] = limit
        if written == "cell":
            own.loc[beyond, "DV"] = limit
    table.loc[rows, own.columns] = own.to_numpy()
    return dataclasses.replace(design, table=table.astype({"MDV": int, "BLQ": int}))
