"""How much a file of results may claim to hold, before memory is taken for it."""

import math
from collections.abc import Iterator, Sequence

import psutil

from pkqsp_bayes.errors import Issue

__all__ = ["MOST_CHUNKS", "check_claim", "count_of"]

MOST_CHUNKS = 1_000_000
"""Chunks of one array: each is looked up by its name."""

_RATIO = 1100
"""Deflate makes no byte of less than one in 1032."""

_SLACK = 256_000_000
_REMEDY = "it was not written by this package: ask for the file again, or resume the fit"


def count_of(shape: Sequence[int]) -> int:
    """Return the number of values of an array."""
    return math.prod(int(size) for size in shape)


def check_claim(where: str, claimed: int, on_disk: int) -> Iterator[Issue]:
    """Yield what is wrong with the bytes that a file claims to unpack to.

    Parameters
    ----------
    where : str
        The file.
    claimed : int
        Bytes in memory.
    on_disk : int
        Bytes that are there.

    Examples
    --------
    >>> [str(issue) for issue in check_claim("fit.nc", 10**15, 2000)][0][:60]
    'error: fit.nc: it claims to hold 1000000000000000 bytes, and'
    """
    free = psutil.virtual_memory().available
    if claimed > _SLACK + _RATIO * on_disk:
        what = f"it claims to hold {claimed} bytes, and has {on_disk}"
        yield Issue(where=where, what=what, remedy=_REMEDY)
    elif claimed > free:
        what = f"it holds {claimed / 1e9:.1f} GB, and {free / 1e9:.1f} GB of memory are free"
        yield Issue(where=where, what=what, remedy="close other programs, or use a larger machine")
