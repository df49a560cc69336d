"""Random numbers of virtual subjects, which do not depend on the division into chunks.

Philox is counter-based: block ``b`` of a stream is computed without the blocks before it. A subject
has a fixed number of blocks; each attempt at the subject has its own stream.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["correlate", "correlation_matrix", "standard_normals", "subject_uniforms"]

type FloatArray = NDArray[np.float64]

_BLOCK_SIZE = 4


def subject_uniforms(seed: int, attempt: int, first: int, count: int, size: int) -> FloatArray:
    """Return uniform numbers in (0, 1), (count, size), for the subjects from `first` on.

    Examples
    --------
    >>> whole = subject_uniforms(1, 0, 0, 5, 3)
    >>> bool((subject_uniforms(1, 0, 2, 3, 3) == whole[2:]).all())
    True
    """
    blocks = -(-size // _BLOCK_SIZE)
    key = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    stream = np.random.Philox(key=np.array([key[0], attempt], dtype=np.uint64))
    stream.advance(first * blocks)
    drawn = np.random.Generator(stream).random((count, blocks * _BLOCK_SIZE))
    # NumPy's numbers start at 0 and have steps of 2^-53.
    return drawn[:, :size] + 2.0**-54


def standard_normals(uniforms: FloatArray) -> FloatArray:
    """Return a standard normal number for each uniform number."""
    normals: FloatArray = ndtri(uniforms)
    return normals


def correlation_matrix(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> FloatArray:
    """Return the correlation matrix of some names; correlations that are not given are zero.

    Examples
    --------
    >>> correlation_matrix(["a", "b"], {("a", "b"): 0.5}).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    matrix = np.eye(len(names))
    for (one, other), value in pairs.items():
        i, j = names.index(one), names.index(other)
        matrix[i, j] = matrix[j, i] = value
    return matrix


def correlate(normals: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return standard normal numbers with a correlation matrix.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.
    """
    factor: Any = np.linalg.cholesky(matrix)
    return np.asarray(normals @ factor.T)
