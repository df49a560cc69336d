"""Population estimates against exact marginal likelihoods, quadrature and differences."""

import logging

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

import pkqsp_bayes as pq
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.fitting.inits.estimate_inits import inits_at_estimate
from pkqsp_bayes.fitting.inits.inits import point_of
from pkqsp_bayes.likelihood.coordinates import Coordinates, coordinates_of
from pkqsp_bayes.likelihood.marginal import marginal_of
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.spec.reading.toml import parse_model

FloatArray = NDArray[np.float64]

# f = base + slope t: linear in the random effects, so that Laplace's method is exact.
LINE = """
title = "a line"
[equations]
text = "d(A)/dt = slope; A(0) = base"
[population]
base = { typical = "normal(10, 2)", iiv = "normal" }
slope = { typical = "normal(2, 0.5)", iiv = "normal" }
omega = { base = "half_normal(2)", slope = "half_normal(1)", correlate = ["base", "slope"] }
[observe.y]
value = "A"
error = { form = "additive", sigma = "half_normal(2)" }
"""
PLAIN = LINE.replace(', correlate = ["base", "slope"]', "")
TIMES = np.array([0.0, 1.0, 2.0, 4.0, 6.0])
SUBJECTS = 20


def line_study() -> pq.Study:
    rng = np.random.default_rng(11)
    effects = rng.multivariate_normal([0, 0], [[2.25, 0.45], [0.45, 0.36]], SUBJECTS)
    lines = (10 + effects[:, :1]) + (2 + effects[:, 1:]) * TIMES
    values = lines + 0.8 * rng.normal(size=lines.shape)
    rows = [
        {"ID": s, "TIME": t, "EVID": 0, "MDV": 0, "DV": values[s, k]}
        for s in range(SUBJECTS)
        for k, t in enumerate(TIMES)
    ]
    return pq.study_from_frame(pd.DataFrame(rows), source="lines")


def observed(study: pq.Study) -> FloatArray:
    return study.table.DV.to_numpy().reshape(SUBJECTS, TIMES.size)


def exact_log_lik(p: FloatArray, y: FloatArray) -> float:
    """Return the density of normal rows: mean X b, covariance X Omega X' + sigma^2 I."""
    design = np.column_stack([np.ones(TIMES.size), TIMES])
    base, slope, one, two, rho, sigma = p
    omega = np.array([[one**2, rho * one * two], [rho * one * two, two**2]])
    cov = design @ omega @ design.T + sigma**2 * np.eye(TIMES.size)
    return float(stats.multivariate_normal.logpdf(y, design @ [base, slope], cov).sum())


def exact_maximum(y: FloatArray) -> FloatArray:
    def minus(u: FloatArray) -> float:
        return -exact_log_lik(np.r_[u[:2], np.exp(u[2:4]), np.tanh(u[4]), np.exp(u[5])], y)

    start = np.array([10, 2, 0.3, -0.7, 0.1, 0.0])
    limits = {"maxiter": 20_000, "xatol": 1e-9, "fatol": 1e-10}
    found = optimize.minimize(minus, start, method="Nelder-Mead", options=limits)
    u = found.x
    return np.r_[u[:2], np.exp(u[2:4]), np.tanh(u[4]), np.exp(u[5]), -found.fun]


@pytest.mark.parametrize("method", ["focei", "laplace"])
def test_maximum_likelihood_of_a_linear_model(method: str) -> None:
    study = line_study()
    base, slope, one, two, rho, sigma, log_lik = exact_maximum(observed(study))
    found = pq.estimate(parse_model(LINE), study, priors=False, method=method)
    value = found["estimate"]["value"].to_series()
    wanted = {"base": base, "slope": slope, "omega[base]": one, "omega[slope]": two,
              "sigma[y]": sigma, "corr[base,slope]": rho}  # fmt: skip
    for label, number in wanted.items():
        assert value[label] == pytest.approx(number, rel=2e-3, abs=2e-3), label
    assert float(found.attrs["log_lik"]) == pytest.approx(log_lik, abs=1e-4)
    ofv = -2 * log_lik - SUBJECTS * TIMES.size * np.log(2 * np.pi)
    assert float(found.attrs["ofv"]) == pytest.approx(ofv, abs=1e-3)
    error = float(found.attrs["ofv_error"])
    assert abs(float(found.attrs["ofv_importance"]) - ofv) < 5 * error + 1e-6


