"""Replicates as data: censoring, and the data with a replicate of them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.analysis.calibration.replicates import (
    joint_data,
    limits_of,
    planned_study,
    posterior_replicates,
    replicate_data,
    twice,
)
from pkqsp_bayes.analysis.calibration.sbc import sbc
from pkqsp_bayes.analysis.calibration.sbc_task import misfit
from pkqsp_bayes.program.bind import BindOptions, BoundModel, bind_model
from tests.statistical.oral import design, model


def bound(lloq: float = np.nan) -> tuple[pq.Study, BoundModel]:
    study = planned_study(design(subjects=2))
    table = study.table.assign(LLOQ=lloq, ULOQ=5.0)
    study = dataclasses.replace(study, table=table)
    return study, bind_model(model(), study)


def test_a_study_with_values_is_left_alone() -> None:
    study = planned_study(design())
    assert planned_study(study) is study


def test_what_lies_beyond_the_limits_is_censored() -> None:
    study, made = bound(lloq=0.5)
    values = np.array([0.2, 0.5, 3.0, 5.0, 6.0, 1.0])
    data = replicate_data(made, values, limits_of(study, made)).data
    assert data["censored"].tolist() == [-1, 0, 0, 0, 1, 0]
    assert data["y"].tolist() == [0.5, 0.5, 3.0, 5.0, 5.0, 1.0]


def test_without_a_limit_nothing_is_below_it() -> None:
    study, made = bound()
    values = np.array([-1.0, 0.5, 3.0, 5.0, 6.0, 1.0])
    data = replicate_data(made, values, limits_of(study, made)).data
    assert data["censored"].tolist() == [0, 0, 0, 0, 1, 0]
    assert data["y"][0] == -1.0


def test_data_and_replicate_together_are_the_same_subjects_with_more_observations() -> None:
    study, made = bound()
    values = np.arange(1.0, 7.0) / 2
    both = joint_data(made, replicate_data(made, values, limits_of(study, made)))
    assert both.data["observations"] == 12
    assert np.asarray(both.data["observed"]).tolist() == [1, 7, 13]
    old = np.asarray(made.data["y"])
    expected = np.concatenate([old[:3], values[:3], old[3:], values[3:]])
    np.testing.assert_array_equal(both.data["y"], expected)
    record = made.data["record"]
    assert both.data["record"].tolist() == [*record[:3] * 2, *record[3:] * 2]
    assert both.observed["ID"] == ["1"] * 6 + ["2"] * 6
    assert both.observed["DV"] == expected.tolist()
    assert twice(made).tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]
    assert both.program == made.program


def test_misfit_is_the_root_mean_square() -> None:
    study, made = bound()
    with_values = replicate_data(made, np.full(6, 2.0), limits_of(study, made))
    found = misfit(with_values, np.array([[2.0] * 6, [3.0] * 6, [2.0] * 5 + [2 + np.sqrt(6)]]))
    np.testing.assert_allclose(found["misfit[cp]"], [0, 1, 1])


def test_settings_that_mean_nothing_are_refused_together(tmp_path: Path) -> None:
    with pytest.raises(pq.CheckError) as caught:
        sbc(
            model(), design(), tmp_path, replicates=0, kept=501, options=BindOptions(blq="M1"),
            settings=pq.FitSettings(chains=1, draws=500),
        )  # fmt: skip
    assert [issue.where for issue in caught.value.issues] == ["replicates", "kept", "options.blq"]
    assert not any(tmp_path.iterdir())


def posterior(draws: int) -> xr.DataTree:
    number = np.arange(2.0 * draws).reshape(2, draws)
    by_draw = ("chain", "draw")
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {
                    "CL": (by_draw, number),
                    "omega": ((*by_draw, "effect"), number[..., None] + [0.1, 0.2]),
                    "eta": ((*by_draw, "subject", "effect"), np.zeros((2, draws, 3, 2))),
                },
                coords={"effect": ["CL", "V"]},
            ),
            "posterior_predictive": xr.Dataset(
                {
                    name: ((*by_draw, "observation"), number[..., None] + [shift, 0.0])
                    for name, shift in (("prediction", 0.3), ("DV", 0.4))
                }
            ),
        }
    )


def test_draws_of_a_posterior_keep_what_they_made() -> None:
    made = posterior_replicates(posterior(10), 12, seed=1)
    truth = made.truth.sel(parameter="CL").to_numpy()
    assert made.truth["parameter"].values.tolist() == ["CL", "omega[CL]", "omega[V]"]
    assert np.unique(truth).size == 12
    assert set(truth) <= set(range(20))
    np.testing.assert_allclose(made.truth.sel(parameter="omega[V]"), truth + 0.2)
    np.testing.assert_allclose(made.prediction, truth[:, None] + [0.3, 0])
    np.testing.assert_allclose(made.value, truth[:, None] + [0.4, 0])


def test_a_posterior_has_only_so_many_draws() -> None:
    with pytest.raises(pq.CheckError, match="21 replicates of a posterior that has 20 draws"):
        posterior_replicates(posterior(10), 21, seed=1)


def test_a_limit_on_one_row_censors_all_replicates_of_its_endpoint() -> None:
    study, made = bound()
    table = study.table.assign(ULOQ=np.nan)
    rows = table.index[table.EVID == 0]
    table.loc[rows[1], ["DV", "LLOQ", "BLQ"]] = [0.5, 0.5, 1]
    study = dataclasses.replace(study, table=table)
    made = bind_model(model(), study)
    limits = limits_of(study, made)
    assert limits.lower.tolist() == [0.5] * 6
    values = np.array([0.2, 0.5, 3.0, 0.4, 6.0, 1.0])
    assert replicate_data(made, values, limits).data["censored"].tolist() == [-1, 0, 0, -1, 0, 0]
