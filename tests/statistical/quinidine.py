"""Three fits of the quinidine study, and what they say in the terms of the published analysis.

The three share one program; their tables differ in AAG: as it was measured over time, at each
patient's mean over the samples, or the same for all, which switches it off.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

import pkqsp_bayes as pq
from pkqsp_bayes.engine.solver_settings import SolverSettings
from tests.library.quinidine import (
    REFERENCE,
    Patient,
    bioavailability,
    oral_clearance,
    volume,
)

__all__ = [
    "MEDIAN_AAG",
    "SETTINGS",
    "TABLES",
    "Posterior",
    "all_estimates",
    "compare_fits",
    "estimates",
    "fit_all",
    "individual_clint",
    "read_table",
    "settings_of",
    "study_of",
]

FloatArray = NDArray[np.float64]

DATA = Path(__file__).parents[2] / "data" / "quinidine" / "study.csv"
TABLES = ("over time", "mean", "none")
MEDIAN_AAG = 1.23
SETTINGS = pq.FitSettings(chains=4, warmup=500, draws=800, seed=1, max_treedepth=7)
# With AAG at the mean, share mixes slowest: 550 effective draws of 3200.
MEAN_DRAWS = 1600
# The log density is that at 1e-6 within 1e-4; a gradient takes half the time.
OPTIONS = pq.BindOptions(solver=SolverSettings(rtol=1e-3, atol=1e-3))


def read_table(kind: str = "over time") -> pd.DataFrame:
    """Return the study's table with AAG over time, at each patient's mean, or of no effect."""
    rows = pd.read_csv(DATA, na_values=".")
    if kind == "mean":
        means = rows[rows.EVID == 0].groupby("ID").AAG.mean()
        return rows.assign(AAG=rows.ID.map(means))
    return rows.assign(AAG=REFERENCE) if kind == "none" else rows


def study_of(rows: pd.DataFrame) -> pq.Study:
    """Return a table as a study."""
    return pq.study_from_frame(rows, units=pq.load_dataset("quinidine").units)


def settings_of(kind: str) -> pq.FitSettings:
    """Return how the model is fitted to a table."""
    return dataclasses.replace(SETTINGS, draws=MEAN_DRAWS) if kind == "mean" else SETTINGS


def fit_all(work: Path) -> dict[str, xr.DataTree]:
    """Return the three fits; what WORK has of them is not run again."""
    model = pq.load_model("quinidine")
    return {
        kind: pq.fit(
            model, study_of(read_table(kind)), work / kind.replace(" ", "-"),
            settings=settings_of(kind), options=OPTIONS, resume=True,
        )
        for kind in TABLES
    }  # fmt: skip


def compare_fits(fits: Mapping[str, xr.DataTree]) -> pd.DataFrame:
    """Return the comparison by PSIS-LOO, one observation left out at a time."""
    return az.compare({kind: pq.loo(fit) for kind, fit in fits.items()}, round_to="none")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """Draws (S,) of the population parameters by name, and of eta (patient, S)."""

    of: Mapping[str, FloatArray]
    eta: FloatArray

    @classmethod
    def of_fit(cls, fit: xr.DataTree, thin: int = 4) -> "Posterior":
        """Return every ``thin``-th draw."""
        stacked = fit["posterior"].to_dataset().isel(draw=slice(None, None, thin))
        stacked = stacked.stack(sample=("chain", "draw"))
        eta = stacked["eta"].transpose(..., "sample").to_numpy()
        return cls(of=dict(_named(stacked.drop_vars("eta"))), eta=eta.reshape(-1, eta.shape[-1]))


def _named(stacked: xr.Dataset) -> Iterator[tuple[str, FloatArray]]:
    for name, variable in stacked.data_vars.items():
        values = variable.transpose(..., "sample")
        if values.ndim == 1:
            yield str(name), values.to_numpy()
            continue
        (dim,) = (d for d in values.dims if d != "sample")
        for label in values[dim].to_numpy():
            yield f"{name}[{label}]", values.sel({dim: label}).to_numpy()


def _first_records() -> pd.DataFrame:
    return read_table().groupby("ID", sort=False).first()


def _patients(rows: pd.DataFrame, crcl: int | None = None) -> Patient:
    """Return all patients as a column, so that draws may stand beside them."""
    own = (rows.CRCL0 == ">= 50").to_numpy(dtype=float)[:, None]
    numbers = {name: rows[name].to_numpy(dtype=float)[:, None] for name in ("WT", "HT", "AGE")}
    return Patient(**numbers, CRCL=own if crcl is None else np.full_like(own, crcl))


def _typical_clint(post: Posterior, rows: pd.DataFrame, crcl: int | None = None) -> FloatArray:
    """Return CLint (patient, S) without the random effect."""
    of, weight = post.of, rows.WT0.to_numpy(dtype=float)[:, None] / 80
    low = (rows.CRCL0 == "< 50").to_numpy()[:, None] if crcl is None else crcl == 0
    log = np.log(of["CLint"]) + of["beta[CLint,WT0]"] * np.log(weight)
    log = log + of["beta[CLint,CRCL0,< 50]"] * low
    for level in ("Moderate", "Severe"):
        log = log + of[f"beta[CLint,HEART0,{level}]"] * (level == rows.HEART0).to_numpy()[:, None]
    return np.exp(log)


def individual_clint(post: Posterior) -> pd.DataFrame:
    """Return CLint by patient (row) and draw (column)."""
    rows = _first_records()
    return pd.DataFrame(_typical_clint(post, rows) * np.exp(post.eta), index=rows.index)


def estimates(fit: xr.DataTree, *, AAG: float | None = None) -> pd.DataFrame:
    """Return what the published analysis estimates, from our posterior: mean, sd, 90 % interval.

    Parameters
    ----------
    fit : xarray.DataTree
        One of the three.
    AAG : float, optional
        At which clearance and volume are meant; by default the median of the study.

    Notes
    -----
    Clearance and volume are geometric means over the patients, without random effects. The slope
    is the straight line through the logarithm of clearance at the AAG of the 361 samples, which
    is what an exponential effect of AAG approximates. The residual error is its root mean square
    over the samples.
    """
    post, level = Posterior.of_fit(fit), MEDIAN_AAG if AAG is None else AAG
    quantities = {
        "CL/F (L/h)": _clearance(post, level),
        "V/F (L)": _volume(post, level),
        "ka (1/h)": post.of["ka"],
        "slope of log CL/F by AAG (L/g)": _slope(post),
        "log CL/F, class >= 50 less < 50": _creatinine(post, level),
        "SD of log CL/F": _spread(post, level),
        "residual error (mg/L)": _residual(post),
        "power of WT on CLint": post.of["beta[CLint,WT0]"],
        "log CLint, moderate heart failure": post.of["beta[CLint,HEART0,Moderate]"],
        "log CLint, severe heart failure": post.of["beta[CLint,HEART0,Severe]"],
        "share of binding to AAG": post.of["share"],
        "scale of Kp": post.of["Kp_scale"],
        "CLint (L/h)": post.of["CLint"],
    }
    rows = {
        name: (x.mean(), x.std(ddof=1), *np.quantile(x, [0.05, 0.95]))
        for name, x in quantities.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "sd", "q5", "q95"])


def all_estimates(fits: Mapping[str, xr.DataTree]) -> dict[str, pd.DataFrame]:
    """Return the estimates of each fit, that without AAG at the level it was given everywhere."""
    levels = {"none": REFERENCE}
    return {kind: estimates(fit, AAG=levels.get(kind)) for kind, fit in fits.items()}


def _clearance(post: Posterior, level: float) -> FloatArray:
    rows = _first_records()
    clint = _typical_clint(post, rows)
    found = oral_clearance(_patients(rows), AAG=level, CLint=clint, share=post.of["share"])
    return np.exp(np.log(found).mean(axis=0))


def _volume(post: Posterior, level: float) -> FloatArray:
    rows, share = _first_records(), post.of["share"]
    patients, clint = _patients(rows), _typical_clint(post, rows)
    scale = post.of["Kp_scale"]
    found = volume(patients, AAG=level, share=share, scale=scale) / bioavailability(
        patients, AAG=level, CLint=clint, share=share
    )
    return np.exp(np.log(found).mean(axis=0))


def _slope(post: Posterior) -> FloatArray:
    samples = read_table().query("EVID == 0").AAG.to_numpy(dtype=float)
    patient = Patient(WT=80.0, HT=176.0, AGE=67.0, CRCL=1)
    found = oral_clearance(
        patient, AAG=samples[:, None], CLint=post.of["CLint"], share=post.of["share"]
    )
    centred = samples - samples.mean()
    return centred @ np.log(found) / (centred @ centred)


def _creatinine(post: Posterior, level: float) -> FloatArray:
    rows, share = _first_records(), post.of["share"]
    low, normal = (
        oral_clearance(
            _patients(rows, crcl), AAG=level, CLint=_typical_clint(post, rows, crcl), share=share
        )
        for crcl in (0, 1)
    )
    return np.log(normal / low).mean(axis=0)


def _spread(post: Posterior, level: float) -> FloatArray:
    """One SD of the random effect up and down, as half their distance in log CL/F."""
    patient, share = Patient(WT=80.0, HT=176.0, AGE=67.0, CRCL=1), post.of["share"]
    low, high = (
        oral_clearance(
            patient, AAG=level, CLint=post.of["CLint"] * np.exp(s * post.of["omega[CLint]"]),
            share=share,
        )
        for s in (-1, 1)
    )  # fmt: skip
    return np.log(high / low) / 2


def _residual(post: Posterior) -> FloatArray:
    square = (read_table().query("EVID == 0").DV ** 2).mean()
    additive, proportional = (post.of[f"sigma[cp.{part}]"] for part in ("additive", "proportional"))
    return np.sqrt(additive**2 + proportional**2 * square)
