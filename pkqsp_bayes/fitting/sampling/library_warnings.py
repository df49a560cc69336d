"""Suppression of warnings of the numerical libraries; callers report relevant problems."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["quiet_dependencies"]


@contextmanager
def quiet_dependencies() -> Iterator[None]:
    """Suppress warnings of ArviZ, SciPy, NumPy and xarray.

    These warnings concern arrays and functions that the user does not know. The caller checks the
    result and reports its problems as `pkqsp_bayes.Issue`. This is a decorator too.

    Examples
    --------
    >>> with quiet_dependencies():
    ...     warnings.warn("Mean of empty slice", RuntimeWarning)
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        for kind in (RuntimeWarning, UserWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        yield
