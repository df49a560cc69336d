"""What is made of ranks, on a posterior that is known: normal mean, normal prior."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from pkqsp_bayes.analysis.calibration.calibration import (
    calibration_issues,
    calibration_table,
)
from pkqsp_bayes.analysis.calibration.sbc_result import collect_result
from pkqsp_bayes.analysis.calibration.sbc_task import read_outcome

SIZE, KEPT = 200, 99


def calibration(*, shift: float = 0.0, scale: float = 1.0, blind: bool = False) -> xr.Dataset:
    """SBC of mu ~ N(0, 1), y ~ N(mu, 1): the posterior is N(y / 2, 1 / 2), drawn exactly.

    ``shift`` and ``scale`` spoil it; ``blind`` gives the prior in its place.
    """
    rng = np.random.default_rng(3)
    mu = rng.normal(size=SIZE)
    y = mu + rng.normal(size=SIZE)
    mean, sd = (0 * y, 1.0) if blind else (y / 2, np.sqrt(0.5))
    draws = mean[:, None] + shift + scale * sd * rng.normal(size=(SIZE, KEPT))
    outcomes = [
        {
            "status": "ok", "quantities": ["misfit", "mu"],
            "draws": np.stack([abs(y[i] - draws[i]), draws[i]], axis=1).tolist(),
            "mean": [abs(y[i] - draws[i]).mean(), draws[i].mean()],
            "sd": [abs(y[i] - draws[i]).std(), draws[i].std()],
            "divergent": 0, "ess": 500.0, "leapfrogs": 1, "seconds": 1.0,
        }
        for i in range(SIZE)
    ]  # fmt: skip
    truth = xr.DataArray(
        np.stack([mu, np.full(SIZE, 3.0)], axis=1),
        dims=["replicate", "parameter"],
        coords={"parameter": ["mu", "known"]},
    )
    result = collect_result(truth, {"misfit": abs(y - mu)}, outcomes, kept=KEPT, seed=1)
    return result.assign_attrs(model="normal", given="nothing")


def test_an_exact_posterior_passes() -> None:
    result = calibration()
    assert result["parameter"].values.tolist() == ["mu", "misfit"], "what no fit has is left out"
    table = calibration_table(result)
    assert not table.rejected.any()
    assert calibration_issues(result) == []
    assert table.loc["mu", "contraction"] == pytest.approx(0.5, abs=0.15)
    assert table.loc["mu", "spread"] == pytest.approx(1, abs=0.15)
    assert table.loc["mu", "averaged_sd"] == pytest.approx(1, abs=0.1)
    assert abs(table.loc["mu", "bias"]) < 3


@pytest.mark.parametrize("spoilt", [{"shift": 0.25}, {"scale": 0.7}, {"scale": 1.4}])
def test_a_wrong_posterior_is_rejected(spoilt: dict[str, float]) -> None:
    result = calibration(**spoilt)
    assert calibration_table(result).loc["mu", "rejected"]
    found = [issue for issue in calibration_issues(result) if issue.where == "mu"]
    assert len(found) == 1
    assert "not uniform" in found[0].what


def test_the_prior_in_place_of_the_posterior_is_seen_by_the_misfit_alone() -> None:
    table = calibration_table(calibration(blind=True))
    assert not table.loc["mu", "rejected"]
    assert table.loc["misfit", "rejected"]


def test_ranks_count_the_draws_below() -> None:
    outcome = {
        "status": "ok", "quantities": ["a"], "draws": [[0.1], [0.4], [0.9]], "mean": [0.5],
        "sd": [0.4], "divergent": 0, "ess": 3.0, "leapfrogs": 9, "seconds": 0.1,
    }  # fmt: skip
    truth = xr.DataArray(
        [[0.5], [0.0], [2.0]], dims=["replicate", "parameter"], coords={"parameter": ["a"]}
    )
    failed = {"status": "no initial values have a finite density", "seconds": 0.1}
    outcomes = [outcome, failed, outcome]
    result = collect_result(truth, {"m": np.zeros(3)}, outcomes, kept=3, seed=1)
    np.testing.assert_array_equal(result["rank"].sel(parameter="a"), [2, np.nan, 3])
    pit = result["pit"].sel(parameter="a").to_numpy()
    assert 0.5 <= pit[0] < 0.75 <= pit[2] < 1
    assert np.isnan(pit[1])


def test_failures_divergences_and_few_draws_are_found() -> None:
    result = calibration()
    status = ["no initial values have a finite density"] * 3 + ["ok"] * (SIZE - 3)
    result["status"] = ("replicate", status)
    result["divergent"][10:14] = 2
    result["ess"][20:25] = 40
    found = [issue.what for issue in calibration_issues(result)]
    assert found[0] == "3 failed: 3 x no initial values have a finite density"
    assert found[1].startswith("4 of 197 fits have divergent")
    assert found[2].startswith("5 of 197 fits have an ESS below the 99 draws")


def test_too_few_replicates_are_not_judged() -> None:
    result = calibration(shift=1.0).isel(replicate=slice(10))
    assert [issue.what for issue in calibration_issues(result)] == [
        "10 replicates are too few (at least 20)"
    ]


def test_calibrations_of_earlier_versions_are_read(tmp_path: Path) -> None:
    old = {
        "status": "ok", "quantities": ["CL", "correlation_1[V,CL]", "misfit[cp]"],
        "draws": [[1.0, 0.2, 0.3]], "mean": [1.0, 0.2, 0.3], "sd": [0.1, 0.1, 0.1],
        "divergent": 0, "ess": 1.0, "leapfrogs": 1, "seconds": 1.0,
    }  # fmt: skip
    (tmp_path / "old.json").write_text(json.dumps(old))
    read = read_outcome(tmp_path / "old.json")
    assert read is not None
    assert read["quantities"] == ["CL", "corr[CL,V]", "misfit[cp]"]
    result = calibration()
    names = ["correlation_1[V,CL]", "misfit[cp]"]
    earlier = result.rename(parameter="quantity").assign_coords(quantity=names)
    table = calibration_table(earlier)
    assert table.index.to_list() == ["corr[CL,V]", "misfit[cp]"]
    assert table.index.name == "parameter"
    np.testing.assert_array_equal(table.to_numpy(), calibration_table(result).to_numpy())
