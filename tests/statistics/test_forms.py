"""Every registered form: numbers, symbols and text agree, and are what the oracles say."""

import itertools
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy import integrate, stats

from pkqsp_bayes.ode.components.ops import SYMPY
from pkqsp_bayes.ops import NUMPY
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RESIDUAL_ERRORS
from pkqsp_bayes.statistics.censoring import log_density
from pkqsp_bayes.statistics.random_effect import Setting
from pkqsp_bayes.statistics.stan import STAN, stan_real, stan_vector
from tests.statistics.oracles import COVARIATES, EFFECTS, ERROR_SCALES, ERRORS

BOUNDS = {"logitnormal": [(0.0, 1.0), (-0.5, 2.0)]}
TYPICAL, ETAS, SHAPES = 0.4, (-1.3, -0.2, 0.0, 0.7), (-0.6, 0.0, 1e-9, 0.5)
PREDICTIONS = (0.6, 2.0)


def settings(form: str) -> list[tuple[float, float, float]]:
    shapes = SHAPES if RANDOM_EFFECTS[form].shape is not None else (0.0,)
    bounds = BOUNDS.get(form, [(-np.inf, np.inf)])
    return [(low, high, shape) for (low, high), shape in itertools.product(bounds, shapes)]


def test_every_form_has_an_oracle() -> None:
    assert set(EFFECTS) == set(RANDOM_EFFECTS)
    assert set(COVARIATES) == set(COVARIATE_EFFECTS)
    assert set(ERRORS) == set(ERROR_SCALES) == set(RESIDUAL_ERRORS)


@pytest.mark.parametrize("name", RANDOM_EFFECTS)
def test_individual_values_are_those_of_the_formula(name: str) -> None:
    form, etas = RANDOM_EFFECTS[name], np.array(ETAS)
    for stated in settings(name):
        found = form.individual(NUMPY, TYPICAL, etas, Setting(*stated))
        expected = [EFFECTS[name](TYPICAL, eta, *stated) for eta in ETAS]
        np.testing.assert_allclose(found, expected, rtol=1e-8)
        back = form.effect(NUMPY, found, TYPICAL, Setting(*stated))
        np.testing.assert_allclose(back, etas, rtol=1e-9, atol=1e-12)
        assert form.individual(NUMPY, TYPICAL, 0.0, Setting(*stated)) == pytest.approx(TYPICAL)


@pytest.mark.parametrize("name", RANDOM_EFFECTS)
def test_symbols_are_the_same_formula_and_have_its_slope(name: str) -> None:
    """The slope by complex steps in NumPy is SymPy's derivative."""
    form = RANDOM_EFFECTS[name]
    symbols = sp.symbols("tv eta low high shape", real=True)
    tv, eta, *own = symbols
    value = form.individual(SYMPY, tv, eta, Setting(*own))
    exact = sp.lambdify(symbols, [value, sp.diff(value, eta), sp.diff(value, tv)], "math")
    for stated, at in itertools.product(settings(name), ETAS):
        expected = exact(TYPICAL, at, *stated)
        assert form.individual(NUMPY, TYPICAL, at, Setting(*stated)) == pytest.approx(expected[0])
        step = form.individual(NUMPY, TYPICAL, at + 1e-30j, Setting(*stated))
        assert step.imag / 1e-30 == pytest.approx(expected[1], rel=1e-9)
        step = form.individual(NUMPY, TYPICAL + 1e-30j, at, Setting(*stated))
        assert step.imag / 1e-30 == pytest.approx(expected[2], rel=1e-9)


@pytest.mark.parametrize("name", RANDOM_EFFECTS)
def test_a_scaled_individual_value_keeps_its_occasions(name: str) -> None:
    form, kappas, factor = RANDOM_EFFECTS[name], np.array(ETAS), 0.8
    for stated in settings(name):
        setting = Setting(*stated)
        before = form.individual(NUMPY, TYPICAL, kappas, setting)
        moved = form.rescaled_effect(np.full(4, TYPICAL), kappas, factor, setting)
        after = form.individual(NUMPY, factor * TYPICAL, moved, setting)
        np.testing.assert_allclose(after, factor * before, rtol=1e-9)


