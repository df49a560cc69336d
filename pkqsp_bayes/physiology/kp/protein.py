"""Partitioning into tissue protein, from the affinity to membranes."""

from pkqsp_bayes.ops import Value

__all__ = ["protein_partition"]


def protein_partition(membrane_affinity: Value) -> Value:
    """Return the partition coefficient between protein and water.

    Notes
    -----
    5 (0.81 + 0.11 K) / 24.92, as PK-Sim writes it; Schmitt 2008 rounds to 0.163 + 0.0221 K.

    Examples
    --------
    >>> round(protein_partition(100.0), 4)
    2.3696
    """
    return 5.0 * (0.81 + 0.11 * membrane_affinity) / 24.92
