"""Results as netCDF and as zarr: whole, replaced whole, and read back with every attribute."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.manifest import Manifest, write_manifest
from pkqsp_bayes.fitting.results.store import STUDY_FILE, Store, read_study_of, write_tree
from pkqsp_bayes.study.write import write_study
from tests.fitting.trees import made_tree

LONG = {"model": "title = 'x'\n" * 10_000, "solver": json.dumps({"solves": 3})}


@pytest.mark.parametrize("store", ["netcdf", "zarr"])
def test_what_is_read_is_what_was_written(store: Store, tmp_path: Path) -> None:
    tree = made_tree()
    tree.attrs.update(LONG)
    (written,) = write_tree(tmp_path, tree, store)
    assert [p.name for p in tmp_path.iterdir()] == [written.name]
    for place in (tmp_path, written):
        read = pq.read_fit(place)
        xr.testing.assert_identical(read["posterior"].to_dataset(), tree["posterior"].to_dataset())
        assert read.attrs == tree.attrs
        assert pq.diagnose(read) == []


def test_an_older_result_is_replaced(tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        tree = made_tree()
        tree["posterior"] = xr.DataTree(tree["posterior"].to_dataset() * value)
        write_tree(tmp_path, tree, "both")
        for name in ("fit.nc", "fit.zarr"):
            read = pq.read_fit(tmp_path / name)
            np.testing.assert_array_equal(read["posterior"]["CL"], tree["posterior"]["CL"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fit.nc", "fit.zarr"]


@pytest.mark.parametrize("store", ["netcdf", "zarr"])
def test_a_write_that_fails_leaves_what_was_there(store: Store, tmp_path: Path) -> None:
    (written,) = write_tree(tmp_path, made_tree(), store)
    broken = made_tree()
    broken.attrs["odd"] = object()  # neither format takes it
    with pytest.raises(Exception, match=r".*"):
        write_tree(tmp_path, broken, store)
    assert [p.name for p in tmp_path.iterdir()] == [written.name]
    assert "odd" not in pq.read_fit(tmp_path).attrs


def test_a_folder_without_a_result_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(pq.CheckError, match="there is no fit in it"):
        pq.read_fit(tmp_path / "nowhere")
    manifest = Manifest(program="", data="", settings={"chains": 4}, chains={"1": "chain_1.csv"})
    write_manifest(tmp_path, manifest)
    with pytest.raises(
        pq.CheckError, match=r"1 of 4 chains are finished \(resume it: call pkqsp_bayes.fit"
    ):
        pq.read_fit(tmp_path)


def test_a_file_that_is_no_result_is_told(tmp_path: Path) -> None:
    (tmp_path / "fit.nc").write_text("no netCDF")
    with pytest.raises(pq.CheckError, match="it cannot be read"):
        pq.read_fit(tmp_path)


def test_a_file_that_is_open_elsewhere_is_not_called_damaged(tmp_path: Path) -> None:
    (written,) = write_tree(tmp_path, made_tree(), "netcdf")
    with (
        xr.open_datatree(written, engine="h5netcdf"),
        pytest.raises(pq.CheckError, match=r"close the file where it is open"),
    ):
        pq.read_fit(tmp_path)
    assert "posterior" in pq.read_fit(tmp_path).children, "the remedy helps"


def test_the_study_of_a_fit_is_read_again(tmp_path: Path) -> None:
    with pytest.raises(pq.CheckError, match="it has no study of the fit"):
        read_study_of(tmp_path)
    study = pq.load_dataset("theophylline")
    write_study(study, tmp_path / STUDY_FILE)
    assert read_study_of(tmp_path).subjects == study.subjects
