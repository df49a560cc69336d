"""Analyses of one fit that is open: their tables join, and what they share is computed once."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.calibration.sbc_result import collect_result
from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.quantities import population_quantities
from pkqsp_bayes.library import path
from pkqsp_bayes.likelihood.study_simulator import StudySimulator
from pkqsp_bayes.spec.labels import PARAMETER_DIM, parse_label
from pkqsp_bayes.spec.priors.addresses import stated_values
from tests.analysis.posteriors import hand_made

ESTIMATED = {
    "CL", "V", "ka", "tlag", "beta[CL,WT]", "omega[CL]", "omega[V]", "omega[ka]",
    "corr[CL,V]", "sigma[cp.additive]", "sigma[cp.proportional]",
}  # fmt: skip
"""Every parameter of the model below that has a distribution."""
DRAWS, REPLICATES = 60, 25


@pytest.fixture(scope="module")
def fitted() -> FittedModel:
    """Return a fit with a coefficient and a correlation that are estimated."""
    text = path("one-compartment").read_text()
    text = text.replace('WT = "power(0.75, 70)"', 'WT = "power(normal(0.75, 0.2), 70)"')
    text = text.replace('half_normal(0.7)" }', 'half_normal(0.7)", correlate = ["CL", "V"] }')
    rng = np.random.default_rng(1)
    study = pq.load_dataset("theophylline")
    around = lambda centre: centre * np.exp(0.1 * rng.normal(size=DRAWS))  # noqa: E731
    tree = hand_made(
        text,
        {"CL": around(2.8), "V": around(32.0), "ka": around(1.6), "tlag": around(0.05),
         "beta[CL,WT]": around(0.75)},
        omega={name: around(0.3) for name in ("CL", "V", "ka")},
        sigma={"cp.additive": around(0.5), "cp.proportional": around(0.1)},
        eta=0.3 * rng.normal(size=(DRAWS, 12, 3)), subjects=study.subjects,
    )  # fmt: skip
    corr = (("chain", "draw", "effect_pair"), rng.uniform(-0.5, 0.5, (1, DRAWS, 1)))
    posterior = tree["posterior"].to_dataset().assign_coords(effect_pair=["CL,V"])
    tree["posterior"] = xr.DataTree(posterior.assign(corr=corr))
    return pq.open_fit(tree)


def budget(fitted: FittedModel) -> pd.Series:
    found = pq.variance_budget(
        fitted, output="cp", times=[0.5, 2.0, 8.0], regimen=pq.Dose(amount=320.0, to="oral"),
        endpoint=Endpoint(kind="AUC"), outer=20, inner=4,
    )  # fmt: skip
    return found["by_parameter"].sel(scale="natural", share_index="first").to_series()


def calibration(fitted: FittedModel) -> pd.DataFrame:
    """Return a table of calibration: replicates and their fits are draws of one posterior."""
    draws = population_quantities(fitted.posterior, ("chain", "draw")).isel(chain=0)
    names, rng = draws[PARAMETER_DIM].to_numpy().tolist(), np.random.default_rng(2)
    outcomes = []
    for _ in range(REPLICATES):
        one = draws.to_numpy()[rng.permutation(DRAWS)[:20]]
        outcomes.append({
            "status": "ok", "quantities": names, "draws": one.tolist(),
            "mean": one.mean(axis=0).tolist(), "sd": one.std(axis=0).tolist(),
            "divergent": 0, "ess": 20.0, "leapfrogs": 1, "seconds": 0.1,
        })  # fmt: skip
    truth = draws.isel(draw=slice(0, REPLICATES)).rename(draw="replicate")
    misfits = {"misfit[cp]": np.ones(REPLICATES)}  # which is left out, as no fit has it
    found = collect_result(truth, misfits, outcomes, kept=20, seed=1)
    return pq.calibration_table(found)


def test_tables_join(fitted: FittedModel) -> None:
    study = pq.load_dataset("theophylline")
    information = pq.expected_information(
        fitted.spec, study, point={k: float(np.median(v)) for k, v in fitted.draws.items()}
    )
    entry = '[priors.CL]\nprior = "lognormal(1, 0.3)"\n'
    tables = {
        "summary": pq.summary_table(fitted),
        "prior": pq.prior_posterior(fitted, study),
        "identifiability": pq.identifiability(fitted, study, starts=0).table,
        "information": information.table(),
        "correlations": information.correlations,
        "weakest": information.weakest(),
        "designs": pq.compare_designs({"one": information}).drop("condition number"),
        "calibration": calibration(fitted),
        "budget": budget(fitted).to_frame(),
        "priors compared": pq.compare_priors(fitted, study).sel(prior="as fitted")["mean"]
        .to_series().to_frame(),
        "gain": pq.information_gain(fitted, pq.parse_priors(entry)).to_frame(),
        "conflict": pq.prior_conflict(fitted, pq.parse_priors(entry)),
    }  # fmt: skip
    for name, table in tables.items():
        assert table.index.name == PARAMETER_DIM, name
    whole = ("summary", "identifiability", "information", "correlations", "weakest", "designs",
             "calibration", "budget", "priors compared", "prior")  # fmt: skip
    for name in whole:
        assert set(tables[name].index) == ESTIMATED, name
    joined = tables["summary"][["mean"]]
    for name, table in tables.items():
        joined = joined.join(
            table.add_prefix(f"{name}: "), how="inner" if name in whole else "left"
        )
    assert set(joined.index) == ESTIMATED
    np.testing.assert_allclose(joined["mean"], joined["priors compared: mean"])
    medians = pd.Series({label: np.median(x) for label, x in fitted.draws.items()})
    np.testing.assert_allclose(joined["information: value"], medians[joined.index])


def test_labels_are_addresses_of_prior_tables(fitted: FittedModel) -> None:
    addresses = {a for a, v in stated_values(fitted.spec).items() if not isinstance(v, float)}
    assert addresses == ESTIMATED - {"corr[CL,V]"}
    assert {parse_label(label).kind for label in ESTIMATED} == {
        "typical", "beta", "omega", "corr", "sigma"
    }  # fmt: skip


def test_what_analyses_share_is_computed_once(
    fitted: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, solves = pq.load_dataset("theophylline"), []
    original = StudySimulator.solve

    def counted(simulator: StudySimulator, *args: Any, **more: Any) -> Any:
        solves.append(args)
        return original(simulator, *args, **more)

    monkeypatch.setattr(StudySimulator, "solve", counted)
    of_fit, settings = pq.open_fit(fitted.tree), {"draws": 30, "seed": 3}
    analyses = (
        (lambda f: pq.vpc(f, study, **settings), 1),
        (lambda f: pq.npde(f, study, **settings), 0),
        (lambda f: pq.predictive_pvalues(f, study, **settings), 0),
        (lambda f: pq.vpc(f, study, corrected=True, **settings), 1),
        (lambda f: pq.predict(f, study, **settings), 1),
        (lambda f: pq.predict(f, study, **settings), 0),
        # The solver's settings are the default ones: only the tighter solution is new.
        (lambda f: pq.check_solver(f, study, **settings), 1),
        (lambda f: pq.npde(f, study, draws=30, seed=4), 1),
    )
    for analyse, new in analyses:
        solves.clear()
        shared = analyse(of_fit)
        assert len(solves) == new
        alone = analyse(of_fit.tree)
        if isinstance(shared, xr.Dataset):
            xr.testing.assert_identical(shared, alone)
        else:
            np.testing.assert_array_equal(shared.change, alone.change)
