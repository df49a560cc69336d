"""Fits of few draws: a clear minimum, never an error of a library."""

import json
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.likelihood.psis import smoothed_weights
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.analysis.posteriors import hand_made
from tests.fitting.conftest import TEXT

DOSE = {"output": "cp", "times": [1.0, 2.0], "regimen": pq.Dose(amount=100)}
OTHER = pq.parse_priors('[priors.CL]\nprior = "lognormal(log(4), 0.5)"')


def observed() -> pq.Study:
    made = pq.regimen(pq.Dose(amount=100), [1.0, 2.0, 4.0], subjects=2)
    table = made.table.assign(MDV=(made.table.EVID != 0).astype(int))
    return pq.Study(table=table.assign(DV=np.where(table.EVID == 0, 3.0 - table.TIME / 5, np.nan)))


def short(size: int) -> xr.DataTree:
    """A fit of one chain, with everything that diagnostics ask for."""
    rng = np.random.default_rng(size)
    typical = {n: v * np.exp(0.1 * rng.normal(size=size)) for n, v in (("CL", 3), ("V", 30))}
    tree = hand_made(
        TEXT, typical, omega={"CL": 0.3 + 0.1 * rng.random(size)},
        sigma={"cp": 0.1 + 0.1 * rng.random(size)}, eta=0.1 * rng.normal(size=(size, 2, 1)),
        subjects=("1", "2"),
    )  # fmt: skip
    drawn = ("chain", "draw")
    tree["log_likelihood"] = xr.DataTree(
        xr.Dataset({"DV": ((*drawn, "observation"), rng.normal(size=(1, size, 6)))})
    )
    tree["log_prior"] = xr.DataTree(xr.Dataset({"lprior": (drawn, rng.normal(size=(1, size)))}))
    stats = {"diverging": np.zeros((1, size)), "energy": rng.normal(size=(1, size))}
    tree["sample_stats"] = xr.DataTree(xr.Dataset({n: (drawn, v) for n, v in stats.items()}))
    tree.attrs["settings"] = json.dumps({"draws": size})
    return tree


ANY: dict[str, Callable[[xr.DataTree], object]] = {
    "diagnose": pq.diagnose,
    "summary_table": pq.summary_table,
    "check_solver": lambda f: pq.check_solver(f, observed()),
    "prior_posterior": lambda f: pq.prior_posterior(f, observed()),
    "compare_priors": lambda f: pq.compare_priors(f, observed(), {"other": OTHER}),
    "npde": lambda f: pq.npde(f, observed()),
    "vpc": lambda f: pq.vpc(f, observed(), bins=2),
    "predict": lambda f: pq.predict(f, observed()),
    "predictive_pvalues": lambda f: pq.predictive_pvalues(f, observed()),
    "individualise": lambda f: pq.individualise(f, observed()),
    "validate": lambda f: pq.validate(f, observed(), bins=2),
    "intervene": lambda f: pq.intervene(f, {"CL": 3.0}, subjects=4, **DOSE),
    "variance_budget": lambda f: pq.variance_budget(f, outer=10, inner=10, **DOSE),
    "derived_parameters": lambda f: pq.derived_parameters(f, dose=DOSE["regimen"], subjects=2),
    "identifiability": lambda f: pq.identifiability(parse_model(TEXT), observed(), f, starts=0),
    "loo": pq.loo,
    "loo_subject": lambda f: pq.loo_subject(f, observed()),
}


@pytest.mark.parametrize("name", ANY)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 20])
def test_few_draws_give_an_answer_or_say_that_they_are_few(name: str, size: int) -> None:
    if name in ("loo", "loo_subject"):
        with pytest.raises(pq.CheckError, match=f"it has {size} draws?, too few"):
            ANY[name](short(size))
    elif name == "variance_budget" and size < 10:
        with pytest.raises(pq.CheckError, match="at least 10"):
            ANY[name](short(size))
    else:
        assert ANY[name](short(size)) is not None


def test_few_draws_are_an_issue_of_the_solver_check() -> None:
    (issue,) = pq.check_solver(short(20), observed()).issues
    assert "20 draws are too few" in issue.what
    assert pq.check_solver(short(25), observed()).issues == []


@pytest.mark.parametrize("draws", [2, np.int64(2), 24])
def test_a_minimum_of_draws(draws: int) -> None:
    for asked in (pq.loo_subject, pq.check_solver):
        with pytest.raises(pq.CheckError, match="from 25 to"):
            asked(short(60), observed(), draws=draws)
    assert pq.loo_subject(short(60), observed(), draws=np.int64(25), proposals=5).n_samples == 25


def test_priors_that_few_draws_cannot_be_weighted_for_have_no_numbers() -> None:
    found = pq.compare_priors(short(20), observed(), {"other": OTHER})
    assert found.method.values.tolist() == ["fitted", "none"]
    assert np.isnan(found["mean"].sel(prior="other")).all()


def test_draws_that_are_all_the_same_are_refused() -> None:
    stuck = short(60)
    posterior = stuck["posterior"].to_dataset()
    stuck["posterior"] = xr.DataTree(posterior.map(lambda v: v.isel(draw=[0] * 60)))
    stuck["log_likelihood"] = xr.DataTree(stuck["log_likelihood"].to_dataset() * 0)
    for asked in (lambda: pq.loo(stuck), lambda: pq.loo_subject(stuck, observed())):
        with pytest.raises(pq.CheckError, match="all its draws are the same"):
            asked()


def test_weights_of_a_known_tail() -> None:
    """Log ratios of a standard exponential: the ratios are Pareto with shape 0.5 of 1 / 0.5."""
    ratio = 0.5 * np.random.default_rng(3).exponential(size=100_000)
    weights, k_hat = smoothed_weights(ratio)
    assert k_hat == pytest.approx(0.5, abs=0.1)
    assert weights.sum() == pytest.approx(1)
    assert smoothed_weights(np.array([np.nan, -np.inf]))[1] == np.inf


def test_nothing_given_is_no_question(caplog: pytest.LogCaptureFixture) -> None:
    none = DOSE | {"regimen": []}
    with pytest.raises(pq.CheckError, match="cp is 0 in all subjects at all times"):
        pq.intervene(short(30), {"CL": 3.0}, subjects=4, **none)
    with pytest.raises(pq.CheckError, match="cp is 0 in all subjects at all times"):
        pq.variance_budget(short(30), outer=10, inner=10, **none)
    change = {"dose": pq.Dose(amount=100)}
    found = pq.intervene(short(30), change, subjects=4, **none)
    assert (found.trajectory.sel(arm="counterfactual", statistic="median") > 0).all()
    pq.intervene(short(30), {"dose": pq.Dose(amount=100)}, subjects=4, **DOSE)
    assert "does not change cp" in caplog.text
