"""Results that come from anybody: nothing in them is run, followed, or believed about its size."""

import json
import random
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.metadata import attribute_issues
from pkqsp_bayes.fitting.results.store import Store, write_tree
from tests.fitting.trees import made_tree

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    tree = made_tree(solver={"solves": 3, "reasons": {"too stiff": 1}}, versions={"numpy": "2"})
    write_tree(folder, tree, "both")
    with warnings.catch_warnings(action="ignore"):  # of what format 3 lacks yet
        tree.to_zarr(folder / "three.zarr", zarr_format=3)
    return folder


@pytest.fixture
def netcdf(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole / "fit.nc", tmp_path / "fit.nc"))


def refused(path: Path, what: str) -> None:
    with pytest.raises(pq.CheckError, match=what) as caught:
        pq.read_fit(path)
    assert all(str(path) in issue.where for issue in caught.value.issues)
    assert all(issue.remedy for issue in caught.value.issues)


def test_whole_results_are_read(whole: Path) -> None:
    for name in ("fit.nc", "fit.zarr", "three.zarr"):
        assert pq.read_fit(whole / name)["posterior"]["CL"].shape == (4, 500)


_PICKLED = """
import os, pickle, sys
from pathlib import Path
import numcodecs, numpy as np, pkqsp_bayes as pq
class Bomb:
    def __reduce__(self):
        return Path(sys.argv[2]).touch, ()
folder = Path(sys.argv[1])
(folder / "0").write_bytes(pickle.dumps([Bomb(), "|O", [1]]))
from numcodecs.registry import codec_registry
assert "pickle" in codec_registry
try:
    pq.read_fit(folder.parent.parent)
except pq.CheckError as error:
    print("refused", error)
"""


