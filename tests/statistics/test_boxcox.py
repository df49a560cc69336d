"""Box-Cox random effects in every place where a form matters, against closed forms.

log P = log TV + b, b = (exp(lambda eta) - 1) / lambda: 1 + lambda b is log-normal, so that b has
the mean (m - 1) / lambda and the variance m^2 (m^2 - 1) / lambda^2, m = exp(lambda^2 omega^2 / 2).
"""

import itertools

import numpy as np
import pytest
import sympy as sp
import xarray as xr
from scipy import integrate, stats

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.population_draws import population_draws
from pkqsp_bayes.fitting.results.fitted_model import read_spec
from pkqsp_bayes.fitting.results.quantities import labelled_draws
from pkqsp_bayes.likelihood.stated_priors import stated_priors
from pkqsp_bayes.likelihood.study_simulator import study_simulator
from pkqsp_bayes.ode.components.ops import SYMPY
from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.program.bind import BindOptions, bind_model
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.spec.prior_table import parse_priors
from pkqsp_bayes.spec.priors.addresses import stated_values, with_values
from pkqsp_bayes.spec.reading.toml import format_model, parse_model
from pkqsp_bayes.statistics import RANDOM_EFFECTS
from pkqsp_bayes.statistics.random_effect import Setting
from tests.analysis.posteriors import hand_made
from tests.emit.stanc import check
from tests.program.studies import study_of

FORM = RANDOM_EFFECTS["boxcox"]
MODEL = """
title = "skewed"
[covariates]
WT = { unit = "kg", reference = 70 }
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
iiv = "boxcox"
shape = "normal(0, 0.5)"
covariates = { WT = "power(0.75)" }
[population.V]
typical = 20.0
unit = "L"
[observe.cp]
value = "A / V"
unit = "mg/L"
error = "proportional"
[observe.clearance]
value = "CL"
unit = "L/h"
"""
WITH_OCCASIONS = MODEL.replace('iiv = "boxcox"', 'iiv = "boxcox"\niov = "boxcox"')
OMEGA, OMEGA_IOV, SHAPES = 0.4, 0.3, np.repeat([-0.5, 0.8], 40)
TIMES = np.array([1.0, 5.0])
DOSE = pq.Dose(amount=100.0, to="iv")


def transformed(eta: np.ndarray, shape: np.ndarray) -> np.ndarray:
    return np.asarray((np.exp(eta) ** shape - 1) / shape)


def posterior(model: str = MODEL, **more: dict[str, float]) -> xr.DataTree:
    typical = {"CL": np.full(80, 3.0), "shape[CL]": SHAPES}
    return hand_made(model, typical, omega={"CL": OMEGA}, sigma={"cp": 0.1}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [-1.0, -0.01, 0.3, 1.0])
def test_draws_have_the_distribution_of_the_transformed_effect(shape: float) -> None:
    eta = np.random.default_rng(1).normal(0, OMEGA, 20_000)
    values = FORM.individual(NUMPY, 3.0, eta, Setting(shape=shape))
    law = stats.lognorm(abs(shape) * OMEGA)  # of 1 + lambda b
    assert stats.kstest(1 + shape * np.log(values / 3.0), law.cdf).pvalue > 1e-3


def test_the_slope_by_the_shape_is_smooth_where_it_is_0() -> None:
    """There it is TV exp(eta) eta^2 / 2; near to it the same, to first order."""
    tv, eta, shape = sp.symbols("tv eta shape", real=True)
    value = FORM.individual(SYMPY, tv, eta, Setting(shape=shape))
    exact = sp.lambdify([tv, eta, shape], sp.diff(value, shape), "math")
    for at, near in itertools.product((-1.2, 0.0, 0.6), (0.0, 1e-12, -1e-7)):
        expected = 3.0 * np.exp(at) * at**2 / 2
        step = FORM.individual(NUMPY, 3.0, at, Setting(shape=near + 1e-30j)).imag / 1e-30
        assert step == pytest.approx(expected, rel=1e-6, abs=1e-12)
        assert exact(3.0, at, near) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_both_sides_of_the_series_are_one_curve() -> None:
    u = np.array([0.5 - 1e-12, 0.5, -0.5 + 1e-12, -0.5])
    np.testing.assert_allclose(NUMPY.exprel(u), np.expm1(u) / u, rtol=1e-14)
    v = np.array([1e-4 - 1e-16, -1e-4 + 1e-16])
    np.testing.assert_allclose(NUMPY.logrel(v), np.log1p(v) / v, rtol=1e-14)


