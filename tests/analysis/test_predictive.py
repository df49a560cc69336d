"""Predictive checks: right models pass, wrong ones are caught; integrals against quadrature."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.observed import observed_study
from pkqsp_bayes.analysis.predictive import (
    loo,
    loo_subject,
    npde,
    predict,
    predictive_pvalues,
    vpc,
)
from pkqsp_bayes.analysis.predictive.bins import bin_times
from pkqsp_bayes.analysis.predictive.marginal import marginal_log_likelihood
from pkqsp_bayes.errors import CheckError
from tests.analysis.posteriors import hand_made

MODEL = """
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
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "proportional" }
"""
TIMES = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 12.0])
SUBJECTS = 60
OMEGA, SIGMA = 0.3, 0.15


def truth(*, size: int = 300, eta: np.ndarray | None = None, **changed: float) -> xr.DataTree:
    """A posterior that knows the truth exactly, or something else exactly."""
    values = {"CL": 3.0, "V": 20.0, "omega": OMEGA, "sigma": SIGMA} | changed
    typical = {name: np.full(size, values[name]) for name in ("CL", "V")}
    subjects = tuple(str(i + 1) for i in range(SUBJECTS))
    return hand_made(
        MODEL, typical, omega={"CL": values["omega"]}, sigma={"cp": values["sigma"]}, eta=eta,
        subjects=subjects if eta is not None else (),
    )  # fmt: skip


def simulated(seed: int, *, curve=None, lloq: float | None = None) -> pq.Study:
    """Data by a closed form, so that nothing of the package makes what it checks."""
    rng = np.random.default_rng(seed)
    doses = np.where(np.arange(SUBJECTS) % 2 == 0, 100.0, 300.0)
    design = pq.regimen(pq.Dose(amount=doses, to="iv"), TIMES, subjects=SUBJECTS)
    clearance = 3.0 * np.exp(OMEGA * rng.normal(size=SUBJECTS))
    f = (doses / 20)[:, None] * np.exp(-clearance[:, None] / 20 * TIMES)
    f = f if curve is None else curve(doses, clearance, TIMES)
    y = f * (1 + SIGMA * rng.normal(size=f.shape))
    table = design.table.copy()
    rows = table.index[table.EVID == 0]
    table.loc[rows, "DV"], table.loc[rows, "MDV"] = y.ravel(), 0
    table["ARM"] = np.repeat(doses, len(table) // SUBJECTS)
    if lloq is not None:
        table.loc[rows, "LLOQ"] = lloq
        table.loc[rows, "BLQ"] = (table.loc[rows, "DV"] < lloq).astype(int)
    return dataclasses.replace(design, table=table, covariates=("ARM",))


def saturable(doses, clearance, times) -> np.ndarray:
    """Disposition that a linear model cannot have: the high dose goes slower."""
    slow = np.where(doses > 200, 0.45, 1.0)
    return (doses / 20)[:, None] * np.exp(-(clearance * slow)[:, None] / 20 * times)


def test_the_right_model_passes_every_check() -> None:
    study, fit = simulated(22), truth()
    assert float(vpc(fit, study).p_value[0]) > 0.01
    assert (vpc(fit, study, stratify="ARM").p_value > 0.01).all()
    assert float(npde(fit, study).p_value.sel(test="all")[0]) > 0.01
    assert (predictive_pvalues(fit, study, draws=150).p_value.dropna("statistic") > 0.01).all()


def test_npde_are_uniform_under_the_model() -> None:
    found = npde(truth(size=2000), simulated(2), draws=2000)
    for name in ("npd", "npde"):
        assert stats.kstest(found[name], "norm").pvalue > 1e-3
    # Values of one subject go together, and npde takes that out.
    pairs = lambda x: np.corrcoef(x.values.reshape(SUBJECTS, -1)[:, -2:].T)[0, 1]  # noqa: E731
    assert pairs(found.npd) > 0.4
    assert abs(pairs(found.npde)) < 4 / np.sqrt(SUBJECTS)


@pytest.mark.parametrize("changed", [{"sigma": 0.4}, {"omega": 0.05}, {"CL": 5.0}])
def test_a_wrong_model_is_caught(changed: dict) -> None:
    study, fit = simulated(3), truth(**changed)
    assert float(vpc(fit, study).p_value[0]) < 0.01
    assert float(npde(fit, study).p_value.sel(test="all")[0]) < 0.01


def test_a_saturation_that_was_left_out_is_caught_by_dose() -> None:
    study = simulated(4, curve=saturable)
    found = vpc(truth(), study, stratify="ARM")
    assert list(found.stratum.values) == ["ARM 100.0", "ARM 300.0"]
    assert found.p_value[0] > 0.01
    assert found.p_value[1] < 0.01


def test_values_below_the_limit_are_compared_as_shares() -> None:
    lloq = 1.0
    study, fit = simulated(5, lloq=lloq), truth()
    found = vpc(fit, study, quantiles=(0.05, 0.5, 0.95))
    share = found.blq_observed.isel(stratum=0)
    assert share.max() > 0.2
    low, high = found.blq_simulated.isel(stratum=0, interval=[0, 2]).values.T
    assert ((share >= low - 0.05) & (share <= high + 0.05)).all()
    # the 5 % quantile is hidden where a fifth is below the limit
    assert np.isnan(found.observed.isel(stratum=0).sel(quantile=0.05)[share.values > 0.1]).all()
    assert float(npde(fit, study).p_value.sel(test="all")[0]) > 0.01
    statistic = predictive_pvalues(fit, study, draws=100)
    assert float(statistic.p_value.sel(statistic="share below LLOQ")[0]) > 0.01


def test_prediction_correction_takes_the_doses_out() -> None:
    study, fit = simulated(6), truth()
    plain, corrected = vpc(fit, study), vpc(fit, study, corrected=True)
    spread = lambda v: (v.observed.sel(quantile=0.95) / v.observed.sel(quantile=0.05)).values  # noqa: E731
    assert (spread(corrected) < 0.8 * spread(plain)).all()
    assert float(corrected.p_value[0]) > 0.01
    # by hand: the typical curve of each dose against the bin's median, which is their mean
    typical = (np.array([100.0, 300.0]) / 20) * np.exp(-3 / 20 * 0.5)
    first = corrected.DV.values[0] / simulated(6).table.query("EVID == 0").DV.iloc[0]
    assert first == pytest.approx(np.median(typical) / typical[0], rel=1e-5)


def test_conditional_and_new_subject_predictions_keep_apart() -> None:
    study = simulated(7)
    eta = np.full((50, SUBJECTS, 1), 0.5)
    fit = truth(size=50, eta=eta)
    own, new = predict(fit, study), predict(fit, study, kind="new_subjects")
    assert "prediction_conditional" in own
    assert "prediction_new_subjects" in new
    assert own.prediction_conditional.std("draw").max() < 1e-9  # eta is known
    assert new.prediction_new_subjects.std("draw").min() > 0
    first = 100 / 20 * np.exp(-3 * np.exp(0.5) / 20 * 0.5)
    assert float(own.prediction_conditional[0, 0]) == pytest.approx(first, rel=1e-5)
    with pytest.raises(CheckError, match="not the subjects"):
        predict(fit, study.only(["1", "2"]))


def test_the_marginal_likelihood_agrees_with_quadrature() -> None:
    study = simulated(8)
    rng = np.random.default_rng(0)
    eta = posterior_of_eta(study, OMEGA, 40)
    seen = observed_study(truth(size=4, eta=eta[:4]), study, draws=4, rng=rng)
    found = marginal_log_likelihood(seen, eta, proposals=4000, rng=rng)
    table = study.table[study.table.EVID == 0]
    doses = study.table[study.table.EVID == 1].AMT.to_numpy()
    for s in (0, 1, 17):
        y = table.DV.to_numpy().reshape(SUBJECTS, -1)[s]

        def integrand(x: float, y=y, dose=doses[s]) -> float:
            f = dose / 20 * np.exp(-3 * np.exp(x) / 20 * TIMES)
            density = stats.norm(f, SIGMA * f).logpdf(y).sum() + stats.norm(0, OMEGA).logpdf(x)
            return float(np.exp(density))

        wanted = np.log(integrate.quad(integrand, -2, 2, points=[0.0], limit=400)[0])
        assert found.log_lik[0, s] == pytest.approx(wanted, abs=0.05)
    assert found.ess.min() > 100


def posterior_of_eta(study: pq.Study, omega: float, size: int) -> np.ndarray:
    """Draw each subject's eta given the data and all else, on a grid."""
    rng = np.random.default_rng(1)
    grid = np.linspace(-2, 2, 801)
    y = study.table[study.table.EVID == 0].DV.to_numpy().reshape(SUBJECTS, -1)
    doses = study.table[study.table.EVID == 1].AMT.to_numpy()
    result = np.empty((size, SUBJECTS, 1))
    for s in range(SUBJECTS):
        f = doses[s] / 20 * np.exp(-3 * np.exp(grid)[:, None] / 20 * TIMES)
        log = stats.norm(f, SIGMA * f).logpdf(y[s]).sum(axis=1) + stats.norm(0, omega).logpdf(grid)
        weight = np.exp(log - log.max())
        result[:, s, 0] = rng.choice(grid, size, p=weight / weight.sum())
    return result


