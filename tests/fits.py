"""A fit of theophylline that is made by hand: no sampling, no Stan."""

import numpy as np
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.library import path
from tests.analysis.posteriors import hand_made

__all__ = ["CENTRES", "DRAWS", "theophylline_fit", "theophylline_prior"]

CENTRES = {"CL": 0.039667 * 70, "V": 0.46185 * 70, "ka": 1.5932, "tlag": 0.01}
"""Maximum-likelihood estimates of nlme for these data, per 70 kg."""
DRAWS = 120


def theophylline_fit(study: pq.Study) -> xr.DataTree:
    """Return two chains around the estimates, with random effects that differ between subjects."""
    rng = np.random.default_rng(1)
    subjects = study.subjects
    typical = {name: v * np.exp(0.05 * rng.normal(size=DRAWS)) for name, v in CENTRES.items()}
    eta = np.array([0.15, 0.05, 0.6]) * rng.normal(size=(1, len(subjects), 3))
    made = hand_made(
        path("one-compartment").read_text(),
        typical,
        omega={"CL": 0.17 * np.exp(0.1 * rng.normal(size=DRAWS)), "V": 0.05, "ka": 0.64},
        sigma={"cp.additive": 0.6, "cp.proportional": 0.05},
        eta=eta + 0.02 * rng.normal(size=(DRAWS, len(subjects), 3)),
        subjects=subjects,
    )
    made["posterior"] = xr.DataTree(_two_chains(made["posterior"].to_dataset()))
    made["sample_stats"] = xr.DataTree(
        xr.Dataset({
            "diverging": (("chain", "draw"), np.zeros((2, DRAWS // 2), dtype=bool)),
            "n_steps": (("chain", "draw"), np.full((2, DRAWS // 2), 15)),
        })
    )  # fmt: skip
    seen = study.table[study.table["EVID"] == 0]
    labels = {name: ("observation", seen[name].to_numpy()) for name in ("ID", "TIME")}
    coords = {**labels, "endpoint": ("observation", np.full(len(seen), "cp"))}
    made["observed_data"] = xr.DataTree(
        xr.Dataset({"DV": ("observation", seen["DV"].to_numpy())}, coords=coords)
    )
    made["constant_data"] = xr.DataTree(
        xr.Dataset({"censored": ("observation", np.zeros(len(seen), dtype=int))}, coords=coords)
    )
    made.attrs["settings"] = (
        '{"chains": 2, "warmup": 60, "draws": 60, "seed": 20240527, "begin": "mode"}'
    )
    made.attrs["versions"] = '{"pkqsp-bayes": "0.1.0"}'
    return made


def _two_chains(one: xr.Dataset) -> xr.Dataset:
    halves = [one.isel(chain=0, draw=slice(k, k + DRAWS // 2)) for k in (0, DRAWS // 2)]
    halves = [half.assign_coords(draw=range(DRAWS // 2)) for half in halves]
    return xr.concat(halves, dim="chain").assign_coords(chain=[0, 1])


def theophylline_prior(study: pq.Study) -> xr.DataTree:
    """Return draws of a prior with what they predict for a study, in the form of `sample_prior`."""
    rng = np.random.default_rng(2)
    typical = {name: v * np.exp(0.5 * rng.normal(size=DRAWS)) for name, v in CENTRES.items()}
    made = hand_made(
        path("one-compartment").read_text(),
        typical,
        omega={name: abs(0.5 * rng.normal(size=DRAWS)) for name in ("CL", "V", "ka")},
        sigma={"cp.additive": 0.6, "cp.proportional": 0.1},
    )
    seen, values = observed_study(made, study, draws=DRAWS, rng=rng).replicates(rng)
    table = seen.table
    coords = {name: ("observation", table[name].to_numpy()) for name in ("ID", "TIME", "endpoint")}
    coords["observation"] = table["row"].to_numpy()
    drawn = {"DV": (("chain", "draw", "observation"), values[None])}
    known = {"DV": ("observation", table["DV"].to_numpy())}
    made["prior"] = made["posterior"]
    made["prior_predictive"] = xr.DataTree(xr.Dataset(drawn, coords=coords))
    made["observed_data"] = xr.DataTree(xr.Dataset(known, coords=coords))
    return made