def test_standard_errors_are_those_of_the_exact_hessian() -> None:
    study = line_study()
    y, best = observed(study), exact_maximum(observed(study))[:6]
    steps = 1e-3 * np.eye(6)
    hessian = np.array([
        [(exact_log_lik(best + a + b, y) - exact_log_lik(best + a - b, y)
          - exact_log_lik(best - a + b, y) + exact_log_lik(best - a - b, y)) / 4e-6
         for b in steps] for a in steps
    ])  # fmt: skip
    wanted = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    found = pq.estimate(parse_model(LINE), study, priors=False, draws=0)["estimate"]
    labels = ["base", "slope", "omega[base]", "omega[slope]", "corr[base,slope]", "sigma[y]"]
    np.testing.assert_allclose(found["se"].sel(parameter=labels), wanted, rtol=0.02)


def test_importance_sampling_gives_the_posterior() -> None:
    """Means of the posterior of a linear model by quadrature over the exact likelihood."""
    study, y = line_study(), observed(line_study())
    rng = np.random.default_rng(5)
    tree = pq.estimate(parse_model(PLAIN), study, draws=2000, seed=3)
    found = tree["estimate"].to_dataset().to_dataframe()
    labels = ["base", "slope", "omega[base]", "omega[slope]", "sigma[y]"]
    centre, spread = found.loc[labels, "value"].to_numpy(), found.loc[labels, "se"].to_numpy()
    # an importance sample of its own: normal proposals, twice as wide, exact likelihood
    draws = centre + 2 * spread * rng.normal(size=(20_000, 5))
    draws = draws[(draws[:, 2:] > 0).all(axis=1)]
    prior = stats.norm.logpdf(draws[:, 0], 10, 2) + stats.norm.logpdf(draws[:, 1], 2, 0.5)
    prior += stats.norm.logpdf(draws[:, 2:], 0, [2, 1, 2]).sum(axis=1)
    log_lik = [exact_log_lik(np.insert(p, 4, 0.0), y) for p in draws]
    weight = np.array(log_lik) + prior
    weight -= stats.norm.logpdf(draws, centre, 2 * spread).sum(axis=1)
    share = np.exp(weight - weight.max())
    mean = share @ draws / share.sum()
    assert float(tree.attrs["pareto_k"]) < 0.7
    np.testing.assert_allclose(found.loc[labels, "mean"], mean, atol=0.15 * spread.max(), rtol=0.02)


def test_gradient_is_that_of_the_likelihood() -> None:
    model = pq.load_model("theophylline")
    marginal = marginal_of(model, pq.load_dataset("theophylline"), method="laplace")
    point = marginal.coordinates.start()
    here = marginal.integral(point)
    found = marginal.gradient(here).sum(axis=0)
    for k in range(point.size):
        step = 1e-2 * np.eye(point.size)[k]
        up, down = (marginal.integral(point + s * step, here.z) for s in (1, -1))
        slope = (up.log_lik.sum() - down.log_lik.sum()) / 2e-2
        assert found[k] == pytest.approx(slope, rel=0.02, abs=0.05)


def correlated(size: int) -> Coordinates:
    names = ["base", "slope", "bend"][:size]
    text = "\n".join(f'{n} = {{ typical = 1.0, iiv = "normal" }}' for n in names)
    model = parse_model(
        f"""
title = "correlated"
[equations]
text = "d(A)/dt = {" + ".join(names)}; A(0) = 0"
[population]
{text}
omega = {{ {", ".join(f"{n} = 1.0" for n in names)}, correlate = {names!r}, lkj = 2.0 }}
[observe.y]
value = "A"
error = {{ form = "additive", sigma = 1.0 }}
""".replace("'", '"')
    )
    rows = pd.DataFrame({"ID": [1], "TIME": [1.0], "EVID": [0], "MDV": [0], "DV": [1.0]})
    study = pq.study_from_frame(rows, source="one")
    return coordinates_of(bind_data(model, study, blq="M3", centred={}), study)


