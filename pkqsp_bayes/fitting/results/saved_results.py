"""Files with results of `find_mode`, `approximate` and `sample_prior`."""

from pathlib import Path

import xarray as xr

from pkqsp_bayes.outputs import stage_output

__all__ = ["write_result"]


def write_result(tree: xr.DataTree, folder: Path) -> Path:
    """Write a result atomically as ``<method>.nc``, and return the file.

    Parameters
    ----------
    tree : xarray.DataTree
        The result; its attribute ``method`` is the name of the file.
    folder : Path
        Folder for the file; it is created if it does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{tree.attrs['method']}.nc"
    with stage_output(path) as part:
        tree.to_netcdf(part, engine="h5netcdf")
    return path
