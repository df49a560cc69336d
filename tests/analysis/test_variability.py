"""The variance budget against closed forms, its own sum, and its limits."""

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.uncertainty.by_parameter import parameter_shares
from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
from pkqsp_bayes.analysis.uncertainty.moments import between, within
from pkqsp_bayes.analysis.uncertainty.variance_budget import variance_budget
from pkqsp_bayes.errors import CheckError
from tests.analysis.posteriors import hand_made

# log f = log(dose) - log V - k t: linear in every random quantity.
MODEL = """
title = "log-linear"
[covariates]
WT = { unit = "kg", reference = 70 }
[equations]
text = "d(A)/dt = -k * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "k * A"
[dose.iv]
to = "A"
[population.V]
typical = "lognormal(log(20), 0.2)"
unit = "L"
iiv = "lognormal"
covariates = { WT = "power(1, 70)" }
[population.k]
typical = "normal(0.2, 0.02)"
unit = "1/h"
iiv = "normal"
[observe.cp]
value = "A / V"
unit = "mg/L"
error = "lognormal"
"""
TIMES = np.array([0.5, 2.0, 6.0, 12.0])
DOSE = pq.Dose(amount=100, to="iv")


def posterior(*, tau=(0.1, 0.01), omega=(0.3, 0.02), sigma=0.2, size=4000) -> xr.DataTree:
    """Independent normal draws of log V and k with SDs tau."""
    rng = np.random.default_rng(7)
    typical = {
        "V": 20 * np.exp(tau[0] * rng.normal(size=size)),
        "k": 0.2 + tau[1] * rng.normal(size=size),
    }
    return hand_made(MODEL, typical, omega={"V": omega[0], "k": omega[1]}, sigma={"cp": sigma})


def closed_form(tau, omega, sigma) -> dict[str, dict[str, np.ndarray]]:
    s2 = omega[0] ** 2 + TIMES**2 * omega[1] ** 2
    t2 = tau[0] ** 2 + TIMES**2 * tau[1] ** 2
    mean = np.log(100 / 20) - 0.2 * TIMES
    log = {"between_subject": s2, "parameter": t2, "residual": sigma**2 + 0 * TIMES}
    # moments of log-normal variables, one within the other; E(y | f) = f exp(sigma^2 / 2)
    shift = mean + sigma**2 / 2
    natural = {
        "between_subject": np.expm1(s2) * np.exp(s2 + 2 * shift + 2 * t2),
        "parameter": np.exp(s2) * np.expm1(t2) * np.exp(2 * shift + t2),
        "residual": np.expm1(sigma**2) * np.exp(2 * shift + 2 * s2 + 2 * t2),
    }
    return {"log": log, "natural": natural}


def test_all_three_parts_agree_with_closed_forms() -> None:
    tau, omega, sigma = (0.1, 0.01), (0.3, 0.02), 0.2
    tree = posterior(tau=tau, omega=omega, sigma=sigma)
    budget = variance_budget(
        tree, output="cp", times=TIMES, regimen=DOSE, outer=1500, inner=60, seed=3
    )
    for scale, parts in closed_form(tau, omega, sigma).items():
        for component, wanted in parts.items():
            found = budget.sel(scale=scale, view="observed", component=component)
            z = (found.variance - wanted) / np.maximum(found.error, 1e-12 * wanted)
            assert np.abs(z).max() < 4, (scale, component, z.values)
            assert found.variance.values == pytest.approx(wanted, rel=0.25)
    observed = budget.sel(view="observed")
    # 16 closures; independent standard normals stay within 4
    assert np.abs(observed.closure).max() < 4
    parts = observed.variance.drop_sel(component="total").sum("component")
    assert parts.values == pytest.approx(observed.variance.sel(component="total").values)
    assert budget.attrs["failed_draws"] == 0


def test_the_latent_view_has_no_noise_and_the_log_scale_is_first_order_exactly() -> None:
    budget = variance_budget(
        posterior(), output="cp", times=TIMES, regimen=DOSE, outer=800, inner=50
    )
    latent = budget.sel(view="latent")
    assert np.all(latent.variance.sel(component="residual") == 0)
    log = budget.sel(scale="log", view="observed", component=["between_subject", "parameter"])
    # linear on the log scale: first order is the truth, Monte Carlo within its error
    z = (log.variance - log.first_order) / log.error
    assert np.abs(z).max() < 4.5


