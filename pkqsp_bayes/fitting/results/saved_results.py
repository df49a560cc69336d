"""Results of `find_mode`, `approximate` and `sample_prior` on disk."""

from pathlib import Path

import xarray as xr

from pkqsp_bayes.outputs import stage_output

__all__ = ["write_result"]


def write_result(tree: xr.DataTree, folder: Path) -> Path:
    """Write a result as ``<method>.nc``, whole or not at all, and return the file.

    Parameters
    ----------
    tree : xarray.DataTree
        Its attribute ``method`` names the file.
    folder : Path
        Where; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{tree.attrs['method']}.nc"
    with stage_output(path) as part:
        tree.to_netcdf(part, engine="h5netcdf")
    return path
