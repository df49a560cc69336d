"""Individuals from their data: exact posteriors, the prior without data, the truth with many."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.decisions.individualise import individualise
from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.likelihood.individual_density import EffectPosterior
from tests.analysis.posteriors import hand_made

# f = base + slope t: linear in all that is random.
LINE = """
title = "a line"
[equations]
text = "d(A)/dt = slope; A(0) = base"
[population.base]
typical = "normal(10, 1)"
iiv = "normal"
[population.slope]
typical = "normal(2, 0.2)"
iiv = "normal"
[observe.y]
value = "A"
error = "additive"
"""
BOLUS = """
title = "one compartment"
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population.CL]
typical = "lognormal(log(3), 0.2)"
unit = "L/h"
iiv = "lognormal"
[population.V]
typical = "lognormal(log(20), 0.2)"
unit = "L"
iiv = "lognormal"
[observe.cp]
value = "A / V"
unit = "mg/L"
error = "proportional"
"""
TIMES = np.array([0.0, 3.0, 4.0])
OMEGA, SIGMA, TAU = np.array([1.5, 0.6]), 0.8, np.array([0.4, 0.15])


def line(size: int = 1000, tau: np.ndarray = TAU) -> xr.DataTree:
    """Normal draws of the population with SDs tau."""
    rng = np.random.default_rng(1)
    mean = np.array([10.0, 2.0]) + tau * rng.normal(size=(size, 2))
    typical = {"base": mean[:, 0], "slope": mean[:, 1]}
    return hand_made(LINE, typical, omega=dict(zip(typical, OMEGA, strict=True)),
                     sigma={"y": SIGMA})  # fmt: skip


def observed(values: np.ndarray, times: np.ndarray, doses=()) -> pq.Study:
    """A study of (S, T) values."""
    study = pq.regimen(list(doses), times, subjects=len(values))
    table, rows = study.table.copy(), study.table.index[study.table.EVID == 0]
    table.loc[rows, "DV"] = np.ravel(values)
    table.loc[rows, "MDV"] = np.isnan(np.ravel(values)).astype(int)
    return dataclasses.replace(study, table=table)


def exact(y: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of (base, slope) in Bayesian linear regression, prior variances given."""
    x = np.stack([np.ones(TIMES.size), TIMES], axis=1)
    covariance = np.linalg.inv(np.diag(1 / prior) + x.T @ x / SIGMA**2)
    return covariance @ (np.array([10.0, 2.0]) / prior + x.T @ y / SIGMA**2), covariance


VALUES = np.array([[13.0, 19.5, 22.0], [9.0, 10.0, 12.5]])


def test_a_linear_normal_model_has_the_exact_posterior() -> None:
    # What is not known of the population adds to what varies: tau^2 + omega^2.
    found = individualise(line(), observed(VALUES, TIMES), draws=1000, seed=2).dataset
    assert list(found.parameter.values) == ["base", "slope"]
    for s, y in enumerate(VALUES):
        mean, covariance = exact(y, OMEGA**2 + TAU**2)
        own = found.individual[:, s].to_numpy()
        sd = np.sqrt(np.diag(covariance))
        assert np.abs(own.mean(axis=0) - mean).max() < 4 * sd.max() / np.sqrt(250)
        assert np.cov(own.T) == pytest.approx(covariance, rel=0.25)
    assert found.reliable.all()
    assert (found.converged == 1).all()


def test_the_mode_of_a_linear_normal_model_is_exact() -> None:
    tree = line(50, tau=np.zeros(2))
    found = individualise(tree, observed(VALUES, TIMES), method="map").dataset
    for s, y in enumerate(VALUES):
        mean, covariance = exact(y, OMEGA**2)
        assert found.individual[0, s].to_numpy() == pytest.approx(mean, rel=1e-5)
        assert found.eta_sd[s].to_numpy() == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-4)


