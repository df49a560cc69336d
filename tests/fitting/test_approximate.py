"""Approximations against quadrature, on a posterior of two parameters."""

import logging

import numpy as np
import pytest
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.sampling.approximate import diagnose_approximation
from tests.fitting.blow_up import growth_study


def quadrature(study: pq.Study) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of k and sigma, by sums on a grid."""
    y = study.table.DV.to_numpy(dtype=float)
    t = study.table.TIME.to_numpy(dtype=float)
    k, sigma = np.meshgrid(np.linspace(0.08, 0.12, 401), np.linspace(0.06, 0.16, 401))
    squares = sum((np.log(a) + np.log(1 - b * k)) ** 2 for a, b in zip(y, t, strict=True))
    log = stats.lognorm.logpdf(k, 1) + stats.halfnorm.logpdf(sigma, scale=0.5)
    log = log - y.size * np.log(sigma) - squares / (2 * sigma**2)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    means = {"k": (weight * k).sum(), "sigma": (weight * sigma).sum()}
    return {
        name: (means[name], np.sqrt((weight * (x - means[name]) ** 2).sum()))
        for name, x in (("k", k), ("sigma", sigma))
    }


@pytest.mark.parametrize("method", ["pathfinder", "laplace"])
def test_moments_are_those_of_the_posterior(growing: pq.ModelSpec, method: str) -> None:
    study = growth_study(subjects=20)
    tree = pq.approximate(growing, study, method=method, draws=2000, paths=2)  # type: ignore[arg-type]
    assert float(tree.attrs["pareto_k"]) < 0.7
    assert tree.attrs["resampled"] == "1"
    for name, (mean, deviation) in quadrature(study).items():
        draws = tree["posterior"].to_dataset()[name].values.ravel()
        assert abs(draws.mean() - mean) < 0.15 * deviation, name
        assert abs(draws.std() / deviation - 1) < 0.1, name


def test_the_form_is_that_of_a_fit(growing: pq.ModelSpec, growth: pq.Study) -> None:
    tree = pq.approximate(growing, growth, draws=200, paths=2)
    assert set(tree.children) == {
        "posterior", "sample_stats", "log_likelihood", "log_prior", "posterior_predictive",
        "observed_data", "constant_data",
    }  # fmt: skip
    assert tree["posterior"]["k"].sizes == {"chain": 1, "draw": 200}
    assert tree["log_likelihood"]["DV"].dims == ("chain", "draw", "observation")
    assert tree["posterior"].attrs["approximation"] == "pathfinder"
    assert "k" in pq.summary_table(tree).index


def test_a_poor_one_is_told_and_not_resampled(
    growing: pq.ModelSpec, growth: pq.Study, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tree = pq.approximate(growing, growth, draws=500, paths=2)
    if float(tree.attrs["pareto_k"]) > 0.7:
        assert "Pareto k-hat" in caplog.text
        assert tree.attrs["resampled"] == "0"
        assert np.unique(tree["posterior"]["k"]).size == 500
    tree.attrs["pareto_k"] = "1.3"
    assert "not the posterior" in str(diagnose_approximation(tree)[0])


def test_settings_that_mean_nothing_are_refused(growing: pq.ModelSpec, growth: pq.Study) -> None:
    with pytest.raises(pq.CheckError) as caught:
        pq.approximate(growing, growth, method="guess", draws=0, paths=0)  # type: ignore[arg-type]
    assert len(caught.value.issues) == 3
