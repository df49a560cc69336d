"""Results on disk as netCDF or zarr: atomic writing, and reading."""

import re
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
"""Files in the folder for each choice of store."""

STUDY_FILE = "study.csv"
"""Name of the file with the fitted study, in the folder of the fit."""


@checked(folder=PATH)
def read_fit(folder: Path | str) -> xr.DataTree:
    """Return the result of a fit from its folder.

    Parameters
    ----------
    folder : Path
        Output folder of `pkqsp_bayes.fit`, or its file ``fit.nc`` or ``fit.zarr``.

    Returns
    -------
    xarray.DataTree
        The result in memory, with the labels of this version. If both files exist, the newer one.

    Raises
    ------
    CheckError
        If there is no result; it lists the finished chains. Also if the result cannot be read, is
        not valid, or is not safe: objects, links out of the file, impossible sizes.
    """
    place = Path(folder)
    found = place if place.suffix in (".nc", ".zarr") else _newest(place)
    if found is None or not _is_there(found):
        raise CheckError([_absent(place)])
    with _explain_read_errors(found):
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
    # Warnings of xarray are not relevant for a valid file, and too many for a damaged one.
    with warnings.catch_warnings(action="ignore"), xr.open_datatree(path, engine=engine) as tree:
        read: xr.DataTree = tree.load()
    read.attrs.pop(ALL_CHUNKS, None)
    read.encoding["source"] = str(path)
    return read


_LOCKED = re.compile(r"\block(ing)?\b")
"""What HDF5 reports of a file that is open elsewhere."""
_CLOSE = "close the file where it is open, such as an xarray.open_datatree in this process"


@contextmanager
def _explain_read_errors(path: Path) -> Iterator[None]:
    """Replace any error of the libraries by one that names the damaged file."""
    try:
        yield
    except CheckError:
        raise
    except Exception as error:  # their types depend on the library and its version
        what = f"it cannot be read: {error}"
        is_open = bool(_LOCKED.search(str(error)))
        remedy = _CLOSE if is_open else "resume the fit: it is written again"
        raise CheckError([Issue(where=str(path), what=what[:500], remedy=remedy)]) from None


def _check_netcdf(path: Path) -> list[Issue]:
    if not path.is_file():  # reading a pipe would not return
        what = "this is not a file"
        return [Issue(where=str(path), what=what, remedy="give the folder of the fit")]
    return check_netcdf(path)


def read_study_of(folder: Path | str) -> Study:
    """Return the study that was fitted, from the folder of the fit.

    Parameters
    ----------
    folder : Path
        Output folder of `pkqsp_bayes.fit`.

    Raises
    ------
    CheckError
        If the folder has no study; fits of earlier versions did not keep it.
    """
    path = Path(folder) / STUDY_FILE
    if not path.exists():
        what, remedy = "it has no study of the fit", setting("study")
        raise CheckError([Issue(where=str(folder), what=what, remedy=remedy)])
    return read_study(path)


def _newest(folder: Path) -> Path | None:
    there = [folder / name for name in STORES["both"] if _is_there(folder / name)]
    return max(there, key=lambda path: path.stat().st_mtime, default=None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a folder without permission
        return False


def _absent(folder: Path) -> Issue:
    manifest = read_manifest(folder) if _is_there(folder) and folder.is_dir() else None
    if manifest is None:
        what, remedy = "there is no fit in it", "give the folder that the fit was written to"
    else:
        done, wanted = len(manifest.chains), manifest.settings["chains"]
        what = f"the fit has no result yet: {done} of {wanted} chains are finished"
        remedy = f"resume it: {setting('fit again')}"
    return Issue(where=str(folder), what=what, remedy=remedy)


def write_tree(folder: Path, tree: xr.DataTree, store: Store) -> list[Path]:
    """Write a result atomically; an earlier result is replaced.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    tree : xarray.DataTree
        The result.
    store : {"netcdf", "zarr", "both"}
        Format of the files.

    Returns
    -------
    list of Path
        The files.
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
    """Write all chunks, also those of zeros, and mark the store: a missing chunk is then damage.

    The format is 2, since format 3 has no text of fixed length and fewer programs can read it.
    """
    marked = tree.copy(deep=False)
    marked.attrs = tree.attrs | {ALL_CHUNKS: 1}
    with zarr.config.set({"array.write_empty_chunks": True}):
        marked.to_zarr(part, zarr_format=2)


def _size(tree: xr.DataTree) -> int:
    """Return the greatest size of the file of a result in bytes, overhead included."""
    values = sum(node.to_dataset(inherit=False).nbytes for node in tree.subtree)
    texts = sum(len(str(value)) for node in tree.subtree for value in node.attrs.values())
    return values + values // 10 + texts + 100_000


def describe_files(folder: Path) -> list[tuple[Path, str]]:
    """Return the files of a fit, each with a description of its contents.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    """
    descriptions = (
        ("fit.nc", "draws and predictions; read them with pkqsp_bayes.read_fit"),
        ("fit.zarr", "the same, as zarr"),
        ("summary.csv", "the table above"),
        ("model.toml", "the model"),
        (STUDY_FILE, "the study"),
        ("program.stan", "the Stan program"),
        ("data.json", "the data of the Stan program"),
        ("manifest.json", "settings and finished chains, to resume the fit"),
        ("chain_1.csv", "draws of the sampler, one file per chain; .txt: its messages"),
    )
    return [(folder / name, what) for name, what in descriptions if (folder / name).exists()]
