"""The population layer in NumPy, the kernel behind it, and the residual errors, against oracles."""

import numpy as np
import pytest
import xarray as xr
from scipy import integrate, stats

from pkqsp_bayes.analysis.population_draws import population_draws
from pkqsp_bayes.engine.individual import individual_parameters
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.likelihood.residual import Residual, residual_of
from pkqsp_bayes.likelihood.study_simulator import study_simulator
from pkqsp_bayes.spec.reading.toml import parse_model
from pkqsp_bayes.statistics import RESIDUAL_ERRORS
from tests.program.density_oracle import MODEL, TIMES, Oracle
from tests.program.test_density import study

NAMES = ("CL", "V", "F", "b")
COEFFICIENTS = {
    "beta[CL,WT]": 0.7, "beta[CL,SEX,male]": 0.3, "beta[CL,CRP]": -0.25, "beta[V,AGE]": 0.01,
    "beta[V,ALB]": 0.004, "beta[b,WT]": 0.001, "beta[b,DIET,fed]": 0.2,
}  # fmt: skip


def _draws(rng: np.random.Generator, size: int) -> xr.Dataset:
    """Draws in the form that a fit has, of a model with every feature."""
    sample, cd = (1, size), ("chain", "draw")
    moments = (*cd, "subject", "occasion", "effect_iov")
    typical = {"CL": 3.0, "V": 30.0, "F": 0.6, "b": 2.0}
    spread = lambda centre: centre * np.exp(0.1 * rng.normal(size=sample))  # noqa: E731
    return xr.Dataset(
        {
            **{name: (cd, spread(value)) for name, value in typical.items()},
            **{name: (cd, spread(value)) for name, value in COEFFICIENTS.items()},
            "omega": ((*cd, "effect"), np.tile([0.4, 0.3, 0.3, 0.2], (*sample, 1))),
            "corr": ((*cd, "effect_pair"), np.tile([0.3, -0.2, 0.4], (*sample, 1))),
            "omega_iov": ((*cd, "effect_iov"), np.tile([0.2, 0.15], (*sample, 1))),
            "sigma": ((*cd, "residual"), np.tile(np.arange(1.0, 10.0), (*sample, 1))),
            "eta": ((*cd, "subject", "effect"), 0.3 * rng.normal(size=(*sample, 3, 4))),
            "kappa": (moments, 0.2 * rng.normal(size=(*sample, 3, 2, 2))),
        },
        coords={
            "effect": list(NAMES),
            "effect_pair": ["V,b", "CL,V", "CL,b"],
            "effect_iov": ["CL", "b"],
            "occasion": ["1", "2"],
            "subject": ["1", "2", "3"],
            "residual": [
                "plain", "relative", "both.additive", "both.proportional", "logarithmic",
                "powered.sigma", "powered.exponent", "heavy.sigma", "heavy.df",
            ],
        },
    )  # fmt: skip


def test_predictions_of_the_study_s_own_subjects_agree_with_quadrature() -> None:
    rng = np.random.default_rng(1)
    model, dataset = parse_model(MODEL), _draws(rng, 3)
    draws = population_draws(model, dataset)
    simulator = study_simulator(model, study())
    p = simulator.parameters(draws, draws.eta, draws.kappa)
    found = simulator.solve(p, options=SolverSettings(rtol=1e-9, atol=1e-9))
    assert not found.failed.any()
    oracle = Oracle(
        centred=False, output=[], time=np.array([]), subject=np.array([]), value=np.array([]),
        censored=np.array([]),
    )  # fmt: skip
    checked = 0
    start = 0
    for s, line in enumerate(simulator.timelines):
        for r, (time, evid) in enumerate(zip(line.time, line.evid, strict=True)):
            if evid != 0 or time not in TIMES:
                continue
            for d in range(3):
                point = {name: draws.shared[name][d] for name in NAMES}
                for label in COEFFICIENTS:
                    point[",".join(label[5:-1].split(",")[:2])] = draws.shared[label][d]
                # the oracle has kappa by subject, effect, occasion
                point |= {"eta": draws.eta[d], "kappa": draws.kappa[d].transpose(0, 2, 1)}
                wanted = oracle.prediction(point, s, time)
                assert found.values[d, start + r, 0] == pytest.approx(wanted, rel=1e-6)
                checked += 1
        start += line.time.size
    assert checked > 30


