"""The calibrations of the small hierarchical model: right, given data, and deliberately wrong."""

from pathlib import Path

import numpy as np
import xarray as xr

import pkqsp_bayes as pq
from tests.statistical.oral import ADDITIVE, design, model

__all__ = ["given_data", "of_the_prior", "wrong_error", "wrong_prior"]

_SETTINGS = pq.FitSettings(chains=1, warmup=300, draws=300)
_KEPT = 49


def of_the_prior(folder: Path, replicates: int = 100) -> xr.Dataset:
    """Return the calibration of the model itself."""
    return pq.sbc(
        model(), design(), folder, replicates=replicates, settings=_SETTINGS, kept=_KEPT,
        resume=True, cores=2,
    )  # fmt: skip


def wrong_error(folder: Path, replicates: int = 40) -> xr.Dataset:
    """Return the calibration where data with a log-normal error are fitted with an additive one."""
    return pq.sbc(
        model(ADDITIVE), design(), folder, made_by=model(), replicates=replicates,
        settings=_SETTINGS, kept=_KEPT, resume=True, cores=2,
    )  # fmt: skip


def wrong_prior(folder: Path, replicates: int = 40) -> xr.Dataset:
    """Return the calibration where clearances are half as large as the prior of the fit says."""
    elsewhere = model(clearance=1.5)
    return pq.sbc(
        model(), design(), folder, made_by=elsewhere, replicates=replicates,
        settings=_SETTINGS, kept=_KEPT, resume=True, cores=2,
    )  # fmt: skip


def given_data(folder: Path, replicates: int = 60) -> xr.Dataset:
    """Return the calibration of the posterior of one simulated study."""
    study = simulated()
    fit = pq.fit(
        model(), study, folder / "fit", settings=pq.FitSettings(chains=2, warmup=500, draws=500),
        resume=True, cores=2,
    )  # fmt: skip
    return pq.sbc(
        model(), study, folder / "sbc", given=fit, replicates=replicates, settings=_SETTINGS,
        kept=_KEPT, resume=True, cores=2,
    )  # fmt: skip


def simulated() -> pq.Study:
    """Return the design with the values of a replicate of the prior."""
    plan = design()
    solved = pq.simulate(model(), plan)
    table = plan.table.copy()
    seen = table.EVID.eq(0)
    rng = np.random.default_rng(11)
    subject = table.ID.astype(int).to_numpy() - 1
    moved = np.exp(0.3 * rng.normal(size=subject.max() + 1)[subject])
    noise = np.exp(0.35 * rng.normal(size=len(table)))
    table.loc[seen, "DV"] = (solved.cp.to_numpy() * moved * noise)[seen]
    table.loc[seen, "MDV"] = 0
    return pq.Study(table=table, source="simulated")