def test_effects_and_parameters_get_their_own_shares() -> None:
    budget = variance_budget(
        posterior(), output="cp", times=TIMES, regimen=DOSE, outer=800, inner=50
    )
    log = budget.sel(scale="log")
    wanted = np.array([0.3**2 + 0 * TIMES, TIMES**2 * 0.02**2])
    for index in ("first", "total"):
        found = log.by_effect.sel(index=index, effect=["eta[V]", "eta[k]"])
        z = (found - wanted) / log.by_effect_error.sel(index=index, effect=["eta[V]", "eta[k]"])
        assert np.abs(z).max() < 4.5
    share = 0.1**2 / (0.1**2 + TIMES**2 * 0.01**2)
    for index in ("first", "weight"):
        found = log.by_parameter.sel(share_index=index, parameter="V")
        assert found.values == pytest.approx(share, abs=0.08)
    assert log.linear_r2.values == pytest.approx(1, abs=0.05)


def test_first_order_agrees_in_the_limit_and_parts_as_omega_grows() -> None:
    ratios = []
    for omega in (0.01, 0.3, 0.9):
        tree = posterior(tau=(1e-3, 1e-5), omega=(omega, 1e-6))
        budget = variance_budget(
            tree, output="cp", times=TIMES[:2], regimen=DOSE, outer=60, inner=800, seed=5
        )
        found = budget.sel(scale="natural", view="latent", component="between_subject")
        ratios.append(float(found.first_order_ratio[0]))
        # omega^2 / ((exp(omega^2) - 1) exp(omega^2)) is the ratio of the closed forms
        truth = omega**2 / (np.expm1(omega**2) * np.exp(omega**2))
        assert ratios[-1] == pytest.approx(truth, rel=0.15)
    assert abs(ratios[0] - 1) < 0.05
    assert ratios[2] < 0.45


def test_derived_endpoints() -> None:
    tree = posterior(tau=(0.1, 1e-6), omega=(0.3, 1e-6))
    times = np.linspace(0.001, 60, 400)
    auc = variance_budget(
        tree, output="cp", times=times, regimen=DOSE, endpoint=Endpoint(kind="AUC"),
        outer=400, inner=40,
    )  # fmt: skip
    assert auc.attrs["unit"] == "mg/L*h"
    assert list(auc.view.values) == ["latent"]
    log = auc.sel(scale="log", view="latent")
    # AUC = dose / (V k): log AUC varies as log V does
    for component, wanted in (("between_subject", 0.09), ("parameter", 0.01)):
        part = log.sel(component=component)
        assert abs(float(part.variance) - wanted) < 4 * float(part.error)
        assert float(part.first_order) == pytest.approx(wanted, rel=0.03)
    assert float(auc.typical.sel(scale="natural")) == pytest.approx(100 / (20 * 0.2), rel=0.01)


def test_the_covariate_setting_counts() -> None:
    tree, given = posterior(), {"output": "cp", "times": TIMES, "regimen": DOSE, "outer": 20}
    light = variance_budget(tree, **given, covariates={"WT": 35.0})
    normal = variance_budget(tree, **given)
    ratio = (light.typical / normal.typical).sel(scale="natural")
    assert ratio.values == pytest.approx(2.0)


def test_the_same_seed_gives_the_same_budget() -> None:
    tree, given = posterior(), {"output": "cp", "times": TIMES, "regimen": DOSE, "outer": 30}
    first = variance_budget(tree, **given, seed=9)
    xr.testing.assert_identical(first, variance_budget(tree, **given, seed=9))
    assert not first.variance.equals(variance_budget(tree, **given, seed=10).variance)


def test_all_that_is_wrong_is_reported_at_once() -> None:
    with pytest.raises(CheckError) as caught:
        variance_budget(
            posterior(), output="cq", times=[1.0], regimen=DOSE, covariates={"AGE": 3.0}
        )
    assert {issue.where for issue in caught.value.issues} == {"output", "times", "covariates.AGE"}