def test_the_file_states_the_shape() -> None:
    model = parse_model(MODEL)
    assert parse_model(format_model(model)) == model
    assert str(stated_values(model)["shape[CL]"]) == "normal(0, 0.5)"
    silent = parse_model(MODEL.replace('shape = "normal(0, 0.5)"', ""))
    assert stated_values(silent)["shape[CL]"] == stated_values(model)["shape[CL]"]
    assert with_values(model, {"shape[CL]": 0.3}).population.parameters["CL"].shape == 0.3
    table = parse_priors('[priors."shape[CL]"]\nprior = "normal(1, 0.1)"')
    assert str(pq.apply_priors(model, table).population.parameters["CL"].shape) == "normal(1, 0.1)"


def test_a_shape_without_a_form_that_has_one_is_refused() -> None:
    with pytest.raises(pq.CheckError, match=r"CL.shape: its random effects have no shape.*boxcox"):
        parse_model(MODEL.replace("boxcox", "lognormal"))


@pytest.mark.parametrize("text", [MODEL, WITH_OCCASIONS, MODEL.replace('"normal(0, 0.5)"', "0.5")])
@pytest.mark.parametrize("centred", [True, False])
def test_stanc_accepts_the_program(text: str, centred: bool) -> None:
    model = parse_model(text)
    study = study_of(model)
    study.table["OCC"] = np.where(study.table["TIME"] > 2, "2", "1")
    for backend in ("native", "stan"):
        options = BindOptions(backend=backend, centred={"CL": centred})  # type: ignore[arg-type]
        bound = bind_model(model, study, options=options)
        check(bound.program, "--allow-undefined")
        check(bound.prior_program, "--allow-undefined")
        shape = "shape__CL" if "normal(0, 0.5)" in text else "0.5"
        moved = f"CL * (x__WT / 70.0) .^ 0.75 .* exp(eta[ : , 1] .* exprel({shape} * eta[ : , 1]))"
        assert f"each[ : , {1 + bound.solved_with.index('CL')}] = {moved};" in bound.program


def test_labels_of_priors_and_of_draws_agree() -> None:
    model = parse_model(MODEL)
    bound = bind_data(model, study_of(model), blq="M3", centred={})
    labels = {"CL", "beta[CL,WT]", "shape[CL]", "omega[CL]", "sigma[cp]"}
    assert set(stated_priors(bound)) == labels
    assert set(labelled_draws(posterior()["posterior"].to_dataset())) == labels - {"beta[CL,WT]"}


def test_the_solved_values_are_those_of_the_formula() -> None:
    """Of subjects by the population layer, of occasions by the kernel."""
    tree = posterior(WITH_OCCASIONS, omega_iov={"CL": OMEGA_IOV})
    model = read_spec(tree)
    study = study_of(model, subjects=2)
    study.table["OCC"] = np.where(study.table["TIME"] > 2, "2", "1")
    draws = population_draws(model, tree["posterior"].to_dataset())
    simulator = study_simulator(model, study)
    rng = np.random.default_rng(3)
    eta, kappa = draws.draw_eta(2, rng), draws.draw_kappa(2, 2, rng)
    found = simulator.solve(simulator.parameters(draws, eta, kappa)).values
    shown = found[:, :, simulator.outputs.index("clearance")].reshape(80, 2, -1)
    later = simulator.timelines[0].time > 2
    own = 3.0 * np.exp(transformed(eta[:, :, 0], SHAPES[:, None]))
    for k, mine in enumerate((~later, later)):
        expected = own * np.exp(transformed(kappa[:, :, k, 0], SHAPES[:, None]))
        np.testing.assert_allclose(shown[:, :, mine], expected[..., None] * np.ones(mine.sum()))


def test_the_budget_has_the_variance_of_the_transformed_effect() -> None:
    budget = pq.variance_budget(
        posterior(), output="clearance", times=TIMES, regimen=DOSE, covariates={"WT": 70.0},
        outer=40, inner=400,
    )  # fmt: skip
    s = np.exp((SHAPES * OMEGA) ** 2 / 2)
    between = np.mean(s**2 * (s**2 - 1) / SHAPES**2)
    means = (s - 1) / SHAPES
    variance = budget["variance"].sel(view="latent", scale="log").isel(time=0)
    found = variance.sel(component="between_subject").item()
    assert found == pytest.approx(between, rel=0.05)
    assert variance.sel(component="parameter").item() == pytest.approx(np.var(means), rel=0.15)


def test_moments_of_the_parameter_are_those_by_quadrature() -> None:
    """E exp(b) has no closed form."""
    eta = np.random.default_rng(5).normal(0, OMEGA, 200_000)
    weight = stats.norm(0, OMEGA).pdf
    for shape in (-0.7, 0.4):
        expected, _ = integrate.quad(
            lambda e, shape=shape: weight(e) * np.exp((np.exp(e) ** shape - 1) / shape), -3.5, 3.5
        )
        found = FORM.individual(NUMPY, 1.0, eta, Setting(shape=shape))
        assert found.mean() == pytest.approx(expected, abs=5 * found.std() / np.sqrt(eta.size))
