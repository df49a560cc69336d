"""A simulated first-in-human study of mab-tmdd: three doses, eight subjects each.

It is fitted by the model that made it, by that model without the concentrations of the target, and
by its PBPK alone, which knows no target.
"""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.quantities import population_quantities
from pkqsp_bayes.library import path
from tests.statistical.recovery import Draw, Scenario, Truth

__all__ = ["SCENARIO", "TRUTH", "fit_study", "models", "quantities", "steady_volume", "study_for"]

TRUTH: Truth = {
    "CL": 0.010,
    "Vp": 2.9,
    "ISF": 14.0,
    "R0": 15.0,
    "kdeg": 0.02,
    "kon": 0.7,
    "koff": 0.15,
    "kint": 0.015,
    "omega[CL]": 0.25,
    "omega[Vp]": 0.15,
    "omega[R0]": 0.3,
    "sigma[cp]": 0.1,
    "sigma[target]": 0.2,
}
"""Apart from the medians of the library's priors, by up to a factor of 1.5."""

DOSES = (20.0, 140.0, 700.0)
"""0.3, 2 and 10 mg/kg, an hour's infusion."""

_TIMES = (1.0, 8.0, 24.0, 72.0, 168.0, 336.0, 504.0, 672.0, 1008.0, 1344.0)
_BIOPSIES = (0.0, 24.0, 168.0, 504.0, 1008.0, 1344.0)
_SEED = 20
_SETTINGS = pq.FitSettings(chains=4, warmup=300, draws=500, seed=_SEED, max_treedepth=8)


def _design(_: Draw) -> pq.Study:
    dose = pq.Dose(amount=np.repeat(DOSES, 8), duration=1.0)
    both = pq.regimen(dose, sorted({*_TIMES, *_BIOPSIES}), subjects=24, outputs=["cp", "target"])
    table = both.table
    taken = table.TIME.isin(_TIMES).where(table.DVID == "cp", table.TIME.isin(_BIOPSIES))
    kept = table[(table.EVID == 1) | taken].reset_index(drop=True)
    return dataclasses.replace(both, table=kept)


def _individuals(rng: Draw, design: pq.Study, t: Truth) -> pd.DataFrame:
    names = ("CL", "Vp", "ISF", "R0", "kdeg", "kon", "koff", "kint")
    size = len(design.subjects)
    effects = {n: t.get(f"omega[{n}]", 0.0) * rng.normal(size=size) for n in names}
    return pd.DataFrame({n: t[n] * np.exp(effects[n]) for n in names}, index=design.subjects)


SCENARIO = Scenario(
    text=path("mab-tmdd").read_text(),
    truth=TRUTH,
    design=_design,
    individuals=_individuals,
    limits={"cp": (0.05, np.inf)},
)


def models() -> dict[str, pq.ModelSpec]:
    """Return the full model, the same with plasma alone observed, and its PBPK alone."""
    full = pq.load_model("mab-tmdd")
    plasma = dataclasses.replace(full, observe={"cp": full.observe["cp"]})
    kept = {n: full.population.parameters[n] for n in ("CL", "Vp", "ISF")}
    scales = {n: s for n, s in full.population.omega.scales.items() if n in kept}
    omega = dataclasses.replace(full.population.omega, scales=scales)
    population = dataclasses.replace(full.population, parameters=kept, omega=omega)
    bare = dataclasses.replace(plasma, qsp={}, population=population)
    return {"full": full, "embedded": plasma, "PBPK only": bare}


def study_for(model: pq.ModelSpec) -> pq.Study:
    """Return the study, with what the model observes of it."""
    study = SCENARIO.study(np.random.default_rng(_SEED))
    if "target" in model.observe:
        return study
    table = study.table[study.table.DVID != "target"].assign(DVID="").reset_index(drop=True)
    return dataclasses.replace(study, table=table)


def fit_study(name: str, work: Path) -> xr.DataTree:
    """Fit one of the models; what WORK has of it is not run again.

    $PKQSP_ANTIBODY may name the WORK of ``python -m tests.statistical.embedding WORK``.
    """
    model, place = models()[name], Path(os.environ.get("PKQSP_ANTIBODY") or work)
    folder = place / name.replace(" ", "-")
    return pq.fit(model, study_for(model), folder, settings=_SETTINGS, resume=True)


def quantities(tree: xr.DataTree) -> pd.DataFrame:
    """Return the draws of the population's numbers, a column each, with Vss where it follows."""
    found = population_quantities(tree["posterior"].to_dataset(), ("chain", "draw"))
    draws = found.stack(sample=("chain", "draw")).transpose("sample", "parameter")
    table = pd.DataFrame(draws.to_numpy(), columns=found["parameter"].to_numpy())
    return table.assign(Vss=steady_volume(table["Vp"], table["ISF"]))


def steady_volume[T: (float, pd.Series)](plasma: T, interstitial: T) -> T:
    """Return Vss without target, L: Cao et al. 2013 with the model's reflection coefficients."""
    tight, leaky = (1 - 0.883) / 0.8, (1 - 0.524) / 0.8
    lymph = 0.33 * (1 - 0.883) + 0.67 * (1 - 0.524)
    return plasma + 0.8 * (0.65 * tight + 0.35 * leaky) * interstitial + 2.6 * lymph
