"""The number of processors that this process may use."""

import os

__all__ = ["count_processors"]


def count_processors() -> int:
    """Return the number of processors that this process may use, 1 at least.

    It can be smaller than that of the machine, for example in a job of a cluster.

    Examples
    --------
    >>> count_processors() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
