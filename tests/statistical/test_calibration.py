"""Simulation-based calibration of a small hierarchical ODE model, and models that are wrong."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import pkqsp_bayes as pq
from pkqsp_bayes.cli import app
from pkqsp_bayes.spec.reading.toml import format_model
from tests.statistical.calibrations import given_data, of_the_prior, wrong_error, wrong_prior
from tests.statistical.oral import design, model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prior(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    folder = tmp_path_factory.mktemp("prior")
    return folder, of_the_prior(folder)


def test_ranks_of_the_right_model_are_uniform(prior: tuple[Path, xr.Dataset]) -> None:
    result = prior[1]
    assert (result["status"] == "ok").all()
    assert int((result["divergent"] > 0).sum()) <= 5
    table = pq.calibration_table(result)
    assert set(table.index) == {
        "CL", "V", "ka", "omega[CL]", "omega[V]", "sigma[cp]", "misfit[cp]",
    }  # fmt: skip
    assert not table.rejected.any(), table


def test_the_posterior_averaged_over_data_is_the_prior(prior: tuple[Path, xr.Dataset]) -> None:
    table = pq.calibration_table(prior[1])
    assert (table.bias.abs() < 4).all(), table
    assert table.spread.between(0.7, 1.4).all(), table
    assert (table.loc[["CL", "V", "misfit[cp]"], "contraction"] > 0.5).all(), table


def test_a_killed_calibration_loses_nothing(prior: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    """Some outcomes gone, one cut short: these are run again, with the same result."""
    folder, before = prior
    for path in folder.glob("*.json"):
        shutil.copy(path, tmp_path)
    (tmp_path / "replicate_00007.json").unlink()
    cut = tmp_path / "replicate_00011.json"
    cut.write_text(cut.read_text()[:100])
    kept = (tmp_path / "replicate_00003.json").stat().st_mtime_ns
    after = of_the_prior(tmp_path)
    assert (tmp_path / "replicate_00003.json").stat().st_mtime_ns == kept
    np.testing.assert_array_equal(after["rank"], before["rank"])


def test_another_calibration_is_refused(prior: tuple[Path, xr.Dataset]) -> None:
    with pytest.raises(pq.CheckError, match="it already has a calibration"):
        pq.sbc(model(), design(), prior[0])
    with pytest.raises(pq.CheckError, match="another design, settings"):
        pq.sbc(model(), design(subjects=13), prior[0], resume=True)


def test_the_posterior_of_data_is_calibrated(tmp_path: Path) -> None:
    result = given_data(tmp_path)
    assert (result["status"] == "ok").all()
    assert not pq.calibration_table(result).rejected.any()


@pytest.mark.parametrize("wrong", [wrong_error, wrong_prior])
def test_a_wrong_model_is_caught(wrong, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = wrong(tmp_path)
    table = pq.calibration_table(result)
    assert table.rejected.any()
    assert pq.calibration_issues(result)
    if wrong is wrong_prior:
        assert table.loc["CL", "rejected"]
        assert table.loc["CL", "bias"] > 0, "the fit expects larger clearances"


def test_draws_that_cannot_be_solved_are_counted(tmp_path: Path) -> None:
    """A solver that may take 3 steps fails everywhere; the run says so and ends."""
    hopeless = pq.BindOptions(solver=dataclasses.replace(pq.BindOptions().solver, max_steps=3))
    result = pq.sbc(model(), design(), tmp_path, replicates=3, options=hopeless)
    assert not (result["status"] == "ok").any()
    assert "3 failed: 3 x no data were simulated" in pq.calibration_issues(result)[0].what


def test_the_command_takes_a_design_without_values(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(format_model(model()))
    table = design().table[["ID", "TIME", "EVID", "AMT"]]
    table.to_csv(tmp_path / "design.csv", index=False)
    arguments = [str(tmp_path / name) for name in ("model.toml", "design.csv")]
    arguments += ["-o", str(tmp_path / "out"), "--replicates", "2", "--warmup", "100"]
    ended = CliRunner().invoke(app, ["sbc", *arguments, "--draws", "100"])
    assert ended.exit_code == 0, ended.output
    assert "omega[CL]" in ended.output
    assert "2 replicates are too few" in ended.output
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"sbc.nc", "calibration.csv", "calibration.png"} <= written
