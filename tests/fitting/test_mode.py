"""The mode against SciPy's, on a density written anew; what is told of the starts."""

import logging

import numpy as np
import pytest
import xarray as xr
from scipy import optimize, stats

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.inits.find_mode import diagnose_mode
from pkqsp_bayes.fitting.inits.optimise import MethodError, Optimum, best_optimum


@pytest.fixture(scope="module")
def found(model: pq.ModelSpec, study: pq.Study) -> xr.DataTree:
    return pq.find_mode(model, study, starts=2)


def log_density(point: np.ndarray, study: pq.Study, *, jacobian: bool) -> float:
    """Return the joint density of the model of the conftest: the closed form of a bolus."""
    clearance, volume, omega, sigma = np.exp(point[:4])
    eta = point[4:]
    seen = study.table[study.table.MDV == 0]
    who = seen.ID.to_numpy(dtype=int) - 1
    exact = 100 / volume * np.exp(-clearance * np.exp(eta[who]) / volume * seen.TIME)
    return float(
        stats.lognorm.logpdf(clearance, 0.5, scale=3)
        + stats.lognorm.logpdf(volume, 0.5, scale=30)
        + stats.norm.logpdf(omega, 0, 0.5)
        + stats.norm.logpdf(sigma, 0, 0.5)
        + stats.norm.logpdf(eta, 0, omega).sum()
        + stats.lognorm.logpdf(seen.DV.astype(float), sigma, scale=exact).sum()
        + (point[:4].sum() if jacobian else 0)
    )


@pytest.mark.parametrize("jacobian", [True, False])
def test_the_mode_is_the_one_that_scipy_finds(
    model: pq.ModelSpec, study: pq.Study, jacobian: bool
) -> None:
    tree = pq.find_mode(model, study, starts=1, jacobian=jacobian)
    begin = np.concatenate([np.log([4, 25, 0.2, 0.15]), np.zeros(12)])

    def cost(point: np.ndarray) -> float:
        return -log_density(point, study, jacobian=jacobian)

    other = optimize.minimize(cost, begin)
    mode = tree["mode"].to_dataset()
    named = [float(mode[n].item()) for n in ("CL", "V", "omega", "sigma")]
    np.testing.assert_allclose(named, np.exp(other.x[:4]), rtol=5e-3)
    np.testing.assert_allclose(mode["eta"].values[:, 0], other.x[4:], atol=5e-3)
    assert float(tree.attrs["log_density"]) == pytest.approx(-other.fun, abs=1e-3)


def test_the_result_says_what_it_is(found: xr.DataTree) -> None:
    assert found.attrs["converged"] == "true"
    assert found.attrs["jacobian"] == "true"
    optima = found["optima"]
    assert optima.sizes["start"] == 2
    assert optima["converged"].all()
    assert "eta" not in optima
    assert found["mode"]["eta"].dims == ("subject", "effect")
    assert found["predictions"]["prediction"].sizes == {"observation": 84}
    assert not diagnose_mode(found)


def test_predictions_are_those_of_the_mode(found: xr.DataTree, study: pq.Study) -> None:
    mode = found["mode"].to_dataset()
    predicted = found["predictions"].to_dataset()["prediction"]
    clearance = float(mode["CL"]) * np.exp(
        mode["eta"].sel(effect="CL", subject=predicted.ID).values
    )
    rate = clearance / float(mode["V"])
    exact = 100 / float(mode["V"]) * np.exp(-rate * predicted.TIME.values)
    np.testing.assert_allclose(predicted, exact, rtol=2e-3)


def test_other_modes_and_spikes_are_told(found: xr.DataTree) -> None:
    tree = found.copy(deep=True)
    optima = tree["optima"].to_dataset()
    optima["CL"][1] *= 2
    optima["log_density"][1] -= 3
    tree["optima"] = xr.DataTree(optima)
    told = [str(issue) for issue in diagnose_mode(tree)]
    assert len(told) == 1
    assert "start 2 ended at another mode, lower by 3" in told[0]
    assert "CL = " in told[0]


def test_without_a_mode_inside_there_is_an_error() -> None:
    spike = Optimum(start=1, log_density=1e9, converged=True, collapsed=True)
    inside = Optimum(start=2, log_density=3.0, converged=True)
    assert best_optimum([spike, inside]) is inside
    with pytest.raises(MethodError, match="SD of random effects goes to 0"):
        best_optimum([spike])
    with pytest.raises(MethodError, match="from all 1 starts: Line search failed"):
        best_optimum([Optimum(start=1, message="Line search failed")])


def test_settings_that_mean_nothing_are_refused(model: pq.ModelSpec, study: pq.Study) -> None:
    with pytest.raises(pq.CheckError) as caught:
        pq.find_mode(model, study, starts=0, iterations=0)
    assert len(caught.value.issues) == 2


@pytest.mark.slow
def test_a_prior_that_mostly_fails_has_a_mode(
    growing: pq.ModelSpec, growth: pq.Study, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        tree = pq.find_mode(growing, growth, starts=2)
    assert float(tree["mode"]["k"]) == pytest.approx(0.1, rel=0.1)
    assert "draws of the priors are tried" in caplog.text
