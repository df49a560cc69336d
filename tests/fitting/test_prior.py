"""Draws of the prior against closed forms; failed solves are kept, counted and explained."""

import logging

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.sampling.sample_prior import diagnose_prior
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.fitting.blow_up import CRITICAL, TIMES
from tests.fitting.conftest import TEXT

BLOCK = TEXT.replace(
    'V = { typical = "lognormal(log(30), 0.5)", unit = "L" }',
    'V = { typical = "lognormal(log(30), 0.5)", unit = "L", iiv = "lognormal" }',
).replace(
    'omega = { CL = "half_normal(0.5)" }',
    'omega = { CL = "half_normal(0.5)", V = 0.2, correlate = ["CL", "V"], lkj = 2 }',
)


@pytest.fixture(scope="module")
def prior(study: pq.Study) -> xr.DataTree:
    return pq.sample_prior(parse_model(BLOCK), study, draws=2000, seed=4)


def test_marginals_are_those_stated(prior: xr.DataTree) -> None:
    drawn = prior["prior"].to_dataset().isel(chain=0)
    expected = {
        "CL": (drawn["CL"], stats.lognorm(0.5, scale=3)),
        "V": (drawn["V"], stats.lognorm(0.5, scale=30)),
        "omega": (drawn["omega"].sel(effect="CL"), stats.halfnorm(scale=0.5)),
        "sigma": (drawn["sigma"].isel(residual=0), stats.halfnorm(scale=0.5)),
    }
    for name, (values, law) in expected.items():
        assert stats.kstest(values, law.cdf).pvalue > 1e-3, name
    assert (drawn["omega"].sel(effect="V") == 0.2).all()
    # LKJ(2) of two: (r + 1) / 2 is beta(2, 2).
    correlation = drawn["corr"].sel(effect_pair="CL,V")
    assert stats.kstest((correlation + 1) / 2, stats.beta(2, 2).cdf).pvalue > 1e-3
    eta = drawn["eta"].sel(effect="V").values.ravel() / 0.2
    assert abs(eta.std() - 1) < 0.03


def test_predictions_are_those_of_the_draws(prior: xr.DataTree) -> None:
    drawn = prior["prior"].to_dataset().isel(chain=0)
    predicted = prior["prior_predictive"].to_dataset().isel(chain=0)
    etas = drawn["eta"].sel(subject=predicted["prediction"].ID)
    clearance = drawn["CL"] * np.exp(etas.sel(effect="CL"))
    volume = drawn["V"] * np.exp(etas.sel(effect="V"))
    exact = 100 / volume * np.exp(-clearance / volume * predicted["prediction"].TIME)
    exact = exact.transpose("draw", "observation").values
    large = exact > 1e-2  # below, the solver's absolute tolerance shows
    np.testing.assert_allclose(predicted["prediction"].values[large], exact[large], rtol=2e-3)
    sigma = drawn["sigma"].isel(residual=0).values[:, None]
    values = np.where(large, predicted["DV"].values / predicted["prediction"].values, 1)
    residual = (np.log(values) / sigma)[large & (sigma > 0.01)]
    assert abs(residual.mean()) < 0.02
    assert abs(residual.std() - 1) < 0.02
    assert not prior["sample_stats_prior"]["failed"].any()


def test_failed_solves_are_kept_and_explained(
    growing: pq.ModelSpec, growth: pq.Study, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tree = pq.sample_prior(growing, growth, draws=1000, seed=2)
    k = tree["prior"].to_dataset()["k"].values.ravel()
    assert np.isfinite(k).all()
    assert stats.kstest(k, stats.lognorm(1).cdf).pvalue > 1e-3
    failed = tree["sample_stats_prior"].to_dataset()["failed"].values.ravel()
    np.testing.assert_array_equal(failed, k >= CRITICAL)
    predicted = tree["prior_predictive"].to_dataset()["prediction"].values[0]
    assert np.isnan(predicted[failed]).all()
    exact = 1 / (1 - np.outer(k[~failed], TIMES))
    near = k[~failed] < 0.9 * CRITICAL
    np.testing.assert_allclose(predicted[~failed][near], exact[near], rtol=2e-3)
    assert f"the solver failed for {failed.sum()} of 1000 draws" in caplog.text
    assert "k is high in failed draws" in caplog.text


def changed(tree: xr.DataTree, group: str, name: str, value: np.ndarray | float) -> xr.DataTree:
    """Return the tree with all draws of a variable replaced, observation by observation."""
    dataset = tree[group].to_dataset()
    return tree.assign({group: xr.DataTree(dataset.assign({name: dataset[name] * 0 + value}))})


def test_where_every_draw_fails_that_is_told(prior: xr.DataTree) -> None:
    tree = changed(prior, "sample_stats_prior", "failed", 1)
    tree = changed(tree, "prior_predictive", "prediction", np.nan)
    tree["sample_stats_prior"] = xr.DataTree(tree["sample_stats_prior"].to_dataset().astype(bool))
    assert "every draw failed" in str(diagnose_prior(tree)[0])


def test_impossible_residual_errors_are_told(prior: xr.DataTree) -> None:
    tree = changed(prior, "sample_stats_prior", "impossible", np.arange(2000) < 3)
    assert any("in 3 of 2000 draws a prediction is 0" in str(i) for i in diagnose_prior(tree))


def test_no_draws_are_refused(growing: pq.ModelSpec, growth: pq.Study) -> None:
    with pytest.raises(pq.CheckError, match="draws"):
        pq.sample_prior(growing, growth, draws=0)