def test_no_pickle_is_ever_loaded(whole: Path, tmp_path: Path) -> None:
    """A pickle in a nested group, with the codec registered: it would touch a file."""
    store = shutil.copytree(whole / "fit.zarr", tmp_path / "fit.zarr")
    array = {"shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None, "order": "C",
             "filters": [{"id": "pickle", "protocol": 5}], "compressor": None,
             "zarr_format": 2}  # fmt: skip
    place = store / "posterior" / "evil"
    place.mkdir()
    (place / ".zarray").write_text(json.dumps(array))
    touched = tmp_path / "touched"
    command = [sys.executable, "-c", _PICKLED, str(place), str(touched)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.stdout.startswith("refused"), told.stdout + told.stderr
    assert "pickle" in told.stdout
    assert not touched.exists()


def zarray(**changes: Any) -> Change:
    return lambda found: {**found, **changes}


def nested(name: str) -> Change:
    """A codec of a shard."""
    inner = {"chunk_shape": [4, 500], "codecs": [{"name": name}], "index_codecs": []}
    return zarray(codecs=[{"name": "sharding_indexed", "configuration": inner}])


GRID = {"name": "regular", "configuration": {"chunk_shape": [2**60, 2**60]}}


@pytest.mark.parametrize("codec", ["pickle", "msgpack2", "json2", "vlen-array", "categorize",
                                   "numcodecs.pickle", "my_own"])  # fmt: skip
def test_codecs_of_objects_are_refused_wherever_they_stand(
    codec: str, whole: Path, tmp_path: Path
) -> None:
    two = [zarray(filters=[{"id": codec}]), zarray(compressor={"id": codec}),
           zarray(filters=[{"id": "shuffle"}, {"id": codec}])]  # fmt: skip
    three = [zarray(codecs=[{"name": codec, "configuration": {}}]), zarray(codecs=[codec]),
             nested(codec)]  # fmt: skip
    for store, name, changes in (("fit.zarr", ".zarray", two), ("three.zarr", "zarr.json", three)):
        for number, change in enumerate(changes):
            copy = shutil.copytree(whole / store, tmp_path / f"{number}{store}")
            edit(copy / "posterior" / "CL" / name, change)
            refused(copy, f"codec '{codec.removeprefix('numcodecs.')}'")


@pytest.mark.parametrize("gone", ["posterior/CL/0.0", "sample_stats/diverging/0.0"])
def test_a_chunk_that_is_gone_is_no_zero(gone: str, tmp_path: Path) -> None:
    tree = made_tree()
    stats = tree["sample_stats"].to_dataset()
    tree["sample_stats"] = xr.DataTree(stats.assign(diverging=stats["diverging"] & False))
    (store,) = write_tree(tmp_path, tree, "zarr")
    assert not pq.read_fit(tmp_path)["sample_stats"]["diverging"].any()
    (store / gone).unlink()
    refused(store, "1 of its 1 chunks are missing")


def test_codecs_of_text_are_refused_for_numbers(whole: Path, tmp_path: Path) -> None:
    changes = (("fit.zarr", ".zarray", zarray(filters=[{"id": "vlen-utf8"}])),
               ("three.zarr", "zarr.json", zarray(codecs=[{"name": "vlen-bytes"}])))  # fmt: skip
    for store, name, change in changes:
        copy = shutil.copytree(whole / store, tmp_path / store)
        edit(copy / "posterior" / "CL" / name, change)
        refused(copy, "its codec is for text, but its values are not text")


def edit(path: Path, change: Change) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def in_consolidated(change: Change) -> Change:
    def changed(found: dict[str, Any]) -> dict[str, Any]:
        nodes = found.get("metadata") or found["consolidated_metadata"]["metadata"]
        name = next(n for n in nodes if n.endswith(("CL/.zarray", "posterior/CL", "CL")))
        nodes[name] = change(nodes[name])
        return found

    return changed


def test_consolidated_metadata_are_looked_at_too(whole: Path, tmp_path: Path) -> None:
    two = shutil.copytree(whole / "fit.zarr", tmp_path / "fit.zarr")
    edit(two / ".zmetadata", in_consolidated(zarray(filters=[{"id": "pickle"}])))
    refused(two, "pickle")
    three = shutil.copytree(whole / "three.zarr", tmp_path / "three.zarr")
    edit(three / "zarr.json", lambda found: {**found, "consolidated_metadata": {
        "kind": "inline", "metadata": {"a": {"node_type": "group", "consolidated_metadata": {
            "metadata": {"b": {"node_type": "array", "shape": [1], "data_type": "int8",
                               "chunk_grid": {"name": "regular",
                                              "configuration": {"chunk_shape": [1]}},
                               "codecs": [{"name": "numcodecs.pickle"}]}}}}}}})  # fmt: skip
    refused(three, "pickle")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (zarray(shape=[2**40, 500]), "states a size of|chunks"),
        (zarray(chunks=[2**30, 500]), "states a size of"),
        (zarray(shape=[10**7, 500], chunks=[1, 1]), "more than 1000000 chunks"),
        (zarray(chunks=[0, 500]), "is not valid"),
        (zarray(shape=[-4, 500]), "is not valid"),
        (zarray(shape="many"), "is not valid"),
        (zarray(dtype="|O"), "not numbers or text"),
        (zarray(dtype=[["a", "<f8"]]), "not numbers or text"),
        (zarray(dtype="<U2000000000"), "not numbers or text"),
        (zarray(dtype="<U500000000"), "states a size of"),
        (lambda _: [1, 2], "not a table"),
        (lambda _: None, "not a table"),
    ],
)
def test_metadata_that_make_no_sense(
    change: Change, what: str, whole: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(whole / "fit.zarr", tmp_path / "fit.zarr")
    edit(copy / "posterior" / "CL" / ".zarray", change)
    refused(copy, what)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (zarray(chunk_grid=GRID), "states a size of|chunks"),
        (zarray(chunk_grid={"name": "odd"}), "is not valid"),
        (zarray(data_type="variable_length_bytes"), "not numbers or text"),
        (zarray(data_type={"name": "struct"}), "not numbers or text"),
        (zarray(storage_transformers=[{"name": "x"}]), "transformed"),
    ],
)
def test_metadata_of_format_3(change: Change, what: str, whole: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(whole / "three.zarr", tmp_path / "fit.zarr")
    edit(copy / "posterior" / "CL" / "zarr.json", change)
    refused(copy, what)


def test_a_store_leads_nowhere_else(whole: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(whole / "fit.zarr", tmp_path / "fit.zarr")
    (copy / "posterior" / "V" / "0.0").unlink()
    (copy / "posterior" / "V" / "0.0").symlink_to("/dev/zero")
    refused(copy, "link, a pipe or a device")
    with zipfile.ZipFile(tmp_path / "zip.zarr", "w") as packed:
        packed.writestr(".zgroup", '{"zarr_format": 2}')
    refused(tmp_path / "zip.zarr", "not a folder")


def outside(file: h5py.File) -> None:
    file["posterior"]["more"] = h5py.ExternalLink("/etc/passwd", "/x")


def symbolic(file: h5py.File) -> None:
    file["posterior"]["more"] = h5py.SoftLink("/posterior/CL")


def loop(file: h5py.File) -> None:
    file["posterior"]["more"] = file["/"]


def external(file: h5py.File) -> None:
    file["posterior"].create_dataset(
        "more", (4, 500), dtype="f8", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
    )


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(4, 500), dtype="f8")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", shape=(4, 500))
    file["posterior"].create_virtual_dataset("more", layout)


def references(file: h5py.File) -> None:
    file["posterior"].create_dataset("more", (4,), dtype=h5py.ref_dtype)


def ragged(file: h5py.File) -> None:
    file["posterior"].create_dataset("more", (4,), dtype=h5py.vlen_dtype(np.dtype("f8")))


def opaque(file: h5py.File) -> None:
    file["posterior"].create_dataset("more", (4,), dtype=np.dtype("V8"))


def compound(file: h5py.File) -> None:
    file["posterior"].create_dataset("more", (4,), dtype=np.dtype([("a", "f8"), ("b", "i4")]))


def type_of_its_own(file: h5py.File) -> None:
    file["posterior"]["more"] = np.dtype("f8")


def immense(file: h5py.File) -> None:
    file["posterior"].create_dataset("more", (2**40, 500), dtype="f8", chunks=(100, 500))


def immense_chunks(file: h5py.File) -> None:
    file["posterior"].create_dataset(
        "more", (1,), maxshape=(None,), dtype="f8", chunks=(2**28 - 1,)
    )


def many_texts(file: h5py.File) -> None:
    file["posterior"].create_dataset("more", (2**40,), dtype=h5py.string_dtype(), chunks=(100,))


@pytest.mark.parametrize(
    ("change", "what"),
    [(outside, "another file"), (symbolic, "symbolic link"), (loop, "a loop"),
     (external, "another file"), (virtual, "another file"), (references, "not numbers or text"),
     (ragged, "not numbers or text"), (opaque, "not numbers or text"),
     (compound, "not numbers or text"),
     (type_of_its_own, "not an array"), (immense, "states a size of"),
     (immense_chunks, "states a size of"), (many_texts, "states a size of")],
)  # fmt: skip
def test_what_no_result_has(change: Callable[[h5py.File], None], what: str, netcdf: Path) -> None:
    with h5py.File(netcdf, "r+") as file:
        change(file)
    refused(netcdf, what)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settings", "{"), ("settings", "[1]"), ("settings", '{"draws": "many"}'),
        ("settings", '{"draws": -1}'), ("settings", '{"draws": 1e400}'),
        ("settings", '{"odd": 1}'), ("settings", '{"draws": true}'), ("settings", 3),
        ("settings", '{"adapt_delta": NaN}'), ("settings", '{"begin": "nowhere"}'),
        ("settings", "[" * 100_000), ("centred", '{"CL": 1}'), ("centred", '"CL"'),
        ("solver", '{"reasons": [1]}'), ("solver", '{"examples": [{}]}'),
        ("solver", '{"solves": "many"}'), ("versions", '{"numpy": 2}'), ("options", "null"),
        ("model", 1.0), ("program", 2),
    ],
)  # fmt: skip
def test_attributes_that_are_not_what_they_were(name: str, value: object) -> None:
    tree = made_tree()
    tree.attrs[name] = value
    assert [issue.where for issue in attribute_issues(tree, "fit.nc")] == [
        f"fit.nc: attribute {name}"
    ]
    if name in ("settings", "centred", "solver"):
        with pytest.raises(pq.CheckError, match=f"attribute {name}"):
            pq.diagnose(tree)