def test_between_takes_off_what_subjects_add() -> None:
    rng = np.random.default_rng(11)
    values = 0.5 * rng.normal(size=(3000, 1, 1)) + 2 * rng.normal(size=(3000, 4, 1))
    found, raw = between(values), values.mean(axis=1).var(axis=0, ddof=1)
    assert abs(found.value[0] - 0.25) < 4 * found.error[0]
    assert raw[0] > 1.0  # what it would be without
    assert abs(within(values).value[0] - 4) < 4 * within(values).error[0]
    # the jackknife agrees with the spread of repetitions
    again = [between(0.5 * rng.normal(size=(300, 1, 1)) + 2 * rng.normal(size=(300, 4, 1)))
             for _ in range(200)]  # fmt: skip
    spread = np.std([e.value[0] for e in again])
    assert np.mean([e.error[0] for e in again]) == pytest.approx(spread, rel=0.2)


def test_weights_add_up_to_the_explained_variance_of_correlated_parameters() -> None:
    from pkqsp_bayes.analysis.population_draws import population_draws
    from pkqsp_bayes.spec.reading.toml import parse_model

    rng = np.random.default_rng(13)
    shared = rng.normal(size=3000)
    typical = {
        "V": np.exp(0.1 * (shared + 0.5 * rng.normal(size=3000))),
        "k": 0.2 + 0.01 * (shared + 0.5 * rng.normal(size=3000)),
    }
    tree = hand_made(MODEL, typical, omega={"V": 0.3, "k": 0.1}, sigma={"cp": 0.2})
    draws = population_draws(parse_model(MODEL), tree["posterior"].to_dataset())
    g = np.log(draws.shared["V"])[:, None] + 0.0 * draws.shared["k"][:, None]
    shares = parameter_shares(draws, g)
    assert shares.names == ("V", "k")
    assert shares.weight.sum(axis=0) == pytest.approx(shares.r2)
    assert shares.r2[0] == pytest.approx(1, abs=0.02)
    # k carries nothing itself, but knowing it tells of V
    assert shares.first[1, 0] == pytest.approx(
        np.corrcoef(np.log(typical["V"]), typical["k"])[0, 1] ** 2, abs=0.05
    )


@pytest.mark.parametrize(
    ("form", "sigma"),
    [
        ("additive", {"cp": 0.05}),
        ("combined", {"cp.additive": 0.05, "cp.proportional": 0.1}),
        ("power", {"cp": 0.05, "cp.exponent": 0.5}),
        ("student_t", {"cp": 0.05, "cp.df": 5.0}),
    ],
)
def test_what_may_be_negative_has_no_budget_of_its_logarithm(form: str, sigma: dict) -> None:
    model = MODEL.replace('error = "lognormal"', f'error = "{form}"')
    named = {("cp.sigma" if k == "cp" and len(sigma) > 1 else k): v for k, v in sigma.items()}
    rng = np.random.default_rng(7)
    typical = {"V": 20 * np.exp(0.1 * rng.normal(size=60)), "k": 0.2 + 0.01 * rng.normal(size=60)}
    tree = hand_made(model, typical, omega={"V": 0.3, "k": 0.02}, sigma=named)
    budget = variance_budget(tree, output="cp", times=TIMES, regimen=DOSE, outer=30, inner=20).sel(
        scale="log"
    )
    observed, latent = budget.sel(view="observed"), budget.sel(view="latent")
    for name in ("variance", "share", "closure", "mean"):
        assert observed[name].isnull().all(), name
    assert latent.share.notnull().all()
    assert np.abs(latent.closure).max() < 5


def test_a_proportional_error_has_one_to_first_order_without_a_closure() -> None:
    rng = np.random.default_rng(7)
    typical = {"V": 20 * np.exp(0.1 * rng.normal(size=60)), "k": np.full(60, 0.2)}
    model = MODEL.replace('error = "lognormal"', 'error = "proportional"')
    tree = hand_made(model, typical, omega={"V": 0.3, "k": 0.02}, sigma={"cp": 0.1})
    budget = variance_budget(tree, output="cp", times=TIMES, regimen=DOSE, outer=30, inner=20)
    log = budget.sel(scale="log", view="observed")
    assert log.variance.sel(component="residual").values == pytest.approx(0.01)
    assert log.closure.isnull().all()
    assert budget.sel(scale="natural", view="observed").closure.notnull().all()
