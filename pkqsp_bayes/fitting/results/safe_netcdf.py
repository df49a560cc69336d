"""Checks of a netCDF file from an untrusted source, before its values are read.

HDF5 can refer to other files (external links, external storage, virtual datasets), contain objects
of any type, and state sizes that exceed the memory. A result has none of these.
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
"""Filters of HDF5: deflate, shuffle, fletcher32, szip, n-bit, scale-offset (others are plugins)."""
_REMEDY = "do not open the file: it was not written by this package"


def check_netcdf(path: Path) -> list[Issue]:
    """Return the reasons why a file is not read. No value is read, no link is followed.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    OSError, RuntimeError
        If it is not an HDF5 file.
    """
    with h5py.File(path, "r", locking=False) as file:
        nodes = list(_nodes(file))
        issues = [issue for name, node in nodes for issue in _of_node(f"{path}: {name}", node)]
        if issues:
            return issues
        claimed = sum(_claim(node) for _, node in nodes if isinstance(node, h5py.Dataset))
        return list(check_claim(str(path), claimed, path.stat().st_size))


def _nodes(root: h5py.Group) -> Iterator[tuple[str, object]]:
    """Yield the groups (each once), datasets and links of a file; links are not followed."""
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
        links = {h5py.ExternalLink: "a link to another file", h5py.SoftLink: "a symbolic link"}
        what = links.get(type(node), "one object too many, a loop, or not an array")
        yield Issue(where=where, what=f"this is {what}", remedy=_REMEDY)
        return
    properties = node.id.get_create_plist()
    if node.is_virtual or node.external:
        yield Issue(where=where, what="its values are in another file", remedy=_REMEDY)
    if node.dtype.kind not in _KINDS and not h5py.check_string_dtype(node.dtype):
        what = f"its values are of the type {node.dtype}, not numbers or text"
        yield Issue(where=where, what=what, remedy=_REMEDY)
    used = {properties.get_filter(k)[0] for k in range(properties.get_nfilters())}
    if not used <= _FILTERS:
        what = f"it is compressed with a filter that is not part of HDF5 ({min(used - _FILTERS)})"
        yield Issue(where=where, what=what, remedy=_REMEDY)


def _claim(node: h5py.Dataset) -> int:
    """Return the memory in bytes that the values, or one chunk of them, need."""
    each = _TEXT_BYTES if node.dtype.kind == "O" else node.dtype.itemsize
    return each * max(count_of(node.shape or ()), count_of(node.chunks or ()))
