"""Several priors on one study: weights against closed forms, and against fits of their own."""

import json
import logging
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.uncertainty.compare_priors import _log_prior
from pkqsp_bayes.likelihood.prior_density import stated_density
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.analysis.posteriors import hand_made
from tests.analysis.priors.test_density import MODEL
from tests.analysis.priors.test_density import study as tiny_study
from tests.fitting.conftest import SETTINGS

SEEN, ERROR = 1.4, 0.3
"""What the data say of log CL: normal, beside the prior's normal(log 3, 0.5)."""


def conjugate(size: int = 20_000) -> xr.DataTree:
    """A posterior with known marginals: the data have information on CL only."""
    rng = np.random.default_rng(8)
    precision = 1 / 0.5**2 + 1 / ERROR**2
    mean = (math.log(3) / 0.5**2 + SEEN / ERROR**2) / precision
    typical = {
        "CL": np.exp(rng.normal(mean, precision**-0.5, size)),
        "V": stats.truncnorm.rvs(-1.25, np.inf, 30, 20, size, random_state=rng),
        "beta[CL,WT]": rng.normal(0.75, 0.2, size),
    }
    omega = {
        "CL": abs(rng.normal(0, 0.5, size)),
        "V": stats.truncnorm.rvs(-1, np.inf, 0.3, 0.3, size, random_state=rng),
    }
    sigma = {"cp": abs(0.5 * rng.standard_cauchy(size))}
    return hand_made(MODEL, typical, omega=omega, sigma=sigma)


def prior_of(name: str, prior: str) -> pq.PriorTable:
    return pq.parse_priors(f'[priors."{name}"]\nprior = "{prior}"')


def test_weights_and_bayes_factor_are_those_of_conjugate_priors() -> None:
    found = pq.compare_priors(
        conjugate(), tiny_study(), {"other": prior_of("CL", "lognormal(1.6, 0.4)")}
    )
    one = found.sel(prior="other")
    assert one.method.item() == "weighted"
    precision = 1 / 0.4**2 + 1 / ERROR**2
    mean, variance = (1.6 / 0.4**2 + SEEN / ERROR**2) / precision, 1 / precision
    told = one.sel(parameter="CL")
    assert float(told["mean"]) == pytest.approx(math.exp(mean + variance / 2), rel=0.01)
    assert float(told.q95) == pytest.approx(math.exp(mean + 1.645 * variance**0.5), rel=0.02)
    exact = stats.norm.logpdf(SEEN, 1.6, math.hypot(0.4, ERROR))
    exact -= stats.norm.logpdf(SEEN, math.log(3), math.hypot(0.5, ERROR))
    gap = abs(float(one.log_bayes_factor) - exact)
    assert gap < 4 * float(one.log_bayes_factor_error) < 0.05
    base = found.sel(prior="as fitted", parameter="CL")
    assert float(told["shift"]) == pytest.approx(float((told["mean"] - base["mean"]) / base.sd))


def test_the_same_prior_changes_nothing() -> None:
    same = prior_of("CL", "lognormal(log(3), 0.5)")
    found = pq.compare_priors(conjugate(500), tiny_study(), {"same": same})
    np.testing.assert_allclose(found["shift"], 0, atol=1e-10)
    assert float(found.log_bayes_factor.sel(prior="same")) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "prior"), [("V", "lognormal(log(60), 0.02)"), ("beta[CL,WT]", "normal(0.75, 5)")]
)
def test_weights_that_will_not_do_are_refused(
    name: str, prior: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A prior far from the draws, and one with tails that they lack."""
    with caplog.at_level(logging.WARNING):
        found = pq.compare_priors(conjugate(500), tiny_study(), {"far": prior_of(name, prior)})
    far = found.sel(prior="far")
    assert far.method.item() == "none"
    assert float(far.pareto_k) > 0.7
    assert far["mean"].isnull().all()
    assert "give a folder to fit it" in caplog.text


def test_a_prior_that_allows_more_than_the_fit_cannot_be_weighed() -> None:
    """Its draws tell nothing of values that the prior of the fit forbids."""
    narrow = MODEL.replace("normal(30, 20)", "uniform(10, 60)")
    fit = conjugate(500)
    fit.attrs["model"] = format_model(parse_model(narrow))
    found = pq.compare_priors(fit, tiny_study(), {"wide": prior_of("V", "normal(30, 20)")})
    assert found.method.values.tolist() == ["fitted", "none"]
    assert found.pareto_k.values.tolist() == [0, np.inf]


def test_every_bad_table_is_told_at_once(model: pq.ModelSpec, study: pq.Study) -> None:
    bad = {"one": prior_of("CLX", "normal(0, 1)"), "two": prior_of("omega[Q]", "normal(0, 1)")}
    with pytest.raises(pq.CheckError) as error:
        pq.compare_priors(conjugate(100), tiny_study(), {**bad, "as fitted": pq.PriorTable()})
    text = str(error.value)
    assert "one: priors.CLX" in text
    assert "two: priors.omega[Q]" in text
    assert "this is the name of the fitted priors" in text


def test_the_density_is_that_of_the_program(
    done: tuple[Path, xr.DataTree], model: pq.ModelSpec, study: pq.Study
) -> None:
    """Stan leaves out constants: the two differ by one."""
    fit = done[1]
    found = _log_prior(stated_density(model, study), fit["posterior"].to_dataset())
    gap = found - fit["log_prior"].lprior.values.ravel()
    np.testing.assert_allclose(gap, gap[0], atol=1e-6)


def test_prior_beside_posterior(done: tuple[Path, xr.DataTree], study: pq.Study) -> None:
    table = pq.prior_posterior(done[1], study, truth={"CL": 4.0})
    assert list(table.index) == ["CL", "V", "omega[CL]", "sigma[cp]"]
    assert table.prior["omega[CL]"] == "half_normal(0.5)"
    assert table.prior_q50["CL"] == pytest.approx(3.0)
    assert (table.contraction > 0.5).all()
    assert abs(table.z["CL"]) < 3
    assert table.prior_sensitivity.notna().all()


@pytest.mark.slow
def test_weights_are_those_of_a_fit(
    done: tuple[Path, xr.DataTree], study: pq.Study, tmp_path: Path
) -> None:
    """A narrow prior by weights and by a fit of its own; a contradictory one is fitted."""
    narrow, far = prior_of("CL", "lognormal(log(3.8), 0.1)"), prior_of("V", "lognormal(4.5, 0.02)")
    found = pq.compare_priors(
        done[1], study, {"narrow": narrow, "far": far}, folder=tmp_path, settings=SETTINGS
    )
    assert found.method.values.tolist() == ["fitted", "weighted", "refitted"]
    model = pq.load_model(tmp_path / "far" / "model.toml")
    assert "4.5" in str(model.population.parameters["V"].typical)
    own = pq.fit(
        pq.apply_priors(pq.load_model(done[0] / "model.toml"), narrow), study, tmp_path / "own",
        settings=SETTINGS,
    )  # fmt: skip
    summary = pq.summary_table(own)
    by_weight = found.sel(prior="narrow")
    for label in ("CL", "V", "omega[CL]", "sigma[cp]"):
        gap = float(by_weight["mean"].sel(parameter=label)) - summary.loc[label, "mean"]
        assert abs(gap) < 0.25 * summary.loc[label, "sd"]
    assert float(found["mean"].sel(prior="far", parameter="V")) > 60
    assert json.loads(done[1].attrs["settings"])["seed"] == SETTINGS.seed
