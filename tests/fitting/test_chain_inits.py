"""The first metric, and chains at the mode: against closed forms, and fits against others."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.inits import chain_inits
from pkqsp_bayes.fitting.inits.chain_inits import inits_at_mode, inits_at_priors, with_metric
from pkqsp_bayes.fitting.inits.curvature import Places, find_places, measure_curvature
from pkqsp_bayes.program.bench import PointError, log_density
from pkqsp_bayes.program.bind import bind_model
from pkqsp_bayes.program.program_inits import constrain_point, unconstrained_point

SUBJECTS, EFFECTS, SHARED = 5, 2, 3


def hill() -> tuple[np.ndarray, Places]:
    """Return minus the second derivatives of an arrowhead hill, places of subjects mixed in."""
    rng = np.random.default_rng(3)
    size = SHARED + SUBJECTS * EFFECTS
    order = rng.permutation(size)
    places = Places(shared=order[:SHARED], own=order[SHARED:].reshape(SUBJECTS, EFFECTS))
    matrix = np.zeros((size, size))
    for row in places.own:
        both = np.concatenate([places.shared, row])
        root = rng.normal(size=(both.size, both.size))
        matrix[np.ix_(both, both)] += root @ root.T + np.eye(both.size)
    scale = 10 ** rng.uniform(-1, 2, size)  # widths from a hundredth to ten
    return matrix * np.outer(scale, scale), places


def test_an_arrowhead_is_inverted() -> None:
    matrix, places = hill()
    point = np.random.default_rng(4).normal(size=len(matrix))
    found = measure_curvature(lambda x: -(x - point) @ matrix, point, places)
    exact = np.linalg.inv(matrix)
    np.testing.assert_allclose(found.variances(), np.diag(exact), rtol=1e-5)
    np.testing.assert_allclose(found.shared, exact[np.ix_(places.shared, places.shared)], rtol=1e-5)


def test_draws_have_the_covariance_of_the_hill() -> None:
    matrix, places = hill()
    found = measure_curvature(lambda x: -x @ matrix, np.zeros(len(matrix)), places)
    rng = np.random.default_rng(5)
    drawn = np.array([found.draw(rng) for _ in range(4000)])
    whitened = drawn @ np.linalg.cholesky(matrix)
    np.testing.assert_allclose(np.cov(whitened.T), np.eye(len(matrix)), atol=0.1)


def test_a_ridge_keeps_the_width_of_a_hill() -> None:
    """At a saddle the metric is that of the steepness: finite and positive."""
    slopes = np.diag([4.0, -4.0, 0.0])
    places = Places(shared=np.arange(3), own=np.zeros((0, 0), dtype=np.int64))
    found = measure_curvature(lambda x: -x @ slopes, np.zeros(3), places)
    np.testing.assert_allclose(found.variances(), [0.25, 0.25, 100.0], rtol=1e-6)
    assert np.isfinite(found.draw(np.random.default_rng(1))).all()


def test_subjects_and_shared_parameters_are_told_apart(
    model: pq.ModelSpec, study: pq.Study
) -> None:
    bound = bind_model(model, study)
    places = find_places(bound.inits)
    assert places.shared.tolist() == [0, 1, 2, 15]  # CL, V, omega; sigma after twelve subjects
    assert places.own[:, 0].tolist() == list(range(3, 15))


def test_the_curvature_is_that_of_the_program(model: pq.ModelSpec, study: pq.Study) -> None:
    """Against all second derivatives, by differences of one parameter at a time."""
    bound = bind_model(model, study)
    inits = inits_at_mode(model, study, bound, 2, seed=1)
    mode = pq.find_mode(model, study, starts=2)["mode"].to_dataset()
    named = np.log([float(mode[n].item()) for n in ("CL", "V", "omega", "sigma")])
    own = mode["eta"].values[:, 0] + named[0]
    point = np.concatenate([named[:3], own, named[3:]])
    steps = 1e-4 * np.eye(point.size)
    slopes = [log_density(bound, np.array([point + h, point - h]))[1] for h in steps]
    second = np.array([(up - down) / 2e-4 for up, down in slopes])
    assert inits.variances is not None
    exact = np.diag(np.linalg.inv(-second))
    np.testing.assert_allclose(inits.variances, exact, rtol=0.02)
    assert len(inits.by_chain) == 2
    assert inits.by_chain[1] != inits.by_chain[2]


def test_a_short_fit_from_the_mode_is_the_long_one(
    model: pq.ModelSpec, study: pq.Study, done: tuple[Path, xr.DataTree], tmp_path: Path
) -> None:
    settings = pq.FitSettings(chains=2, warmup=50, draws=400, seed=2, begin="mode")
    tree = pq.fit(model, study, tmp_path, settings=settings)
    short, long = pq.summary_table(tree), pq.summary_table(done[1])
    error = np.hypot(short.sd / short.ess_bulk**0.5, long.sd / long.ess_bulk**0.5)
    assert (abs(short["mean"] - long["mean"]) < 4 * error).all()
    assert (short.r_hat < 1.05).all()
    assert json.loads(tree.attrs["settings"])["begin"] == "mode"


def test_the_metric_that_is_given_stays(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    settings = pq.FitSettings(chains=1, warmup=50, draws=50, seed=2, begin="mode")
    pq.fit(model, study, tmp_path, settings=settings)
    metric = _metric(tmp_path)
    inits = inits_at_mode(model, study, bind_model(model, study), 1, seed=2)
    np.testing.assert_allclose(metric, inits.variances, rtol=1e-3)


def test_warm_up_begins_with_the_widths_at_the_centre_and_adapts_them(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    """Against the second derivatives at the centre, where the density is not concave.

    One iteration does not change the metric.
    """
    bound = bind_model(model, study)
    centre = unconstrained_point(bound.inits)
    steps = 1e-3 * np.eye(centre.size)
    slopes = [log_density(bound, np.array([centre + h, centre - h]))[1] for h in steps]
    second = np.array([(up - down) / 2e-3 for up, down in slopes])
    found = inits_at_priors(model, study, bound, 2, seed=3)
    assert found.adapts
    assert found.variances is not None
    assert np.linalg.eigvalsh(-second).min() < 0
    np.testing.assert_allclose(found.variances, 1 / abs(np.diag(second)), rtol=0.02)
    metrics = {}
    for warmup in (1, 200):
        settings = pq.FitSettings(chains=1, warmup=warmup, draws=5, seed=3)
        pq.fit(model, study, tmp_path / str(warmup), settings=settings)
        metrics[warmup] = _metric(tmp_path / str(warmup))
    np.testing.assert_allclose(metrics[1], found.variances, rtol=1e-3)
    assert (metrics[200] != metrics[1]).all()


def test_without_a_finite_density_nearby_warm_up_begins_with_the_unit_metric(
    model: pq.ModelSpec, study: pq.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = bind_model(model, study)

    def fails(*_: object) -> None:
        raise PointError("no density")

    monkeypatch.setattr(chain_inits, "log_density", fails)
    found = with_metric(bound, {1: constrain_point(bound.inits, unconstrained_point(bound.inits))})
    assert found.variances is None


def _metric(folder: Path) -> np.ndarray:
    told = (folder / "chain_1.csv").read_text().splitlines()
    at = next(k for k, line in enumerate(told) if "inverse mass matrix" in line)
    return np.array(told[at + 1].lstrip("# ").split(","), dtype=float)


def test_an_unknown_beginning_is_refused(
    model: pq.ModelSpec, study: pq.Study, tmp_path: Path
) -> None:
    settings = pq.FitSettings(begin="end")  # type: ignore[arg-type]
    with pytest.raises(pq.CheckError, match='"priors" or "estimate" or "mode"'):
        pq.fit(model, study, tmp_path, settings=settings)
