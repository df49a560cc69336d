"""Joint priors and mixtures in the program: text, log density against SciPy, draws."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import pkqsp_bayes as pq
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from pkqsp_bayes.program.priors.joint_priors import joint_fragment
from pkqsp_bayes.program.program_inits import unconstrained_point
from pkqsp_bayes.spec.prior_table import parse_priors
from pkqsp_bayes.spec.priors.apply_priors import apply_priors
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from tests.emit.stanc import check
from tests.program.studies import observed

MODEL = """
title = "joint prior"
covariates = { SEX = { category = true, levels = { female = 1, male = 2 } } }
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population.CL]
typical = "from_qsp"
value = 3
unit = "L/h"
iiv = "lognormal"
upper = 12
covariates = { SEX = "categorical(male = from_qsp)" }
[population.V]
typical = "lognormal(log(20), 0.5)"
unit = "L"
[population.omega]
CL = "from_qsp"
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "additive", sigma = "half_normal(1)" }
"""
TABLE = """
[priors.V]
prior = "gamma(9, 0.5)"
discount = 0.5
weight = 0.7
vague = "lognormal(log(15), 1)"
[priors."sigma[cp]"]
prior = "half_normal(0.4)"
weight = 0.6
vague = "half_cauchy(1)"
[joint.genotype]
targets = ["CL", "beta[CL,SEX,male]", "omega[CL]"]
scales = ["log", "identity", "log"]
mean = [1.0, -0.4, -1.2]
sd = [0.2, 0.3, 0.25]
correlation = [[1.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 1.0]]
weight = 0.8
vague_sd = [1.0, 1.5, 0.7]
discount = 0.5
"""
TIMES = np.array([1.0, 3.0, 8.0])
SEXES = np.array([1.0, 2.0, 2.0])
MEAN, SD = np.array([1.0, -0.4, -1.2]), np.array([0.2, 0.3, 0.25])
CORRELATION = np.array([[1.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 1.0]])
INFORMATIVE = stats.multivariate_normal(MEAN, np.outer(SD, SD) * CORRELATION / 0.5)
VAGUE = stats.multivariate_normal(MEAN, np.diag([1.0, 1.5**2, 0.7**2]))
VALUES = np.array([4.0, 3.0, 1.4, 3.9, 3.3, 2.0, 4.4, 3.5, 2.2])


def bound_model(text: str) -> BoundModel:
    design = pq.regimen(pq.Dose(amount=100), TIMES, subjects=3, covariates={"SEX": SEXES})
    study = observed(design, VALUES)
    study.table["DVID"] = np.where(study.table.EVID == 0, "cp", "")
    model = apply_priors(parse_model(text), parse_priors(TABLE))
    return bind_model(model, study, options=BindOptions(centred={"CL": False}))


@pytest.fixture(scope="module")
def bound() -> BoundModel:
    return bound_model(MODEL)


def by_hand(point: NDArray[np.float64]) -> float:
    """Log density of an unconstrained point: CL below 12, beta, V, omega, z, sigma in its order."""
    order = ("CL", "V", "beta", "omega", "z1", "z2", "z3", "sigma")
    free = dict(zip(order, point, strict=True))
    share = 1 / (1 + np.exp(-free["CL"]))
    clearance, beta = 12 * share, free["beta"]
    volume, omega, sigma = (np.exp(free[name]) for name in ("V", "omega", "sigma"))
    total = np.log(12 * share * (1 - share)) + free["V"] + free["omega"] + free["sigma"]
    u = np.array([np.log(clearance), beta, np.log(omega)])
    total += np.log(0.8 * INFORMATIVE.pdf(u) + 0.2 * VAGUE.pdf(u)) - u[0] - u[2]
    # A gamma(9, 0.5) to the power 0.5 is a gamma(5, 0.25).
    total += np.log(
        0.7 * stats.gamma.pdf(volume, 5, scale=4) + 0.3 * stats.lognorm.pdf(volume, 1, scale=15)
    )
    total += np.log(0.6 * stats.halfnorm.pdf(sigma, scale=0.4) + 0.4 * stats.halfcauchy.pdf(sigma))
    z = np.array([free["z1"], free["z2"], free["z3"]])
    total += stats.norm.logpdf(z).sum()
    individual = clearance * np.exp(beta * (SEXES == 2) + omega * z)
    predicted = 100 / volume * np.exp(-np.outer(individual / volume, TIMES))
    return float(total + stats.norm.logpdf(VALUES.reshape(3, 3), predicted, sigma).sum())


def test_the_joint_prior_is_stated_once(bound: BoundModel) -> None:
    free = bound_model(MODEL.replace("upper = 12", ""))  # stanc advises against such bounds
    check(free.program, "--allow-undefined")
    check(free.prior_program, "--allow-undefined")
    text = "joint__1_density([log(CL), beta__CL__SEX__1, log(omega[1])]') - log(CL) - log(omega[1])"
    assert bound.program.count(text) == 1
    for alone in ("lognormal_lpdf(CL", "normal_lpdf(beta", "lognormal_lpdf(omega"):
        assert alone not in bound.program
    assert "real prior__CL(real CL, real beta__CL__SEX__1, vector omega)" in bound.program


def test_log_density_and_gradient_are_those_computed_by_hand(bound: BoundModel) -> None:
    centre = unconstrained_point(bound.inits)
    assert list(bound.inits) == ["CL", "V", "beta__CL__SEX__1", "omega", "z", "sigma"]
    points = centre + 0.4 * np.random.default_rng(3).normal(size=(6, centre.size))
    values, gradients = log_density(bound, points)
    expected = np.array([by_hand(point) for point in points])
    np.testing.assert_allclose(np.diff(values), np.diff(expected), rtol=1e-5, atol=1e-4)
    step = 1e-5 * np.eye(centre.size)
    slopes = [(by_hand(points[0] + h) - by_hand(points[0] - h)) / 2e-5 for h in step]
    np.testing.assert_allclose(gradients[0], slopes, rtol=1e-3, atol=1e-3)


def test_a_target_without_use_is_refused() -> None:
    model = apply_priors(parse_model(MODEL), parse_priors(TABLE))
    with pytest.raises(pq.CheckError, match=r"omega\[CL\] is not a fitted parameter"):
        joint_fragment(model, {})


def test_the_model_file_keeps_all_of_it() -> None:
    model = apply_priors(parse_model(MODEL), parse_priors(TABLE))
    assert parse_model(format_model(model)) == model
    assert dataclasses.replace(model, joint_prior={}) != model


@pytest.mark.slow  # a program of its own
def test_draws_are_from_the_joint_prior(bound: BoundModel) -> None:
    program = load_program(bound.prior_program, user_header=bound.header)
    drawn = program.sample(
        data=bound.plain_data(), fixed_param=True, chains=1, iter_sampling=20_000, seed=1,
        show_progress=False,
    )  # fmt: skip
    clearance, beta = (drawn.stan_variable(name) for name in ("CL", "beta__CL__SEX__1"))
    assert clearance.max() < 12
    u = np.stack([np.log(clearance), beta, np.log(drawn.stan_variable("omega")[:, 0])])
    rng = np.random.default_rng(1)
    exact = np.where(
        rng.random(200_000)[:, None] < 0.8,
        INFORMATIVE.rvs(200_000, random_state=rng),
        VAGUE.rvs(200_000, random_state=rng),
    )
    exact = exact[exact[:, 0] < np.log(12)]
    for mine, other in zip(u, exact.T, strict=True):
        assert stats.ks_2samp(mine, other).pvalue > 1e-3
    np.testing.assert_allclose(np.corrcoef(u), np.corrcoef(exact.T), atol=0.04)
    volume, sigma = drawn.stan_variable("V"), drawn.stan_variable("sigma")[:, 0]
    wide = stats.lognorm(1, scale=15)
    mixed = 0.7 * stats.gamma.cdf(volume, 5, scale=4) + 0.3 * wide.cdf(volume)
    assert stats.kstest(mixed, "uniform").pvalue > 1e-3
    mixed = 0.6 * stats.halfnorm.cdf(sigma, scale=0.4) + 0.4 * stats.halfcauchy.cdf(sigma)
    assert stats.kstest(mixed, "uniform").pvalue > 1e-3