@pytest.mark.parametrize("name", COVARIATE_EFFECTS)
def test_covariates_have_the_factor_of_the_formula(name: str) -> None:
    form, a, b = COVARIATE_EFFECTS[name], 0.3, -0.7
    coefficients = {1.0: a, 2.0: b} if form.has_levels else {None: a}
    nothing = dict.fromkeys(coefficients, 0.0)
    x = np.array([0.5, 1.0, 2.0, 3.5])
    found = form.factor(NUMPY, x, 1.5, coefficients)
    np.testing.assert_allclose(found, [COVARIATES[name](v, 1.5, a, b) for v in x], rtol=1e-12)
    logarithm = form.logarithm(NUMPY, x, 1.5, coefficients)
    np.testing.assert_allclose(logarithm, np.log(np.abs(found)), rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(form.factor(NUMPY, x, 1.5, nothing), np.ones(4))
    s = sp.Symbol("x", real=True)
    symbolic = sp.lambdify(s, form.factor(SYMPY, s, sp.Rational(3, 2), coefficients), "math")
    np.testing.assert_allclose([symbolic(v) for v in x], found, rtol=1e-12)
    if not form.has_levels:
        assert form.factor(NUMPY, np.array([1.5]), 1.5, coefficients) == pytest.approx([1.0])


@pytest.mark.parametrize("name", RESIDUAL_ERRORS)
@pytest.mark.parametrize("f", PREDICTIONS)
def test_densities_are_scipys(name: str, f: float) -> None:
    """Measured, below, above, and between two limits, from either side, in both tails."""
    form, scales = RESIDUAL_ERRORS[name], ERROR_SCALES[name]
    law, oracle = _law(name, f), ERRORS[name](f, scales)
    for y in (0.3 * f, f, 1.7 * f):
        for code, expected in ((0, oracle.logpdf), (-1, oracle.logcdf), (1, oracle.logsf)):
            found = log_density(law, np.array(y), np.array(f), code)
            assert found == pytest.approx(expected(y), rel=1e-10)
        for limit in (0.2 * f, 2.5 * f):
            low, high = sorted((y, limit))
            area, _ = integrate.quad(oracle.pdf, low, high, epsabs=1e-14, points=[f])
            found = log_density(law, np.array(y), np.array(f), -1, np.array(limit))
            assert np.exp(found) == pytest.approx(area, rel=1e-8)
    scale = form.scale(SYMPY, sp.Float(f), {k: sp.Float(v) for k, v in scales.items()})
    assert float(scale) == pytest.approx(float(form.scale(NUMPY, f, scales)))


@pytest.mark.parametrize("name", RESIDUAL_ERRORS)
@pytest.mark.parametrize("f", PREDICTIONS)
def test_draws_and_moments_are_scipys(name: str, f: float) -> None:
    form, oracle = RESIDUAL_ERRORS[name], ERRORS[name](f, ERROR_SCALES[name])
    scales = {key: np.array(value) for key, value in ERROR_SCALES[name].items()}
    drawn = form.draw(np.full(20_000, f), scales, np.random.default_rng(1))
    assert stats.kstest(drawn, oracle.cdf).pvalue > 1e-3
    assert form.mean(np.array(f), scales) == pytest.approx(oracle.mean())
    assert form.variance(np.array(f), scales) == pytest.approx(oracle.var())
    assert form.log_moments is None or form.log_variance(np.array(f), scales) == pytest.approx(
        ERROR_SCALES[name]["sigma"] ** 2
    )


@pytest.mark.parametrize("name", RESIDUAL_ERRORS)
def test_fisher_information_is_the_integral_of_the_squared_score(name: str) -> None:
    """Of the location (on the log scale where the error is logarithmic), and of the scales."""
    f, form, scales = 2.0, RESIDUAL_ERRORS[name], dict(ERROR_SCALES[name])
    oracle = ERRORS[name](f, scales)
    to, back = (np.log, np.exp) if form.is_logarithmic else (np.array, np.array)

    def density(u: float) -> float:
        return float(oracle.logpdf(back(u)) + (u if form.is_logarithmic else 0.0))

    def information(score: Any) -> float:
        ends = [to(oracle.ppf(p)) for p in (1e-12, 0.5, 1 - 1e-12)]
        pairs = itertools.pairwise(ends)
        return sum(integrate.quad(
            lambda u: np.exp(density(u)) * score(u) ** 2, a + 1e-9, b - 1e-9, limit=400
        )[0] for a, b in pairs)  # fmt: skip

    def by_location(u: float) -> float:
        return (density(u - 1e-6) - density(u + 1e-6)) / 2e-6

    expected = 1 / information(by_location)
    found = form.information_variance(np.array(f), scales)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, rel=2e-3)
    own = form.scale_information(scales)
    for i, key in enumerate(form.keys if own is not None else ()):
        assert own is not None

        def by_scale(u: float, key: str = key) -> float:
            up, down = (ERRORS[name](f, scales | {key: scales[key] + d}) for d in (1e-5, -1e-5))
            return float(up.logpdf(u) - down.logpdf(u)) / 2e-5

        assert own[i, i] == pytest.approx(information(by_scale), rel=5e-3)


@pytest.mark.parametrize("name", RESIDUAL_ERRORS)
def test_default_priors_and_arguments_are_stan(name: str) -> None:
    form = RESIDUAL_ERRORS[name]
    places = {key: stan_real(key) for key in form.keys}
    arguments = form.arguments(STAN, stan_real("f"), places)
    assert len(arguments) == len(form.distribution.arguments)
    assert all(scale.prior(2.0).endswith(")") for scale in form.scales)


def test_text_has_the_parentheses_that_it_needs() -> None:
    a, b, x = stan_real("a"), stan_real("b"), stan_vector("x")
    assert ((a + b) * x).text == "(a + b) * x"
    assert (a - (b + x)).text == "a - (b + x)"
    assert (a / (b * a)).text == "a / (b * a)"
    assert (x * x / (1 + x)).text == "x .* x ./ (1 + x)"
    assert STAN.power(a * x, b + 1.0).text == "(a * x) .^ (b + 1.0)"
    assert (a - (b - a)).text == "a - (b - a)"
    assert (2.0 * (a + b)).text == "2.0 * (a + b)"


def _law(name: str, f: float) -> Any:
    form = RESIDUAL_ERRORS[name]
    return form.distribution.scipy(*form.arguments(NUMPY, f, ERROR_SCALES[name]))
