"""`pkqsp budget`, `pkqsp report`: as a user runs them on a fit."""

from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.engine.tables import parse_times
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.fitting.results.store import STUDY_FILE, write_tree
from pkqsp_bayes.study.write import write_study
from tests.test_cli import pkqsp


@pytest.fixture(scope="module")
def folder(
    hand_fit: xr.DataTree, theophylline: pq.Study, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    made = tmp_path_factory.mktemp("fit")
    write_tree(made, hand_fit, "netcdf")
    write_study(theophylline, made / STUDY_FILE)
    return made


def test_budget_writes_table_and_picture(folder: Path, tmp_path: Path) -> None:
    code, text = pkqsp(
        "budget", folder, "--endpoint", "cp", "--dose", 100, "--to", "oral", "--times", "1:9:4",
        "--covariate", "WT=80", "--outer", 20, "--inner", 10, "-o", tmp_path / "budget.csv",
        "--plot", tmp_path / "budget.png",
    )  # fmt: skip
    assert code == 0, text
    table = pd.read_csv(tmp_path / "budget.csv")
    assert set(table["time"]) == {1.0, 5.0, 9.0}
    assert set(table["component"]) == {"between_subject", "parameter", "residual", "total"}
    assert (tmp_path / "budget.png").stat().st_size > 10_000


def test_budget_reports_what_is_wrong(folder: Path) -> None:
    code, text = pkqsp("budget", folder, "--endpoint", "cp", "--dose", 1, "--times", "3:1:1")
    assert code == 2
    assert "START:STOP:STEP" in text


def test_report_takes_the_study_of_the_fit(folder: Path, tmp_path: Path) -> None:
    code, text = pkqsp("report", folder, "--quick", "-o", tmp_path)
    assert code == 0, text
    page = (tmp_path / "report.html").read_text()
    assert "could not be made" not in page
    assert "Left out: this section needs the study" not in page


@pytest.mark.parametrize("text", ["", "a", "1:2", "0:1:0", "0:1:-1", "2,1", "1,1", "0:1e9:1e-9"])
def test_times_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(CheckError, match="is not valid"):
        parse_times(text)