def test_without_data_an_individual_is_a_draw_of_the_population() -> None:
    nothing = observed(np.full((1, 3), np.nan), TIMES)
    found = individualise(line(), nothing, draws=1000, seed=3).dataset
    assert found.observations.item() == 0
    assert found.ess_population.item() > 990
    own = found.individual[:, 0].to_numpy()
    spread = np.sqrt(OMEGA**2 + TAU**2)
    assert np.abs(own.mean(axis=0) - [10, 2]) == pytest.approx(0, abs=5 * spread.max() / 1000**0.5)
    assert own.std(axis=0) == pytest.approx(spread, rel=0.12)


def bolus(size: int = 200) -> xr.DataTree:
    rng = np.random.default_rng(4)
    typical = {name: centre * np.exp(0.05 * rng.normal(size=size))
               for name, centre in (("CL", 3.0), ("V", 20.0))}  # fmt: skip
    return hand_made(BOLUS, typical, omega={"CL": 0.4, "V": 0.3}, sigma={"cp": 0.1})


DOSE = pq.Dose(amount=100.0, to="iv")


def concentration(cl: float, v: float, times: np.ndarray, dose: float = 100.0) -> np.ndarray:
    return dose / v * np.exp(-cl / v * times)


def test_many_data_bring_out_the_individual_and_what_happens_to_it() -> None:
    times = np.linspace(0.25, 12, 60)
    rng = np.random.default_rng(5)
    truth = concentration(6.0, 14.0, times)
    rich = observed((truth * (1 + 0.1 * rng.normal(size=60)))[None], times, [DOSE])
    few = observed(rich.table.query("EVID == 0").DV.to_numpy()[None, [3]], times[[3]], [DOSE])
    found, sparse = (individualise(bolus(), study, seed=6) for study in (rich, few))
    widths = [f.dataset.individual.std("draw").to_numpy().ravel() for f in (found, sparse)]
    assert (widths[0] < 0.5 * widths[1]).all()
    z = (found.dataset.individual.mean("draw") - [6.0, 14.0]).to_numpy().ravel() / widths[0]
    assert np.abs(z).max() < 3
    curve = found.simulate(pq.Dose(amount=250.0, to="iv"), [0.5, 8.0]).cp
    assert curve.dims == ("draw", "subject", "time")
    wanted = concentration(6.0, 14.0, np.array([0.5, 8.0]), 250.0)
    assert curve.median("draw").to_numpy().ravel() == pytest.approx(wanted, rel=0.08)
    # each draw is the closed form at its own parameters
    cl, v = found.dataset.individual[7, 0].to_numpy()
    assert curve[7, 0].to_numpy() == pytest.approx(
        concentration(cl, v, np.array([0.5, 8.0]), 250.0), rel=1e-4
    )


def test_gradients_agree_with_differences() -> None:
    study = observed(np.array([[4.0, 3.0, np.nan], [6.0, np.nan, 1.0]]), TIMES + 1, [DOSE])
    rng = np.random.default_rng(7)
    target = EffectPosterior(seen=observed_study(bolus(3), study, draws=3, rng=rng))
    z, h = rng.normal(size=target.shape), 1e-4
    local = target.local(z)
    for k in range(2):
        step = np.eye(2)[k] * h
        slope = (target.log_density(z + step) - target.log_density(z - step)) / (2 * h)
        assert local.gradient[..., k] == pytest.approx(slope, rel=2e-2, abs=0.05)
    assert (np.linalg.eigvalsh(local.curvature) >= 1 - 1e-9).all()


def test_what_cannot_be_is_refused() -> None:
    before = observed(np.array([[0.5, 4.0]]), np.array([0.0, 1.0]), [DOSE])
    with pytest.raises(CheckError, match="subject 1"):
        individualise(bolus(20), before, draws=20)  # a proportional error before any drug
    with pytest.raises(CheckError, match="'vi' is not a valid choice"):
        individualise(bolus(20), before, method="vi")