@pytest.mark.parametrize("store", ["netcdf", "zarr"])
def test_a_file_with_such_an_attribute_is_named(store: Store, tmp_path: Path) -> None:
    tree = made_tree()
    tree.attrs |= {"settings": "{", "centred": "[]"}
    (path,) = write_tree(tmp_path, tree, store)
    refused(path, "attribute settings")
    refused(path, "attribute centred")


@pytest.mark.parametrize(
    ("group", "values"),
    [
        ("posterior", (("chain", "draw"), np.full((4, 500), "x"))),
        ("posterior", (("chain",), np.zeros(4))),
        ("sample_stats", (("draw", "other"), np.zeros((500, 3)))),
        ("sample_stats", (("chain", "draw", "other"), np.zeros((4, 500, 2)))),
    ],
)
def test_draws_that_are_none(group: str, values: Any, tmp_path: Path) -> None:
    tree = made_tree()
    name = "CL" if group == "posterior" else "energy"
    tree[group] = xr.DataTree(tree[group].to_dataset().drop_vars(name).assign({name: values}))
    (path,) = write_tree(tmp_path, tree, "netcdf")
    refused(path, "these are not draws")


_FUZZ = """
import random, sys, warnings
from pathlib import Path
import pkqsp_bayes as pq
from pkqsp_bayes.fitting.results.summarise import summary_table
path, seed = Path(sys.argv[1]), int(sys.argv[2])
rng, content = random.Random(seed), Path(sys.argv[1]).read_bytes()
path = path.with_name(f"fuzz{seed}.nc")
refused = 0
for _ in range(int(sys.argv[3])):
    damaged = bytearray(content)
    if rng.random() < 0.2:
        damaged = damaged[: rng.randrange(len(damaged))]
    else:
        # most of a file is draws: damage where the structure is, too
        top = rng.choice([100, 2000, 20_000, len(damaged)])
        for _ in range(rng.choice([1, 1, 3, 30])):
            damaged[rng.randrange(top)] = rng.randrange(256)
    path.write_bytes(damaged)
    print("at", _, flush=True)
    try:
        pq.diagnose(pq.read_fit(path))
    except pq.CheckError as error:
        assert str(path) in str(error), error
        refused += 1
print("refused", refused)
"""