def test_effects_of_new_subjects_have_the_stated_covariance() -> None:
    rng = np.random.default_rng(2)
    draws = population_draws(parse_model(MODEL), _draws(rng, 2))
    eta = draws.draw_eta(200_000, rng)
    for d in range(2):
        assert np.cov(eta[d].T) == pytest.approx(draws.covariance[d], abs=3e-3)
    kappa = draws.draw_kappa(50_000, 2, rng)
    assert kappa.std(axis=(1, 2)) == pytest.approx(draws.omega_iov, rel=0.02)
    # V and b are correlated by 0.3: their places are those of the effects, not of the block.
    assert draws.correlation[0, NAMES.index("V"), NAMES.index("b")] == 0.3
    assert draws.correlation[0, NAMES.index("F"), NAMES.index("CL")] == 0.0


def test_derivatives_by_complex_steps_agree_with_differences() -> None:
    rng = np.random.default_rng(3)
    model = parse_model(MODEL)
    draws = population_draws(model, _draws(rng, 1))
    simulator = study_simulator(model, study())

    def at(shared: dict, eta: np.ndarray) -> np.ndarray:
        return individual_parameters(
            simulator.model, shared, draws.effects, eta, simulator.covariates
        )

    for name in ("CL", "F", "beta[CL,SEX,male]", "beta[CL,WT]"):
        step = 1e-30j
        exact = at({**draws.shared, name: draws.shared[name] + step}, draws.eta).imag / 1e-30
        h = 1e-6
        up = at({**draws.shared, name: draws.shared[name] + h}, draws.eta)
        down = at({**draws.shared, name: draws.shared[name] - h}, draws.eta)
        assert exact == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-8)
        assert np.abs(exact).max() > 0


@pytest.mark.parametrize(
    ("endpoint", "law"),
    [
        ("plain", lambda f: stats.norm(f, 1)),
        ("relative", lambda f: stats.norm(f, 2 * f)),
        ("both", lambda f: stats.norm(f, np.hypot(3, 4 * f))),
        ("logarithmic", lambda f: stats.lognorm(5, scale=f)),
        ("powered", lambda f: stats.norm(f, 6 * f**7)),
        ("heavy", lambda f: stats.t(9, f, 8)),
    ],
)
def test_residual_errors_are_those_of_the_model(endpoint: str, law) -> None:
    model = parse_model(MODEL)
    draws = population_draws(model, _draws(np.random.default_rng(4), 1))
    residual = residual_of(model, endpoint, draws.residuals, draws.sigma)
    f, y = np.array([1.3]), np.array([0.9])
    assert residual.log_density(y, f) == pytest.approx(law(1.3).logpdf(0.9))
    assert residual.log_density(y, f, -1) == pytest.approx(law(1.3).logcdf(0.9))
    assert residual.log_density(y, f, 1) == pytest.approx(law(1.3).logsf(0.9))
    assert residual.cdf(y, f) == pytest.approx(law(1.3).cdf(0.9))
    assert residual.mean(f) == pytest.approx(law(1.3).mean())
    assert residual.variance(f) == pytest.approx(law(1.3).var())


def test_drawn_observations_follow_the_density() -> None:
    rng = np.random.default_rng(5)
    f = np.full(40_000, 2.0)
    for form, scales in (
        ("combined", {"additive": 0.3, "proportional": 0.2}),
        ("lognormal", {"sigma": 0.4}),
        ("student_t", {"sigma": 0.4, "df": 5.0}),
        ("power", {"sigma": 0.3, "exponent": 0.7}),
    ):
        residual = Residual(
            form=RESIDUAL_ERRORS[form], scales={k: np.array(v) for k, v in scales.items()}
        )
        drawn = residual.draw(f, rng)
        found = stats.kstest(residual.cdf(drawn, f), "uniform").pvalue
        assert found > 1e-3, form
        mass = integrate.quad(
            lambda y, r=residual: float(np.exp(r.log_density(np.array([y]), np.array([2.0])))[0]),
            1e-9, 2.5,
        )[0]  # fmt: skip
        below = residual.cdf(np.array([2.5]), np.array([2.0]))
        below -= residual.cdf(np.array([1e-9]), np.array([2.0]))
        assert mass == pytest.approx(below[0], rel=1e-5)


def test_variance_of_a_heavy_tail_is_infinite() -> None:
    heavy = Residual(
        form=RESIDUAL_ERRORS["student_t"], scales={"sigma": np.array(1.0), "df": np.array(1.5)}
    )
    assert np.isinf(heavy.variance(np.array([1.0]))).all()
