"""Validation on data that were held out: exact scores, honest coverage, the gain of early data."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.predictive.validation import validate
from pkqsp_bayes.errors import CheckError
from tests.analysis.posteriors import hand_made
from tests.analysis.test_individualise import BOLUS

TIMES = np.array([1.0, 2.0, 5.0, 8.0])
DOSES = np.tile([100.0, 300.0], 20)


def fit(*, size: int = 300, cl: float = 3.0, omega: float = 0.4, sigma: float = 0.1) -> xr.DataTree:
    typical = {"CL": np.full(size, cl), "V": np.full(size, 20.0)}
    return hand_made(BOLUS, typical, omega={"CL": omega, "V": 0.0}, sigma={"cp": sigma})


def study(*, omega: float = 0.4, error: np.ndarray | float = 0.0, lloq: float = 0.0) -> pq.Study:
    """Data by a closed form: f (1 + error)."""
    rng = np.random.default_rng(3)
    clearance = 3 * np.exp(omega * rng.normal(size=DOSES.size))
    f = DOSES[:, None] / 20 * np.exp(-clearance[:, None] / 20 * TIMES)
    made = pq.regimen(pq.Dose(amount=DOSES, to="iv"), TIMES, subjects=DOSES.size)
    table, rows = made.table.copy(), made.table.index[made.table.EVID == 0]
    table.loc[rows, "DV"], table.loc[rows, "MDV"] = (f * (1 + error)).ravel(), 0
    if lloq:
        table.loc[rows, "LLOQ"] = lloq
        table.loc[rows, "BLQ"] = (table.loc[rows, "DV"] < lloq).astype(int)
    return dataclasses.replace(made, table=table)


def noise() -> np.ndarray:
    return 0.1 * np.random.default_rng(5).normal(size=(DOSES.size, TIMES.size))


def test_scores_are_exact_where_everything_is_half_as_high_again() -> None:
    found = validate(fit(size=4, omega=0.0), study(omega=0.0, error=0.5)).sel(kind="population")
    score = found.score.sel(endpoint="cp")
    f = DOSES[:, None] / 20 * np.exp(-3 / 20 * TIMES)
    centre = np.median(f, axis=0)  # of each planned time
    wanted = {
        "bias": -0.5 * f.mean(),
        "RMSE": 0.5 * np.sqrt((f**2).mean()),
        "pc_RMSE": 0.5 * np.sqrt((centre**2).mean()),
        "AFE": 1 / 1.5,
        "AAFE": 1.5,
        "within_2_fold": 1.0,
    }
    for measure, value in wanted.items():
        assert score.sel(measure=measure).item() == pytest.approx(value, rel=1e-5), measure
    assert found.score.sel(endpoint="all", measure="AAFE") == pytest.approx(1.5, rel=1e-5)
    assert np.isnan(found.score.sel(endpoint="all", measure="RMSE"))
    assert (found.coverage == 0).all()  # half as high again is five residual SDs


def test_the_right_model_covers_what_it_says_and_wrong_ones_do_not() -> None:
    data = study(error=noise())
    right = validate(fit(), data).sel(kind="population", endpoint="cp")
    assert right["count"] == data.table.query("EVID == 0").shape[0]
    z = (right.coverage - right.probability) / right.coverage_error
    assert np.abs(z).max() < 3.5
    assert 0.9 < right.score.sel(measure="AFE") < 1.1
    narrow = validate(fit(omega=0.05), data).sel(kind="population", endpoint="cp")
    assert (narrow.coverage + 3.5 * narrow.coverage_error).sel(probability=0.5) < 0.5
    fast = validate(fit(cl=5.0), data).sel(kind="population", endpoint="cp")
    assert fast.score.sel(measure="AFE") < 0.8


def test_values_below_the_limit_count_by_their_probability() -> None:
    data = study(error=noise(), lloq=3.0)
    assert data.table.BLQ.mean() > 0.2
    found = validate(fit(), data).sel(kind="population", endpoint="cp")
    z = (found.coverage - found.probability) / found.coverage_error
    assert np.abs(z).max() < 3.5


def test_early_data_make_the_later_predictions_better() -> None:
    found = validate(fit(), study(error=noise()), early=2.0, draws=100)
    assert list(found.kind.values) == ["population", "individual"]
    assert (found.TIME > 2).all()
    score = found.score.sel(endpoint="cp")
    error = score.sel(measure="RMSE")
    assert error.sel(kind="individual") < 0.8 * error.sel(kind="population")
    width = found.interval.sel(bound="upper") - found.interval.sel(bound="lower")
    ratio = width.sel(kind="individual", probability=0.9) / width.sel(
        kind="population", probability=0.9
    )
    assert ratio.mean() < 0.9
    own = found.sel(kind="individual", endpoint="cp", probability=0.9)
    assert abs(own.coverage - 0.9) < 4 * own.coverage_error


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(CheckError, match="no observation"):
        validate(fit(size=4), study(), early=99.0, draws=4)
