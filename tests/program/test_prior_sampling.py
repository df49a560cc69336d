"""The program of the prior: its text, and its draws against the distributions stated."""

import cmdstanpy
import numpy as np
import pytest
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.library import names
from pkqsp_bayes.program.bind import BoundModel, bind_model
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.emit.stanc import check
from tests.program.features import EVERYTHING
from tests.program.studies import study_of


@pytest.mark.parametrize("name", names())
def test_stanc_accepts_without_warnings(name: str) -> None:
    model = pq.load_model(name)
    check(bind_model(model, study_of(model)).prior_program, "--allow-undefined")


def everything() -> BoundModel:
    model = parse_model(EVERYTHING.replace("half_normal(0.2)", "normal(0.1, 0.2)"))
    study = study_of(model, subjects=40)
    study.table["OCC"] = ["1" if t < 3 else "2" for t in study.table.TIME]
    return bind_model(model, study)


def test_every_variable_of_the_posterior_is_drawn() -> None:
    bound = everything()
    check(bound.prior_program, "--allow-undefined")
    assert "parameters {" not in bound.prior_program.replace("transformed parameters", "")
    quantities = bound.prior_program.partition("generated quantities {")[2]
    for name in bound.dims.keys() - {"lprior", "log_lik"}:
        assert f" {name};" in quantities or f" {name} =" in quantities, name


@pytest.fixture(scope="module")
def draws() -> cmdstanpy.CmdStanMCMC:
    bound = everything()
    program = load_program(bound.prior_program, user_header=bound.header)
    return program.sample(
        data=bound.plain_data(), fixed_param=True, chains=1, iter_sampling=2000, seed=1,
        show_progress=False,
    )  # fmt: skip


@pytest.mark.slow
def test_draws_are_of_the_prior(draws: cmdstanpy.CmdStanMCMC) -> None:
    expected = {
        "CL": stats.lognorm(0.5, scale=3),
        "beta__CL__CRP": stats.norm(-0.2, 0.1),
    }
    for name, law in expected.items():
        assert stats.kstest(draws.stan_variable(name), law.cdf).pvalue > 1e-3, name
    omega, sigma = draws.stan_variable("omega"), draws.stan_variable("sigma")
    assert stats.kstest(omega[:, 0], stats.halfnorm(scale=0.5).cdf).pvalue > 1e-3
    assert stats.kstest(omega[:, 1], stats.uniform(0.01, 1.99).cdf).pvalue > 1e-3
    assert (omega[:, 2] == 0.3).all()
    assert (sigma[:, 0] == 0.1).all()
    cut = stats.truncnorm(-0.5, np.inf, 0.1, 0.2)
    assert stats.kstest(draws.stan_variable("omega_iov")[:, 0], cut.cdf).pvalue > 1e-3


@pytest.mark.slow
def test_effects_follow_their_scales(draws: cmdstanpy.CmdStanMCMC) -> None:
    """Standardised, eta is normal, and correlated as drawn: V with CL, not with F."""
    eta, omega = draws.stan_variable("eta"), draws.stan_variable("omega")
    rho = draws.stan_variable("correlation_1")[:, 0, 1]
    z = eta / omega[:, None, :]
    assert stats.kstest(z[:, 0, 0], stats.norm.cdf).pvalue > 1e-3
    assert z.std(axis=(0, 1)) == pytest.approx(1, abs=0.02)
    rest = (z[:, :, 1] - rho[:, None] * z[:, :, 0]) / np.sqrt(1 - rho[:, None] ** 2)
    assert rest.std() == pytest.approx(1, abs=0.02)
    assert (rest * z[:, :, 0]).mean() == pytest.approx(0, abs=0.02)
    assert (z[:, :, 0] * z[:, :, 2]).mean() == pytest.approx(0, abs=0.02)
    # LKJ(3) of two effects: (rho + 1) / 2 is beta(3, 3).
    assert stats.kstest((rho + 1) / 2, stats.beta(3, 3).cdf).pvalue > 1e-3
    kappa = draws.stan_variable("kappa")
    assert kappa.shape == (2000, 40, 2, 3)
    scaled = kappa / draws.stan_variable("omega_iov")[:, None, None, :]
    assert scaled.std(axis=(0, 1, 2)) == pytest.approx(1, abs=0.02)


@pytest.mark.slow
def test_replicates_spread_around_predictions(draws: cmdstanpy.CmdStanMCMC) -> None:
    prediction, sigma = draws.stan_variable("prediction"), draws.stan_variable("sigma")
    sd = np.hypot(sigma[:, :1], sigma[:, 1:] * prediction)
    standard = (draws.stan_variable("replicate") - prediction) / sd
    assert np.nanstd(standard) == pytest.approx(1, abs=0.02)
    assert np.isfinite(prediction).mean() > 0.99
