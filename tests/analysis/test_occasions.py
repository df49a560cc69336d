"""Occasions in budgets and interventions, and averages without the noise of their subjects."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.analysis.population_draws import population_draws
from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
from pkqsp_bayes.analysis.uncertainty.first_order import first_order
from pkqsp_bayes.analysis.uncertainty.sampling_design import make_design
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.fitting.results.fitted_model import read_spec
from pkqsp_bayes.likelihood.marginal_likelihood import marginal_log_likelihood
from tests.analysis.posteriors import hand_made

# log cp = log(dose / V) - CL / V t; CL moves with occasions and with a weight that may change.
MODEL = """
title = "occasions"
[covariates]
WT = { unit = "kg", reference = 70, interpolation = "locf" }
AGE = { unit = "year", reference = 40, interpolation = "locf" }
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
iov = "lognormal"
covariates = { WT = "power(0.75)", AGE = { form = "linear", coefficient = "normal(0, 0.01)" } }
[population.V]
typical = "lognormal(log(20), 0.2)"
unit = "L"
iiv = "lognormal"
[population.F]
typical = "beta(5, 5)"
iov = "logitnormal"
[population.base]
typical = 1.0
unit = "mg/L"
iov = "normal"
[observe.cp]
value = "base + F * A / V"
unit = "mg/L"
error = "additive"
"""
TIMES = np.array([1.0, 4.0, 12.0])
DOSE = pq.Dose(amount=100.0, to="iv")
OMEGA_IOV = {"CL": 0.3, "F": 0.4, "base": 0.05}
OMEGA = {"CL": 0.2, "V": 0.1}


def posterior(spread: float = 0.0, size: int = 40, **omega: float) -> xr.DataTree:
    rng = np.random.default_rng(1)
    centres = {"CL": 3.0, "V": 20.0, "F": 0.5, "beta[CL,AGE]": 0.01}
    typical = {n: c * np.exp(spread * rng.normal(size=size)) for n, c in centres.items()}
    later = OMEGA_IOV | {k.removeprefix("iov_"): v for k, v in omega.items() if k.startswith("iov")}
    own = OMEGA | {k: v for k, v in omega.items() if k in OMEGA}
    return hand_made(MODEL, typical, omega=own, sigma={"cp": 0.1}, omega_iov=later)


def done(do: dict, tree: xr.DataTree | None = None, **given) -> xr.Dataset:
    fit = posterior() if tree is None else tree
    return pq.intervene(
        fit, do, output="cp", times=TIMES, regimen=DOSE, draws=40, subjects=20, **given
    )


QUIET = {"V": 20.0, "F": 0.5, "base": 0.0}
"""All else is the same in everybody."""


def curves(found: xr.Dataset) -> np.ndarray:
    """Quantiles of individuals under the intervention, (statistic, time)."""
    return found.trajectory.sel(arm="counterfactual", level="individual").to_numpy()


def test_what_is_set_is_set_at_all_occasions_and_for_all_covariates() -> None:
    found = done({"CL": 5.0, **QUIET}, covariates={"WT": 35.0, "AGE": 60.0})
    wanted = 0.5 * 100 / 20 * np.exp(-5 / 20 * TIMES)
    assert curves(found) == pytest.approx(np.tile(wanted, (3, 1)), rel=1e-4)


def test_what_is_scaled_keeps_effects_occasions_and_covariates() -> None:
    given = {"covariates": {"WT": 35.0, "AGE": 60.0}}
    half = done({"CL": pq.Scaled(factor=0.5), "base": 0.0}, **given).endpoint_draws
    plain = done({"CL": pq.Scaled(factor=1.0), "base": 0.0}, **given).endpoint_draws
    # F / V exp(-k t) at 1 and 12 h: k halves in each subject
    rate = [np.log(x.sel(endpoint="Cmax") / x.sel(endpoint="Ctau")).sel(arm="counterfactual")
            for x in (half, plain)]  # fmt: skip
    np.testing.assert_allclose(rate[0], 0.5 * rate[1], rtol=1e-4)
    assert rate[1].std() > 0.1 * rate[1].mean()
    # a share that moves on the logit scale, and a baseline that is moved by addition
    for name, untouched in (("F", {"base": 0.0}), ("base", {"F": 0.0})):
        scaled = done({name: pq.Scaled(factor=0.5), **untouched}).endpoint_draws
        whole = done({name: pq.Scaled(factor=1.0), **untouched}).endpoint_draws
        arms = [x.sel(arm="counterfactual", endpoint="Cmax") for x in (scaled, whole)]
        np.testing.assert_allclose(arms[0], 0.5 * arms[1], rtol=1e-5)
        assert arms[1].std() > 0.01 * arms[1].mean()


def test_a_share_cannot_be_scaled_out_of_its_bounds() -> None:
    with pytest.raises(pq.CheckError, match=r"do.F: .* leaves 0 to 1 in .* of subjects"):
        done({"F": pq.Scaled(factor=1.9)})
    for do in ({"F": 1.2}, {"CL": -1.0}):
        with pytest.raises(pq.CheckError, match="out of its bounds"):
            done(do)


def test_averages_have_no_width_where_draws_are_one() -> None:
    found = done({"CL": pq.Scaled(factor=0.5)})
    for name in ("trajectory", "change", "endpoint_value", "endpoint_change"):
        average = found[name].sel(level="average")
        wide = average.sel(statistic="upper") - average.sel(statistic="lower")
        assert np.abs(wide).max() < 1e-9 * np.abs(average).max(), name
        assert (found[f"{name}_error"] > 0).any(), name
    individual = found.endpoint_value.sel(level="individual")
    assert (individual.sel(statistic="upper") > individual.sel(statistic="lower")).all()


def test_averages_are_those_of_quadrature_within_their_error() -> None:
    tree = posterior(0.1)
    found = done({"base": 0.0, "F": 0.5}, tree)
    points, weights = np.polynomial.hermite_e.hermegauss(40)
    grid = [(a, b, wa * wb) for a, wa in zip(points, weights, strict=True)
            for b, wb in zip(points, weights, strict=True)]  # fmt: skip
    one = tree["posterior"].to_dataset().isel(chain=0)
    cl, v = one["CL"].to_numpy(), one["V"].to_numpy()
    wanted = np.zeros(cl.size)
    for a, b, weight in grid:
        volume = v * np.exp(0.1 * a)
        clearance = cl * np.exp(np.hypot(0.2, 0.3) * b)  # its own effect and the occasion's
        wanted += weight * 50 / volume * np.exp(-clearance / volume * 12) / (2 * np.pi)
    average = found.endpoint_value.sel(arm="counterfactual", level="average", endpoint="Ctau")
    error = float(found.endpoint_value_error.sel(arm="counterfactual", endpoint="Ctau"))
    assert float(average.sel(statistic="median")) == pytest.approx(np.median(wanted), abs=4 * error)
    width = float(average.sel(statistic="upper") - average.sel(statistic="lower"))
    low, high = np.quantile(wanted, [0.05, 0.95])
    assert width == pytest.approx(high - low, rel=0.1)


@pytest.mark.parametrize("kind", ["values", "AUC"])
def test_first_order_of_occasions_is_that_of_differences(kind: str) -> None:
    tree = posterior(0.05)
    draws = population_draws(read_spec(tree), tree["posterior"].to_dataset())
    design = make_design(
        read_spec(tree), output="cp", times=TIMES, doses=[DOSE], covariates={"WT": 90.0},
        endpoint=Endpoint(kind=kind), options=SolverSettings(rtol=1e-10, atol=1e-12),
    )  # fmt: skip
    found = first_order(design, draws)
    mean = draws.centre()
    assert draws.occasion_effects == ("CL", "F", "base")

    def at(kappa: np.ndarray) -> np.ndarray:
        return design.endpoint_of(mean, np.zeros((1, 1, 2)), kappa.reshape(1, 1, 1, 3))[0, 0]

    steps = 1e-3 * np.eye(3)
    slopes = np.column_stack([(at(h) - at(-h)) / 2e-3 for h in steps])
    np.testing.assert_allclose(found.occasions, slopes, rtol=1e-4, atol=1e-8)
    assert (found.between_occasion() > 0).all()


def test_the_budget_splits_occasions_to_first_order_too() -> None:
    tree = posterior(0.02, iov_CL=0.05, iov_F=0.05, iov_base=0.01, CL=0.05, V=0.05, size=200)
    budget = pq.variance_budget(
        tree, output="cp", times=TIMES, regimen=DOSE, outer=100, inner=60, seed=2
    )
    one = budget.sel(scale="natural", view="latent", component="between_occasion")
    assert one.first_order_ratio.values == pytest.approx(1, abs=0.1)
    # additive error: an observation may be negative, and its logarithm has no moments
    log = budget.sel(scale="log", view="observed")
    assert log.share.isnull().all()
    assert log.closure.isnull().all()
    assert budget.sel(scale="log", view="latent").share.notnull().all()
    assert budget.sel(scale="natural", view="observed").closure.notnull().all()


def test_the_marginal_likelihood_integrates_occasions_out() -> None:
    times, rng = np.array([1.0, 4.0, 12.0, 20.0]), np.random.default_rng(4)
    design = pq.regimen(DOSE, times, subjects=2, covariates={"WT": 70.0, "AGE": 40.0})
    table = design.table.assign(OCC=np.where(design.table.TIME < 12, "1", "2"))
    rows = table.index[table.EVID == 0]
    y = np.array([[3.3, 2.6, 1.5, 1.2], [3.1, 2.0, 1.4, 1.05]])
    table.loc[rows, "DV"], table.loc[rows, "MDV"] = y.ravel(), 0
    study = dataclasses.replace(design, table=table)
    tree = posterior(size=2, CL=0.2, V=0.0, iov_CL=0.3, iov_F=0.0, iov_base=0.0)
    seen = observed_study(tree, study, draws=2, rng=rng)
    found = marginal_log_likelihood(seen, proposals=2000, rng=rng)
    # by brute force: own effect and both occasions on a grid of Gauss-Hermite points
    points, weights = np.polynomial.hermite_e.hermegauss(30)
    own, one, two = np.meshgrid(0.2 * points, 0.3 * points, 0.3 * points, indexing="ij")
    share = np.einsum("i,j,k->ijk", weights, weights, weights) / (2 * np.pi) ** 1.5
    rate = [3.0 / 20 * np.exp(own + later)[..., None] for later in (one, two)]
    passed = [np.minimum(times, 12.0), np.maximum(times - 12.0, 0.0)]
    f = 1 + 0.5 * 100 / 20 * np.exp(-rate[0] * passed[0] - rate[1] * passed[1])
    for s in range(2):
        density = np.exp(-0.5 * ((y[s] - f) / 0.1) ** 2) / (0.1 * np.sqrt(2 * np.pi))
        wanted = np.log((share * density.prod(axis=-1)).sum())
        assert np.abs(found.log_lik[:, s] - wanted).max() < 0.05
    assert found.error.max() < 0.02
