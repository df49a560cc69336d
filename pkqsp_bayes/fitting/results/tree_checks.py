"""Whether what was read of a result has the shape of one."""

from collections.abc import Iterator

import xarray as xr

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.remedies import setting

__all__ = ["tree_issues"]

_DRAWS = ("posterior", "sample_stats", "log_likelihood", "log_prior", "posterior_predictive")
_STATS = ("diverging", "tree_depth", "energy", "n_steps", "lp")
_REMEDY = f"the file is damaged: resume the fit ({setting('resume')}), and it is written anew"


def tree_issues(tree: xr.DataTree, where: str) -> list[Issue]:
    """Return what is no draws where draws should be.

    Parameters
    ----------
    tree : xarray.DataTree
        A result.
    where : str
        Its file.
    """
    told = [text for name in _DRAWS if name in tree.children for text in _of_group(tree, name)]
    return [Issue(where=f"{where}: {text}", what="these are no draws", remedy=_REMEDY)
            for text in told]  # fmt: skip


def _of_group(tree: xr.DataTree, group: str) -> Iterator[str]:
    """Yield each variable that is no number, or does not go by chain and draw."""
    found = tree[group].to_dataset()
    if "posterior" in tree.children and group != "posterior":
        wanted = {d: n for d, n in tree["posterior"].sizes.items() if d in ("chain", "draw")}
    else:
        wanted = {d: found.sizes.get(d, 0) for d in ("chain", "draw")}
    for name, values in found.data_vars.items():
        sizes = {dim: values.sizes.get(dim, -1) for dim in wanted}
        is_number = values.dtype.kind in "biuf"
        if not is_number or sizes != wanted or 0 in sizes.values():
            yield f"{group}/{name}"
    if group == "sample_stats":
        yield from (f"{group}/{n}" for n in _STATS if n in found and found[n].ndim != 2)