def test_leaving_out_subjects_prefers_the_right_omega() -> None:
    study, rng = simulated(9), np.random.default_rng(9)
    elpd = {}
    for omega in (OMEGA, 0.05):
        eta = posterior_of_eta(study, omega, 100)
        typical = {"CL": 3 * np.exp(0.02 * rng.normal(size=100)), "V": np.full(100, 20.0)}
        fit = hand_made(MODEL, typical, omega={"CL": omega}, sigma={"cp": SIGMA}, eta=eta,
                        subjects=study.subjects)  # fmt: skip
        elpd[omega] = loo_subject(fit, study, draws=100, proposals=100)
        assert elpd[omega].elpd_i.size == SUBJECTS
    assert elpd[OMEGA].elpd > elpd[0.05].elpd + 2 * elpd[OMEGA].se / np.sqrt(SUBJECTS)


def test_a_refit_replaces_the_subjects_that_weigh_too_much() -> None:
    study = simulated(10)
    eta = posterior_of_eta(study, OMEGA, 60)
    rng = np.random.default_rng(2)
    wide = {"CL": 3.0 * np.exp(0.5 * rng.normal(size=60)), "V": np.full(60, 20.0)}
    fit = hand_made(MODEL, wide, omega={"CL": OMEGA}, sigma={"cp": SIGMA}, eta=eta,
                    subjects=study.subjects)  # fmt: skip
    called = []

    def refit(others: pq.Study) -> xr.DataTree:
        called.append(set(study.subjects) - set(others.subjects))
        return truth(size=20)

    plain = loo_subject(fit, study, draws=60, proposals=60)
    high = int((plain.pareto_k > 0.7).sum())
    assert high > 0
    again = loo_subject(fit, study, draws=60, proposals=60, refit=refit)
    assert len(called) == high
    assert all(len(gone) == 1 for gone in called)
    assert (again.pareto_k <= 0.7).all()


def test_loo_by_observation_is_arviz() -> None:
    rng = np.random.default_rng(3)
    log_lik = -1 + 0.1 * rng.normal(size=(4, 250, 30))
    tree = xr.DataTree.from_dict({
        "posterior": xr.Dataset({"CL": (("chain", "draw"), rng.normal(size=(4, 250)))}),
        "log_likelihood": xr.Dataset({"DV": (("chain", "draw", "observation"), log_lik)}),
    })  # fmt: skip
    assert loo(tree).elpd == pytest.approx(-30, abs=2)


def test_bins_never_part_equal_times() -> None:
    times = np.repeat(np.arange(12.0), 5)
    place, centres = bin_times(times, 4)
    assert centres.size == 4
    assert all(np.unique(place[times == t]).size == 1 for t in np.arange(12.0))
    place, centres = bin_times(times, [0, 3, 6, 12])
    assert np.bincount(place).tolist() == [15, 15, 30]


def test_what_cannot_be_compared_is_refused() -> None:
    study, fit = simulated(11), truth(size=5)
    for given in ({"endpoint": "cq"}, {"stratify": "AGE"}):
        with pytest.raises(CheckError):
            vpc(fit, study, **given)
