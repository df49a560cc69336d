"""Results on disk: netCDF or zarr, written whole, and read back."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import xarray as xr
import zarr

from pkqsp_bayes.arguments import PATH, checked
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.manifest import read_manifest
from pkqsp_bayes.fitting.results.metadata import attribute_issues
from pkqsp_bayes.fitting.results.output_folder import reserve
from pkqsp_bayes.fitting.results.quantities import name_groups
from pkqsp_bayes.fitting.results.safe_netcdf import check_netcdf
from pkqsp_bayes.fitting.results.safe_zarr import ALL_CHUNKS, check_zarr
from pkqsp_bayes.fitting.results.tree_checks import tree_issues
from pkqsp_bayes.outputs import stage_output
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.study.read import read_study
from pkqsp_bayes.study.study import Study

__all__ = [
    "STORES",
    "STUDY_FILE",
    "Store",
    "describe_files",
    "read_fit",
    "read_study_of",
    "write_tree",
]

Store = Literal["netcdf", "zarr", "both"]

STORES: dict[Store, tuple[str, ...]] = {
    "netcdf": ("fit.nc",),
    "zarr": ("fit.zarr",),
    "both": ("fit.nc", "fit.zarr"),
}
"""What a choice of store leaves in the folder."""

STUDY_FILE = "study.csv"
"""The study that was fitted, in its folder."""


@checked(folder=PATH)
def read_fit(folder: Path | str) -> xr.DataTree:
    """Return the result of a fit from its folder.

    Parameters
    ----------
    folder : Path
        Where `pkqsp_bayes.fit` wrote, or one of its files ``fit.nc`` and ``fit.zarr``.

    Returns
    -------
    xarray.DataTree
        In memory, in the labels of this version. Where both files are there, the newer one.

    Raises
    ------
    CheckError
        If there is none, with the chains that are done; if it cannot be read, is not what it
        should be, or would have to be trusted: objects, links out of the file, absurd sizes.
    """
    place = Path(folder)
    found = place if place.suffix in (".nc", ".zarr") else _newest(place)
    if found is None or not _is_there(found):
        raise CheckError([_absent(place)])
    with _told_reading(found):
        issues = (check_zarr if found.suffix == ".zarr" else _check_netcdf)(found)
        if issues:
            raise CheckError(issues)
        tree = _read(found)
    issues = [*tree_issues(tree, str(found)), *attribute_issues(tree, str(found))]
    if issues:
        raise CheckError(issues)
    return name_groups(tree)


def _read(path: Path) -> xr.DataTree:
    engine = "zarr" if path.suffix == ".zarr" else "h5netcdf"
    # What xarray warns of in a sound file is nothing; a damaged one must not flood the terminal.
    with warnings.catch_warnings(action="ignore"), xr.open_datatree(path, engine=engine) as tree:
        read: xr.DataTree = tree.load()
    read.attrs.pop(ALL_CHUNKS, None)
    read.encoding["source"] = str(path)
    return read


@contextmanager
def _told_reading(path: Path) -> Iterator[None]:
    """Turn whatever the libraries say of a damaged file into one error that names it."""
    try:
        yield
    except CheckError:
        raise
    except Exception as error:  # theirs are of every kind, and change from version to version
        what, remedy = f"it cannot be read: {error}", "resume the fit: it is written anew"
        raise CheckError([Issue(where=str(path), what=what[:500], remedy=remedy)]) from None


def _check_netcdf(path: Path) -> list[Issue]:
    if not path.is_file():  # a pipe would be waited for
        what = "this is no file"
        return [Issue(where=str(path), what=what, remedy="name the folder of the fit")]
    return check_netcdf(path)


def read_study_of(folder: Path | str) -> Study:
    """Return the study that was fitted, from the folder of the fit.

    Parameters
    ----------
    folder : Path
        Where `pkqsp_bayes.fit` wrote.

    Raises
    ------
    CheckError
        If it is not there: fits of earlier versions did not keep it.
    """
    path = Path(folder) / STUDY_FILE
    if not path.exists():
        what, remedy = "the study of the fit is not in it", "give the study itself"
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
    return read_study(path)


def _newest(folder: Path) -> Path | None:
    there = [folder / name for name in STORES["both"] if _is_there(folder / name)]
    return max(there, key=lambda path: path.stat().st_mtime, default=None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a folder that is closed to us
        return False


def _absent(folder: Path) -> Issue:
    manifest = read_manifest(folder) if _is_there(folder) and folder.is_dir() else None
    if manifest is None:
        what, remedy = "there is no fit in it", "name the folder that the fit was written to"
    else:
        done, wanted = len(manifest.chains), manifest.settings["chains"]
        what = f"the fit has no result yet: {done} of {wanted} chains are done"
        remedy = f"resume it ({setting('resume')})"
    return Issue(where=str(folder), what=what, remedy=remedy)


def write_tree(folder: Path, tree: xr.DataTree, store: Store) -> list[Path]:
    """Write a result, whole or not at all; what was there is replaced.

    Parameters
    ----------
    folder : Path
        Where.
    tree : xarray.DataTree
        What.
    store : {"netcdf", "zarr", "both"}
        As what.

    Returns
    -------
    list of Path
        What was written.
    """
    written = []
    for name in STORES[store]:
        with stage_output(folder / name) as part:
            if name.endswith(".nc"):
                reserve(part, _size(tree))
                tree.to_netcdf(part, engine="h5netcdf")
            else:
                _write_zarr(tree, part)
        written.append(folder / name)
    return written


def _write_zarr(tree: xr.DataTree, part: Path) -> None:
    """Write every chunk, even of zeros alone, and say so: then one that is missing is damage.

    Format 2: format 3 has no text of fixed length yet, and fewer readers.
    """
    marked = tree.copy(deep=False)
    marked.attrs = tree.attrs | {ALL_CHUNKS: 1}
    with zarr.config.set({"array.write_empty_chunks": True}):
        marked.to_zarr(part, zarr_format=2)


def _size(tree: xr.DataTree) -> int:
    """Return the bytes that a result takes at most, with what the format adds."""
    values = sum(node.to_dataset(inherit=False).nbytes for node in tree.subtree)
    texts = sum(len(str(value)) for node in tree.subtree for value in node.attrs.values())
    return values + values // 10 + texts + 100_000


def describe_files(folder: Path) -> list[tuple[Path, str]]:
    """Return the files that a fit has left, each with what it holds.

    Parameters
    ----------
    folder : Path
        The fit's.
    """
    told = (
        ("fit.nc", "draws and predictions; pkqsp_bayes.read_fit reads them"),
        ("fit.zarr", "the same, as zarr"),
        ("summary.csv", "the table above"),
        ("model.toml", "the model"),
        (STUDY_FILE, "the study"),
        ("program.stan", "the Stan program"),
        ("data.json", "its data"),
        ("manifest.json", "what is needed to resume"),
        ("chain_1.csv", "what the sampler wrote, a file a chain; .txt: what it said"),
    )
    return [(folder / name, what) for name, what in told if (folder / name).exists()]
