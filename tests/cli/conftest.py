"""A fit made by hand, in a folder as `pkqsp fit` leaves it."""

from pathlib import Path

import pytest

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.store import STUDY_FILE, write_tree
from pkqsp_bayes.study.write import write_study
from tests.fits import theophylline_fit


@pytest.fixture(scope="session")
def study() -> pq.Study:
    return pq.load_dataset("theophylline")


@pytest.fixture(scope="session")
def folder(study: pq.Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fit")
    write_tree(made, theophylline_fit(study), "netcdf")
    write_study(study, made / STUDY_FILE)
    return made


@pytest.fixture(scope="session")
def table(folder: Path) -> Path:
    """The file of the study."""
    return folder / STUDY_FILE
