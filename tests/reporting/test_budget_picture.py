"""Pictures of variance budgets, and the regimen that a report takes."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.image import imread

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.predictive.npde import npde
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.reporting.budget import budget_shares, draw_budget
from pkqsp_bayes.reporting.npde import draw_npde
from pkqsp_bayes.reporting.sections.budget import typical_regimen

DOSE = pq.Dose(amount=320, to="oral")


@pytest.fixture(scope="module")
def budget(hand_fit: xr.DataTree) -> xr.Dataset:
    times = np.linspace(0, 24, 7)
    return pq.variance_budget(
        hand_fit, output="cp", times=times, regimen=DOSE, outer=20, inner=12
    )  # fmt: skip


def test_shares_add_up_where_there_is_a_variance(budget: xr.Dataset) -> None:
    one = budget.sel(scale="natural")
    for view, parts in (("latent", 2), ("observed", 3)):
        shares = budget_shares(one, view)
        assert len(shares) == parts
        total = np.sum(list(shares.values()), axis=0)
        np.testing.assert_allclose(total[1:], 1.0, atol=1e-12)


def test_a_trajectory_and_a_derived_endpoint_are_drawn(
    budget: xr.Dataset, hand_fit: xr.DataTree, tmp_path: Path
) -> None:
    draw_budget(budget, tmp_path / "time.png")
    area = pq.variance_budget(
        hand_fit, output="cp", times=np.linspace(0, 24, 13), regimen=DOSE,
        endpoint=pq.Endpoint(kind="AUC"), outer=20, inner=12,
    )  # fmt: skip
    draw_budget(area, tmp_path / "area.png", scale="log")
    for name in ("time.png", "area.png"):
        assert imread(tmp_path / name)[..., :3].std() > 0.05


def test_npde_are_drawn(hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path: Path) -> None:
    errors = npde(hand_fit, theophylline, draws=60)
    draw_npde(errors, tmp_path / "npde.png", endpoint="cp")
    assert imread(tmp_path / "npde.png")[..., :3].std() > 0.05


def test_the_regimen_is_that_of_the_subject_with_the_median_dose(theophylline: pq.Study) -> None:
    ready = compile_model(pq.load_model("one-compartment"))
    doses = typical_regimen(ready, theophylline)
    given = np.sort(theophylline.table.groupby("ID")["AMT"].sum())
    assert doses is not None
    assert [(d.amount, d.to, d.n, d.duration) for d in doses] == [(given[5], "oral", 1, 0.0)]


def test_infusions_and_repeated_doses_are_kept() -> None:
    ready = compile_model(pq.load_model("one-compartment"))
    dose = pq.Dose(amount=100, time=1, n=3, interval=12, duration=2, to="iv")
    study = pq.regimen(dose, [0, 24], covariates={"WT": 70})
    found = typical_regimen(ready, study)
    assert found is not None
    names = ("amount", "time", "n", "interval", "duration", "steady", "to")
    assert [getattr(found[0], n) for n in names] == [getattr(dose, n) for n in names]


def test_modelled_durations_cannot_be_given_again() -> None:
    ready = compile_model(pq.load_model("one-compartment"))
    study = pq.regimen(pq.Dose(amount=100, to="iv"), [1], covariates={"WT": 70})
    table = study.table.assign(RATE=np.where(study.table["EVID"] == 1, -2.0, 0.0))
    assert typical_regimen(ready, pq.Study(table=table, covariates=("WT",))) is None
