"""Warnings of the libraries below: caught here, and restated by the caller where they matter."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["quiet_dependencies"]


@contextmanager
def quiet_dependencies() -> Iterator[None]:
    """Let no warning of ArviZ, SciPy, NumPy or xarray through.

    They speak of arrays and of functions that the user never called. Who uses this looks at the
    result, and states what is wrong with it as a `pkqsp_bayes.Issue`. It decorates functions too.

    Examples
    --------
    >>> with quiet_dependencies():
    ...     warnings.warn("Mean of empty slice", RuntimeWarning)
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        for kind in (RuntimeWarning, UserWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        yield
