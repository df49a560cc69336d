"""Limits of the size that a file of results may state, checked before memory is allocated."""

import math
from collections.abc import Iterator, Sequence

import psutil

from pkqsp_bayes.errors import Issue

__all__ = ["MOST_CHUNKS", "check_claim", "count_of"]

MOST_CHUNKS = 1_000_000
"""Greatest number of chunks of one array; each is a file."""

_RATIO = 1100
"""Greatest compression ratio of deflate."""

_SLACK = 256_000_000
_REMEDY = "it was not written by this package: get the original file, or resume the fit"


def count_of(shape: Sequence[int]) -> int:
    """Return the number of values of an array."""
    return math.prod(int(size) for size in shape)


def check_claim(where: str, claimed: int, on_disk: int) -> Iterator[Issue]:
    """Yield the errors in the stated uncompressed size of a file.

    Parameters
    ----------
    where : str
        The file.
    claimed : int
        Stated size in memory, in bytes.
    on_disk : int
        Size on disk, in bytes.

    Examples
    --------
    >>> [str(issue) for issue in check_claim("fit.nc", 10**15, 2000)][0][:62]
    'error: fit.nc: it states a size of 1000000000000000 bytes, but'
    """
    free = psutil.virtual_memory().available
    if claimed > _SLACK + _RATIO * on_disk:
        what = f"it states a size of {claimed} bytes, but has {on_disk}"
        yield Issue(where=where, what=what, remedy=_REMEDY)
    elif claimed > free:
        what = f"it needs {claimed / 1e9:.1f} GB, but {free / 1e9:.1f} GB of memory are free"
        yield Issue(where=where, what=what, remedy="close other programs, or use a larger machine")
