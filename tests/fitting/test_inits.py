"""Initial values by level: screened points, Pathfinder, draws of the prior, an error."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.inits import inits as inits_module
from pkqsp_bayes.fitting.inits.inits import find_inits, settle_inits
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BoundModel, bind_model
from tests.fitting.blow_up import CRITICAL


@pytest.fixture(scope="module")
def bound(growing: pq.ModelSpec, growth: pq.Study) -> BoundModel:
    return bind_model(growing, growth)


def rates(found: dict[int, dict[str, float]] | None) -> list[float]:
    assert found is not None
    return [float(next(iter(init.values()))) for init in found.values()]


def test_the_prior_is_asked_where_its_centre_fails(
    bound: BoundModel, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = rates(find_inits(bound, 3, seed=5))
    assert len(set(found)) == 3
    assert all(k < CRITICAL for k in found)
    assert "draws of the priors are tried" in caplog.text


def test_pathfinder_fills_up_what_is_missing(
    bound: BoundModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = np.log([0.12, 5.0])

    def around(*_: object) -> Iterator[np.ndarray]:
        yield np.log([1.0, 5.0])  # refused
        yield only

    monkeypatch.setattr(inits_module, "_around_centre", around)
    found = find_inits(bound, 4, seed=1)
    assert found is not None
    assert len(set(rates(found))) == 4
    points = [
        np.log([k, init["sigma"][0]]) for k, init in zip(rates(found), found.values(), strict=True)
    ]
    values, gradients = log_density(bound, np.array(points))
    assert np.isfinite(gradients).all()
    # Pathfinder's are near the posterior: higher than where it began.
    assert (values[1:] > values[0]).all()


def test_one_point_serves_all_chains_if_pathfinder_fails(
    bound: BoundModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inits_module, "_around_centre", lambda *_: iter([np.log([0.12, 0.3])]))
    monkeypatch.setattr(inits_module, "_pathfinder", lambda *_: [])
    found = rates(find_inits(bound, 2, seed=1))
    np.testing.assert_allclose(found, [0.12, 0.12])


def test_without_any_start_the_culprit_is_named(
    growing: pq.ModelSpec, growth: pq.Study, bound: BoundModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inits_module, "is_usable", lambda *_: False)
    assert find_inits(bound, 2, seed=1) is None
    with pytest.raises(pq.CheckError, match=r"ID 1: the solver failed.*k = 1"):
        settle_inits(growing, growth, bound, 2, 1)


def test_a_fit_goes_through_where_most_of_the_prior_fails(
    growing: pq.ModelSpec, growth: pq.Study, tmp_path: Path
) -> None:
    settings = pq.FitSettings(chains=2, warmup=200, draws=200, seed=1)
    tree = pq.fit(growing, growth, tmp_path / "fit", settings=settings)
    k = tree["posterior"]["k"]
    assert float(k.max()) < CRITICAL
    assert float(k.mean()) == pytest.approx(0.1, rel=0.1)
