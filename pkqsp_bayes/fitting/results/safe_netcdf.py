"""A netCDF file that may come from anybody: what it holds is looked at before it is read.

HDF5 can point to other files (external links, external storage, virtual datasets), hold objects of
any type, and claim sizes that no memory has. A result has none of this.
"""

from collections.abc import Iterator
from pathlib import Path

import h5py

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.results.size_limits import check_claim, count_of

__all__ = ["check_netcdf"]

_KINDS = frozenset("biufcSU")
_MOST_NODES = 100_000
_TEXT_BYTES = 64
_FILTERS = frozenset({1, 2, 3, 4, 5, 6})
"""Deflate, shuffle, fletcher32, szip, n-bit, scale-offset: HDF5's own; others load a library."""
_REMEDY = "a result has none: it was not written by this package, do not open it"


def check_netcdf(path: Path) -> list[Issue]:
    """Return what keeps a file from being read; no value is read, no link followed.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    OSError, RuntimeError
        If it is no HDF5 file.
    """
    with h5py.File(path, "r", locking=False) as file:
        nodes = list(_nodes(file))
        issues = [issue for name, node in nodes for issue in _of_node(f"{path}: {name}", node)]
        if issues:
            return issues
        claimed = sum(_claim(node) for _, node in nodes if isinstance(node, h5py.Dataset))
        return list(check_claim(str(path), claimed, path.stat().st_size))


def _nodes(root: h5py.Group) -> Iterator[tuple[str, object]]:
    """Yield what is in a file: groups once each, datasets, and links, which are not followed."""
    waiting, seen = [("", root)], {root.id}
    count = 0
    while waiting:
        place, group = waiting.pop()
        for name in group:
            count += 1
            link = group.get(name, getlink=True)
            node = group[name] if isinstance(link, h5py.HardLink) else link
            if count > _MOST_NODES or (isinstance(node, h5py.Group) and node.id in seen):
                yield f"{place}/{name}", None
                return
            yield f"{place}/{name}", node
            if isinstance(node, h5py.Group):
                seen.add(node.id)
                waiting.append((f"{place}/{name}", node))


def _of_node(where: str, node: object) -> Iterator[Issue]:
    if isinstance(node, h5py.Group):
        return
    if not isinstance(node, h5py.Dataset):
        told = {h5py.ExternalLink: "a link to another file", h5py.SoftLink: "a symbolic link"}
        what = told.get(type(node), "too much, a loop, or a type that is no array")
        yield Issue(where=where, what=f"this is {what}", remedy=_REMEDY)
        return
    properties = node.id.get_create_plist()
    if node.is_virtual or node.external:
        yield Issue(where=where, what="its values lie in another file", remedy=_REMEDY)
    if node.dtype.kind not in _KINDS and not h5py.check_string_dtype(node.dtype):
        what = f"its values are of the type {node.dtype}, no numbers and no text"
        yield Issue(where=where, what=what, remedy=_REMEDY)
    used = {properties.get_filter(k)[0] for k in range(properties.get_nfilters())}
    if not used <= _FILTERS:
        what = f"it is packed by a filter that is not HDF5's own ({min(used - _FILTERS)})"
        yield Issue(where=where, what=what, remedy=_REMEDY)


def _claim(node: h5py.Dataset) -> int:
    """Return the bytes that values, or one chunk of them, take in memory."""
    each = _TEXT_BYTES if node.dtype.kind == "O" else node.dtype.itemsize
    return each * max(count_of(node.shape or ()), count_of(node.chunks or ()))
