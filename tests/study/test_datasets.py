"""Studies by name: bundled, in a folder of the user's, downloaded from a server of the test's."""

import contextlib
import functools
import gc
import hashlib
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import rdata

from pkqsp_bayes.assets import data_folder
from pkqsp_bayes.errors import CheckError, ToolchainError
from pkqsp_bayes.study import CovariateColumn, DoseColumn, datasets, downloads, timelines
from pkqsp_bayes.study.downloads import DOWNLOADS, Download, download

SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not there")

MAVOGLURANT = pd.DataFrame({
    "ID": [793, 793, 793, 812, 813],
    "CMT": [1, 2, 2, 1, 1],
    "EVID": [1, 0, 0, 1, 1],
    "MDV": [1, 0, 0, 1, 1],
    "DV": [0.0, 491.0, 0.0, 0.0, 0.0],
    "AMT": [25.0, 0.0, 0.0, 25.0, 25.0],
    "TIME": [0.0, 0.2, 48.167, 0.0, 0.0],
    "RATE": [75, 0, 0, 75, 75],
    "AGE": [42, 42, 42, 31, 31],
    "WT": [94.3, 94.3, 94.3, 70.0, 70.0],
})  # fmt: skip
WARFARIN = pd.DataFrame({
    "id": [1, 1, 1],
    "time": [0.0, 24.0, 24.0],
    "amt": [100.0, 0.0, 0.0],
    "dv": [0.0, 5.6, 44.0],
    "dvid": pd.Categorical(["cp", "cp", "pca"], categories=["cp", "pca"]),
    "evid": [1, 0, 0],
    "wt": [66.7, 66.7, 66.7],
    "age": [50, 50, 50],
    "sex": pd.Categorical(["male"] * 3, categories=["female", "male"]),
})  # fmt: skip


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Suppress messages: requests are counted below."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def offered(name: str, frame: pd.DataFrame, folder: Path, address: str) -> Download:
    """Write a table as R does, and return its address."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.rda"
    rdata.write_rda(file, {name: frame})
    return Download(
        table=name,
        url=f"{address}/{file.name}",
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        convert=DOWNLOADS[name].convert,
    )


@pytest.fixture(autouse=True)
def own_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No proxy, no folder of the user's, downloads below the test's own folder."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("PKQSP_DATA", raising=False)
    folder = tmp_path / "kept"
    monkeypatch.setattr(downloads, "download_folder", lambda: folder)
    monkeypatch.setattr(datasets, "download_folder", lambda: folder)
    return folder


def test_bundled_studies() -> None:
    theophylline = datasets.load("theophylline")
    assert len(theophylline.subjects) == 12
    assert (theophylline.table["EVID"] == 1).sum() == 12
    assert (theophylline.table["EVID"] == 0).sum() == 132
    assert theophylline.units["DV"] == "mg/L"
    quinidine = datasets.load("quinidine")
    assert len(quinidine.subjects) == 136
    assert (quinidine.table["MDV"] == 0).sum() == 361
    line = timelines(
        quinidine,
        [CovariateColumn(name="AAG", interpolation="locf", unit="g/L")],
        [DoseColumn(name="oral", number=1)],
    )
    assert any(one.breaks.size > 1 for one in line)


@needs_shared
def test_studies_of_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PKQSP_DATA", str(SHARED))
    mavoglurant = datasets.load("mavoglurant")
    assert len(mavoglurant.subjects) == 20
    used = mavoglurant.table[mavoglurant.table["MDV"] == 0]
    assert len(used) == 268
    assert (used["DV"] > 0).all()
    warfarin = datasets.load("warfarin")
    assert len(warfarin.subjects) == 32
    assert set(warfarin.table["DVID"]) == {"cp", "pca"}


def test_an_unknown_name_is_refused() -> None:
    known = ("mavoglurant", "quinidine", "theophylline", "tutorial", "warfarin")
    assert datasets.names() == known
    for ask in (datasets.path, datasets.local_path, datasets.describe, datasets.load):
        with pytest.raises(CheckError, match="did you mean warfarin"):
            ask("warfrin")


def test_the_users_folder_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bundled = data_folder() / "theophylline" / "study.csv"
    monkeypatch.setenv("PKQSP_DATA", str(tmp_path))
    assert datasets.path("theophylline") == bundled
    own = tmp_path / "theophylline" / "study.csv"
    own.parent.mkdir()
    own.write_text("ID,TIME,DV\n1,0,1\n")
    assert datasets.path("theophylline") == own


def test_a_download_becomes_a_study(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_machine: Path
) -> None:
    with served(tmp_path / "web") as address:
        for name, frame in (("mavoglurant", MAVOGLURANT), ("warfarin", WARFARIN)):
            wanted = offered(name, frame, tmp_path / "web", address)
            monkeypatch.setitem(DOWNLOADS, name, wanted)
            assert datasets.local_path(name) is None
            assert datasets.path(name) == own_machine / name / "study.csv"
    # The server is gone: what was downloaded stays.
    mavoglurant = datasets.load("mavoglurant")
    assert mavoglurant.subjects == ("793", "812")
    assert mavoglurant.table["MDV"].tolist() == [1, 0, 1, 1]
    assert mavoglurant.table["RATE"].tolist() == [75, 0, 0, 75]
    assert mavoglurant.units["DV"] == "ng/mL"
    warfarin = datasets.load("warfarin")
    assert warfarin.table["DVID"].tolist() == ["cp", "cp", "pca"]
    assert warfarin.table["DV"].tolist() == [0, 5.6, 44]
    assert set(warfarin.table["sex"]) == {"male"}
    assert not list(own_machine.rglob("*.part"))


@pytest.mark.parametrize("package", ["pooch", "rdata"])
def test_without_its_packages(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ToolchainError, match=f"the package {package}.*is not installed") as caught:
        download("warfarin", DOWNLOADS["warfarin"])
    assert "pip install 'pkqsp-bayes[downloads]'" in caught.value.remedy


def test_another_file_is_refused(tmp_path: Path, own_machine: Path) -> None:
    with served(tmp_path / "web") as address:
        wanted = offered("warfarin", WARFARIN, tmp_path / "web", address)
        rdata.write_rda(tmp_path / "web" / "warfarin.rda", {"warfarin": WARFARIN.head(2)})
        with pytest.raises(ToolchainError, match="SHA-256 differs") as caught:
            download("warfarin", wanted)
    assert "PKQSP_DATA" in caught.value.remedy
    assert not list(own_machine.rglob("*.csv"))


# requests leaves the socket of an answer that is an error to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")
def test_without_a_network(tmp_path: Path) -> None:
    with served(tmp_path) as address:
        wanted = offered("warfarin", WARFARIN, tmp_path / "web", address)
        with pytest.raises(ToolchainError, match="cannot be downloaded"):  # 404
            download("warfarin", wanted)
    with pytest.raises(ToolchainError, match="'warfarin' cannot be downloaded") as caught:
        download("warfarin", wanted)
    assert wanted.url in caught.value.remedy
    assert "PKQSP_DATA" in caught.value.remedy
    del caught
    gc.collect()


def test_a_folder_that_cannot_be_written(own_machine: Path) -> None:
    own_machine.write_text("a file, where a folder should be")
    with pytest.raises(ToolchainError, match="cannot be downloaded"):
        datasets.path("warfarin")


@needs_shared
@pytest.mark.parametrize("name", sorted(DOWNLOADS))
def test_conversion_gives_the_rows_of_the_kept_copy(name: str, tmp_path: Path) -> None:
    """The whole way, from the kept copy as a data frame of R."""
    kept = pd.read_csv(SHARED / name / "study.csv")
    frame = kept.copy()
    for column in frame.columns[[isinstance(v, str) for v in frame.iloc[0]]]:
        frame[column] = frame[column].astype("category")  # factors, in R
    with served(tmp_path / "web") as address:
        table = download(name, offered(name, frame, tmp_path / "web", address))
    pd.testing.assert_frame_equal(pd.read_csv(table), kept, check_dtype=False)