@pytest.mark.parametrize("size", [2, 3])
def test_the_density_of_correlations_has_mass_one(size: int) -> None:
    """The Jacobian of the partial correlations, by importance sampling of the whole space."""
    coordinates = correlated(size)
    width = size * (size - 1) // 2
    rng = np.random.default_rng(2)
    points = rng.standard_t(5, size=(200_000, width)) * 0.7
    log_q = (stats.t.logpdf(points / 0.7, 5) - np.log(0.7)).sum(axis=1)
    ratio = np.exp(coordinates.log_prior(points) - log_q)
    assert ratio.mean() == pytest.approx(1.0, abs=5 * ratio.std() / np.sqrt(ratio.size))
    matrices = coordinates.correlations(points[:50])[0]
    assert (np.linalg.eigvalsh(matrices) > 0).all()


def test_the_density_of_positive_parameters_has_mass_one() -> None:
    study = line_study()
    coordinates = coordinates_of(bind_data(parse_model(PLAIN), study, blq="M3", centred={}), study)
    rng = np.random.default_rng(2)
    centre = coordinates.start()
    points = centre + rng.standard_t(5, size=(200_000, centre.size)) * 1.2
    log_q = (stats.t.logpdf((points - centre) / 1.2, 5) - np.log(1.2)).sum(axis=1)
    ratio = np.exp(coordinates.log_prior(points) - log_q)
    assert ratio.mean() == pytest.approx(1.0, abs=5 * ratio.std() / np.sqrt(ratio.size))


def test_draws_are_those_of_a_fit() -> None:
    """Labels of population draws agree with those of the program."""
    model, study = pq.load_model("quinidine"), pq.load_dataset("quinidine")
    coordinates = coordinates_of(bind_data(model, study, blq="M3", centred={}), study)
    draws = coordinates.draws(coordinates.start()[None])
    bound = bind_model(model, study)
    assert tuple(bound.coords["effect"]) == draws.effects
    assert tuple(bound.coords["residual"]) == draws.residuals
    assert set(draws.sampled) <= set(draws.shared)
    assert all(np.isfinite(v).all() for v in draws.shared.values())


def test_chains_begin_near_the_posterior() -> None:
    model, study = pq.load_model("theophylline"), pq.load_dataset("theophylline")
    bound = bind_model(model, study)
    inits = inits_at_estimate(model, study, bound, 3, seed=1)
    assert inits.adapts
    assert inits.variances is not None
    assert (inits.variances > 0).all()
    values = [{n: np.asarray(v) for n, v in chain.items()} for chain in inits.by_chain.values()]
    density = log_density(bound, np.stack([point_of(bound, v) for v in values]))[0]
    from_priors = bind_model(model, study).inits
    centre = log_density(bound, point_of(bound, {n: i.value for n, i in from_priors.items()})[None])
    assert (density > centre[0] + 50).all()
    assert len({float(v["CLint"]) for v in values}) == 3


def test_what_nothing_determines_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """One sample of each subject cannot separate two effects and an error."""
    study = line_study()
    first = study.table[study.table.TIME == 0][["ID", "TIME", "EVID", "MDV", "DV"]]
    model = parse_model(PLAIN.replace("A(0) = base", "A(0) = base + slope"))
    with caplog.at_level(logging.WARNING):
        found = pq.estimate(
            model, pq.study_from_frame(first, source="first samples"), priors=False, draws=0
        )
    assert not np.isfinite(found["estimate"]["se"]).all() or not int(found.attrs["converged"])
    assert "estimate" in caplog.text


def test_a_study_without_observations_is_refused() -> None:
    table = line_study().table[["ID", "TIME", "EVID", "DV"]].assign(MDV=1)
    with pytest.raises(CheckError, match="no observations"):
        pq.estimate(parse_model(LINE), pq.study_from_frame(table, source="empty"))
