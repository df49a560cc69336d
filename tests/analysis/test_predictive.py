"""Predictive checks: right models pass, wrong ones are caught; integrals against quadrature."""

import dataclasses
import logging

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, special, stats

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.observed_study import observed_study
from pkqsp_bayes.analysis.predictive.bins import bin_times
from pkqsp_bayes.analysis.predictive.loo import loo, loo_subject
from pkqsp_bayes.analysis.predictive.npde import npde
from pkqsp_bayes.analysis.predictive.predict import predict
from pkqsp_bayes.analysis.predictive.predictive_pvalues import predictive_pvalues
from pkqsp_bayes.analysis.predictive.vpc import vpc
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.likelihood.marginal_likelihood import marginal_log_likelihood
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
    assert float(npde(fit, study).p_value.sel(test="all")[0]) < 0.03


def test_a_saturation_that_was_left_out_is_caught_by_dose() -> None:
    study = simulated(4, curve=saturable)
    found = vpc(truth(), study, stratify="ARM")
    assert list(found.stratum.values) == ["ARM 100", "ARM 300"]
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


def test_a_limit_on_censored_rows_is_that_of_the_endpoint() -> None:
    lloq = 1.0
    everywhere, fit = simulated(5, lloq=lloq), truth()
    table = everywhere.table.copy()
    table["LLOQ"] = table.LLOQ.where(table.BLQ == 1)
    table["DV"] = table.DV.where(table.BLQ == 0, table.LLOQ)  # as "<1" is read
    alone = dataclasses.replace(everywhere, table=table)
    table = everywhere.table.assign(DV=everywhere.table.DV.where(everywhere.table.BLQ == 0, lloq))
    stated = dataclasses.replace(everywhere, table=table)
    for check in (npde, vpc, predictive_pvalues):
        xr.testing.assert_equal(check(fit, alone, draws=60), check(fit, stated, draws=60))
    # by the definition: the share of replicates below the limit, everywhere
    share = predictive_pvalues(fit, alone, draws=60).replicated.sel(statistic="share below LLOQ")
    f = predict(fit, alone, kind="new_subjects", draws=300).observation_new_subjects
    assert float(share.mean()) == pytest.approx(float((f < lloq).mean()), abs=0.02)


def test_several_limits_and_rows_without_one_are_refused() -> None:
    study = simulated(5, lloq=1.0)
    table = study.table.copy()
    rows = table.index[table.EVID == 0]
    table.loc[rows[:6], "LLOQ"], table.loc[rows[6:12], "LLOQ"] = 0.5, np.nan
    mixed = dataclasses.replace(study, table=table)
    for check in (npde, vpc, predictive_pvalues):
        with pytest.raises(CheckError, match="has 2 limits"):
            check(truth(size=30), mixed, draws=30)


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
    with pytest.raises(CheckError, match="not the subjects of the fit"):
        predict(fit, study.only(["1", "2"]))


def test_the_marginal_likelihood_agrees_with_quadrature() -> None:
    study = simulated(8, lloq=1.0)
    rng = np.random.default_rng(0)
    seen = observed_study(truth(size=4), study, draws=4, rng=rng)
    found = marginal_log_likelihood(seen, proposals=400, rng=rng)
    table = study.table[study.table.EVID == 0]
    doses = study.table[study.table.EVID == 1].AMT.to_numpy()
    for s in (0, 1, 17):
        y = table.DV.to_numpy().reshape(SUBJECTS, -1)[s]

        def integrand(x: float, y=y, dose=doses[s]) -> float:
            f = dose / 20 * np.exp(-3 * np.exp(x) / 20 * TIMES)
            law = stats.norm(f, SIGMA * f)
            density = np.where(y < 1.0, law.logcdf(1.0), law.logpdf(y)).sum()
            return float(np.exp(density + stats.norm(0, OMEGA).logpdf(x)))

        wanted = np.log(integrate.quad(integrand, -2, 2, points=[0.0], limit=400)[0])
        assert np.abs(found.log_lik[:, s] - wanted).max() < 5 * found.error[:, s].max()
    assert found.error.max() < 0.1


def log_marginals(study: pq.Study, clearance: np.ndarray, omega: float) -> np.ndarray:
    """log p(y_s | CL), (CL, subjects), by sums over a fine grid of eta."""
    z = np.linspace(-6, 6, 601)
    y = study.table[study.table.EVID == 0].DV.to_numpy().reshape(SUBJECTS, -1)
    doses = study.table[study.table.EVID == 1].AMT.to_numpy()
    weight = stats.norm.logpdf(z) + np.log(z[1] - z[0])
    found = np.empty((clearance.size, SUBJECTS))
    for s in range(SUBJECTS):
        rate = clearance[:, None, None] * np.exp(omega * z)[:, None] / 20
        f = doses[s] / 20 * np.exp(-rate * TIMES)
        joint = stats.norm(f, SIGMA * f).logpdf(y[s]).sum(axis=2) + weight
        found[:, s] = special.logsumexp(joint, axis=1)
    return found


def known_but_for_cl(clearance: np.ndarray, omega: float) -> xr.DataTree:
    typical = {"CL": clearance, "V": np.full(clearance.size, 20.0)}
    return hand_made(MODEL, typical, omega={"CL": omega}, sigma={"cp": SIGMA})


@pytest.mark.parametrize("omega", [OMEGA, 0.05])
def test_leaving_out_subjects_is_that_of_quadrature(omega: float) -> None:
    study, rng = simulated(9), np.random.default_rng(9)
    grid = 3.0 * np.exp(np.linspace(-0.25, 0.25, 101))  # a flat prior of log CL
    log = log_marginals(study, grid, omega)
    total = log.sum(axis=1)
    share = special.softmax(total)
    without = special.softmax(total[:, None] - log, axis=0)
    wanted = special.logsumexp(log, axis=0, b=without)
    jitter = np.exp(0.005 * rng.uniform(-0.5, 0.5, 300))
    fit = known_but_for_cl(rng.choice(grid, 300, p=share) * jitter, omega)
    found = loo_subject(fit, study, draws=300, proposals=40)
    assert (found.pareto_k <= 0.7).all()
    assert found.elpd_i.to_numpy() == pytest.approx(wanted, abs=0.1)
    assert found.elpd == pytest.approx(wanted.sum(), abs=0.5)


def test_a_refit_replaces_the_subjects_that_weigh_too_much(
    caplog: pytest.LogCaptureFixture,
) -> None:
    study, rng = simulated(10), np.random.default_rng(2)
    fit = known_but_for_cl(3.0 * np.exp(0.5 * rng.normal(size=60)), OMEGA)
    called = []

    def refit(others: pq.Study) -> xr.DataTree:
        called.append(set(study.subjects) - set(others.subjects))
        return truth(size=20)

    with caplog.at_level(logging.WARNING):
        plain = loo_subject(fit, study, draws=60, proposals=20)
    high = (plain.pareto_k > 0.7).to_numpy()
    assert high.any()
    # no number where there is none, and what to do instead
    assert np.isnan(plain.elpd)
    assert (np.isnan(plain.elpd_i.to_numpy()) == high).all()
    assert "pass refit=" in caplog.text
    again = loo_subject(fit, study, draws=60, proposals=20, refit=refit)
    assert len(called) == high.sum()
    assert all(len(gone) == 1 for gone in called)
    assert (again.pareto_k <= 0.7).all()
    assert np.isfinite(again.elpd)


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