def fuzz_netcdf(path: Path, seed: int, rounds: int) -> int:
    """Read damaged copies in a process of its own: a crash of the library would end the tests."""
    command = [sys.executable, "-c", _FUZZ, str(path), str(seed), str(rounds)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, (ran.returncode, ran.stderr[-2000:])
    return int(ran.stdout.split()[-1])


def test_a_damaged_netcdf_file_is_refused_or_read(netcdf: Path) -> None:
    assert fuzz_netcdf(netcdf, 1, 60) > 10


@pytest.mark.slow
def test_many_damaged_netcdf_files(netcdf: Path) -> None:
    assert fuzz_netcdf(netcdf, 2, 3000) > 500


def fuzz_zarr(whole: Path, folder: Path, seed: int, rounds: int) -> int:
    rng, count = random.Random(seed), 0
    for store in ("fit.zarr", "three.zarr"):
        for number in range(rounds):
            copy = shutil.copytree(whole / store, folder / f"{number}{store}")
            meta = [p for p in copy.rglob("*") if p.name[:2] == ".z" or p.name == "zarr.json"]
            path = rng.choice(meta if rng.random() < 0.8 else [p for p in copy.rglob("*")
                                                              if p.is_file()])  # fmt: skip
            content = bytearray(path.read_bytes())
            for _ in range(rng.choice([1, 2, 5])):
                content[rng.randrange(len(content))] = rng.choice(b'0[{"x,9\xff')
            path.write_bytes(content[: rng.randrange(1, len(content) + 1)]
                             if rng.random() < 0.3 else content)  # fmt: skip
            try:
                pq.diagnose(pq.read_fit(copy))
            except pq.CheckError as error:
                assert str(copy) in str(error), error  # noqa: PT017
                count += 1
            shutil.rmtree(copy)
    return count


def test_a_damaged_zarr_store_is_refused_or_read(whole: Path, tmp_path: Path) -> None:
    assert fuzz_zarr(whole, tmp_path, 1, 20) > 5


@pytest.mark.slow
def test_many_damaged_zarr_stores(whole: Path, tmp_path: Path) -> None:
    assert fuzz_zarr(whole, tmp_path, 2, 500) > 100
