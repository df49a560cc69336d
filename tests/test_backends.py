"""Both backends give one posterior: log density and gradient at random points, model by model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.library import names
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BindOptions, bind_model
from pkqsp_bayes.program.starts import unconstrained_point
from pkqsp_bayes.program.table import SolverSettings
from pkqsp_bayes.study.study import Study
from tests.benchmarks.studies import observed

TIMES = [0.5, 1.5, 4, 9, 24, 50]
WEIGHT = {"WT": [60.0, 85.0]}
SEX = ["female", "male"]
MODELS = Path(__file__).parent / "models"
"""Textbook tests of stiff solvers, as models."""

FAST = ("mavoglurant", "tmdd-antibody")


def model_of(name: str) -> pq.ModelSpec:
    file = MODELS / f"{name}.toml"
    return pq.load_model(file if file.exists() else name)


def regimen(name: str) -> Study:
    """Return events and samples of every output, for two subjects."""
    times: list[float] = list(TIMES)
    outputs = [n for n, o in model_of(name).observe.items() if o.error is not None]
    covariates: dict[str, list[Any]] = {}
    match name:
        case "mavoglurant":
            dose, covariates = pq.Dose(amount=25, duration=1 / 3), WEIGHT
        case "permeability-limited":
            dose, covariates = pq.Dose(amount=25, duration=1 / 3), WEIGHT
        case "theophylline":
            dose, covariates = pq.Dose(amount=300, n=3, interval=8), WEIGHT
        case "warfarin":
            dose, covariates = pq.Dose(amount=100), WEIGHT | {"AGE": [30.0, 50.0], "SEX": SEX}
            times = [1.0, 6, 24, 48, 96, 120]
        case "one-compartment":
            dose, covariates = pq.Dose(amount=100, n=4, interval=12, to="oral"), WEIGHT
        case "tmdd-antibody":
            dose, times = pq.Dose(amount=[10.0, 300.0], duration=1.0), [1.0, 8, 48, 168, 400]
        case "robertson" | "van-der-pol":
            return pq.regimen([], [0, 0.4, 4, 40, 78, 100], subjects=2, outputs=outputs)
        case "myelosuppression":
            dose, times = pq.Dose(amount=100, duration=1.0), [24.0, 100, 200, 300, 500]
        case "time-varying":
            dose, covariates = pq.Dose(amount=100, to="oral"), {"CRP": [5.0, 9], "ALB": [45.0, 30]}
        case _:
            dose = pq.Dose(amount=100)
    study = pq.regimen(
        dose,
        times,
        subjects=2,
        covariates=covariates,
        outputs=outputs if len(outputs) > 1 else [""],
    )
    return _moving(study) if name == "time-varying" else study


def _moving(study: Study) -> Study:
    """Let the covariates change from record to record."""
    table = study.table.copy()
    table["CRP"] += np.where(table.TIME > 2, 40.0, 0.0)
    table["ALB"] -= 0.3 * table.TIME
    return Study(table=table, source=study.source, covariates=study.covariates)


def close(name: str) -> None:
    """Compare the backends at twenty points, at tight tolerances."""
    model = model_of(name)
    study = observed(model, regimen(name))
    settings = SolverSettings(rtol=1e-11, atol=1e-12, max_steps=1_000_000)
    bound = [
        bind_model(model, study, options=BindOptions(backend=backend, solver=settings))
        for backend in ("native", "stan")
    ]
    start = unconstrained_point(bound[0].starts)
    points = start + 0.2 * np.random.default_rng(11).normal(size=(20, start.size))
    (ours, our_gradient), (stans, stan_gradient) = (log_density(b, points) for b in bound)
    np.testing.assert_allclose(ours, stans, rtol=1e-6, atol=1e-6)
    gap = np.linalg.norm(our_gradient - stan_gradient, axis=1)
    assert (gap / np.linalg.norm(stan_gradient, axis=1)).max() < 1e-6


@pytest.mark.parametrize("name", FAST)
def test_the_backends_agree(name: str) -> None:
    close(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*sorted(set(names()) - set(FAST)), "robertson", "van-der-pol"])
def test_the_backends_agree_on_every_other_model(name: str) -> None:
    close(name)
