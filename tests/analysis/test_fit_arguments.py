"""Fits and studies as arguments of analyses: what is refused, and with which message."""

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.library import path
from tests.analysis.posteriors import hand_made

DRAWS = 40


@pytest.fixture(scope="module")
def fitted() -> FittedModel:
    rng = np.random.default_rng(1)
    study = pq.load_dataset("theophylline")
    around = lambda centre: centre * np.exp(0.1 * rng.normal(size=DRAWS))  # noqa: E731
    tree = hand_made(
        path("one-compartment").read_text(),
        {"CL": around(2.8), "V": around(32.0), "ka": around(1.6), "tlag": around(0.05)},
        omega={name: around(0.3) for name in ("CL", "V", "ka")},
        sigma={"cp.additive": around(0.5), "cp.proportional": around(0.1)},
        eta=0.3 * rng.normal(size=(DRAWS, 12, 3)), subjects=study.subjects,
    )  # fmt: skip
    return pq.open_fit(tree)


@pytest.mark.parametrize(
    "name", ["npde", "plot_npde", "predictive_pvalues", "vpc", "predict", "validate"]
)
def test_a_study_without_observations_is_refused(fitted: FittedModel, name: str) -> None:
    study = pq.regimen(
        pq.Dose(amount=100.0, to="oral"), [0.0, 1.0, 2.0], subjects=2, covariates={"WT": 70.0}
    )
    with pytest.raises(pq.CheckError) as caught:
        getattr(pq, name)(fitted, study)
    (issue,) = caught.value.issues
    assert (issue.where, issue.what) == ("regimen", "it has no observations")
    assert issue.remedy


def test_without_observations_a_subject_is_individualised_by_the_population(
    fitted: FittedModel,
) -> None:
    study = pq.regimen(
        pq.Dose(amount=100.0, to="oral"), [0.0, 1.0], subjects=1, covariates={"WT": 70.0}
    )
    found = pq.individualise(fitted, study, draws=30, proposals=5)
    assert found.dataset["observations"].item() == 0


@pytest.mark.parametrize("given", [xr.DataTree(), xr.Dataset(), 3, None])
def test_what_is_no_fit_is_refused_at_once(given: object) -> None:
    with pytest.raises(pq.CheckError, match=r"FittedModel.*DataTree.*folder"):
        pq.open_fit(given)  # type: ignore[arg-type]


def test_a_group_is_no_fit(fitted: FittedModel) -> None:
    with pytest.raises(pq.CheckError, match="no posterior draws"):
        pq.open_fit(fitted.tree["posterior"])  # type: ignore[arg-type]


def test_loo_takes_the_study_of_the_fit_alone(fitted: FittedModel) -> None:
    study, rng = pq.load_dataset("theophylline"), np.random.default_rng(1)
    data = fitted.bind_data(study)
    observed = ("observation", data.observations.value)
    size = (1, DRAWS, len(data.observations))
    tree = fitted.tree
    tree["observed_data"] = xr.DataTree(xr.Dataset({"DV": observed}))
    tree["log_likelihood"] = xr.DataTree(
        xr.Dataset({"DV": (("chain", "draw", "observation"), rng.normal(-1, 0.1, size))})
    )
    assert pq.loo(tree, study).elpd == pq.loo(tree).elpd
    with pytest.raises(pq.CheckError, match="not those that were fitted"):
        pq.loo(tree, study.only(["1", "2"]))


def test_validation_by_the_fitted_study_is_a_warning(
    fitted: FittedModel, caplog: pytest.LogCaptureFixture
) -> None:
    study, tree = pq.load_dataset("theophylline"), fitted.tree
    observed = ("observation", fitted.bind_data(study).observations.value)
    tree["observed_data"] = xr.DataTree(xr.Dataset({"DV": observed}))
    pq.validate(tree, study, draws=30)
    assert "this is the study that was fitted" in caplog.text
    caplog.clear()
    pq.validate(tree, study.only(["1", "2", "3"]), draws=30)
    assert "fitted" not in caplog.text
