"""A regimen for every library model, and textbook problems as models."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import pkqsp_bayes as pq
from pkqsp_bayes.study.study import Study

__all__ = ["Design", "design_of", "model_of", "regimen"]

TIMES = [0.5, 1.5, 4, 9, 24, 50]
WEIGHT = {"WT": [60.0, 85.0]}
SEX = ["female", "male"]
MODELS = Path(__file__).parent / "models"
"""Textbook tests of stiff solvers, as models."""


def model_of(name: str) -> pq.ModelSpec:
    file = MODELS / f"{name}.toml"
    return pq.load_model(file if file.exists() else name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """What two subjects are given, who they are, and when they are seen."""

    doses: pq.Dose | list[pq.Dose]
    times: list[float]
    covariates: dict[str, list[Any]]


def design_of(name: str) -> Design:
    """Return what suits a model."""
    times: list[float] = list(TIMES)
    covariates: dict[str, list[Any]] = {}
    dose: pq.Dose | list[pq.Dose]
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
        case "midazolam":
            dose, covariates = pq.Dose(amount=5, n=2, interval=12, to="oral"), WEIGHT
        case "il6-cyp3a4":
            dose = [
                pq.Dose(amount=60, duration=40.0, to="inflammation"),
                pq.Dose(amount=5, n=2, interval=12, to="oral"),
            ]
            covariates = WEIGHT | {"IL6": [4.0, 100.0]}
        case "quinidine":
            dose, covariates = pq.Dose(amount=200, n=3, interval=8), {
                "WT": [60.0, 85.0], "WT0": [60.0, 85.0], "AGE": [50.0, 70.0], "HT": [165.0, 180.0],
                "AAG": [0.8, 1.6], "CRCL": [1.0, 0.0], "CRCL0": [1.0, 0.0], "HEART0": [0.0, 2.0],
            }  # fmt: skip
        case "tmdd-antibody" | "mab-tmdd":
            dose, times = pq.Dose(amount=[10.0, 300.0], duration=1.0), [1.0, 8, 48, 168, 400]
        case "robertson" | "van-der-pol":
            dose, times = [], [0, 0.4, 4, 40, 78, 100]
        case "myelosuppression":
            dose, times = pq.Dose(amount=100, duration=1.0), [24.0, 100, 200, 300, 500]
        case "time-varying":
            dose, covariates = pq.Dose(amount=100, to="oral"), {"CRP": [5.0, 9], "ALB": [45.0, 30]}
        case _:
            dose = pq.Dose(amount=100)
    return Design(doses=dose, times=times, covariates=covariates)


def regimen(name: str) -> Study:
    """Return events and samples of every output, for two subjects."""
    design = design_of(name)
    outputs = [n for n, o in model_of(name).observe.items() if o.error is not None]
    study = pq.regimen(
        design.doses,
        design.times,
        subjects=2,
        covariates=design.covariates,
        outputs=outputs if len(outputs) > 1 or not design.doses else [""],
    )
    return _moving(study) if name == "time-varying" else study


def _moving(study: Study) -> Study:
    """Let the covariates change from record to record."""
    table = study.table.copy()
    table["CRP"] += np.where(table.TIME > 2, 40.0, 0.0)
    table["ALB"] -= 0.3 * table.TIME
    return Study(table=table, source=study.source, covariates=study.covariates)
