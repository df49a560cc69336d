"""Sobol indices: shares of the random effects in the between-subject variance.

Random effects of one draw are independent, except within a block of correlated ones. A block is one
group, because the indices of its members are not defined (Saltelli et al. 2008, Global Sensitivity
Analysis, ch. 4). Estimators of Jansen (1999, Comput Phys Commun 117:35).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.uncertainty.moments import Estimate

__all__ = ["EffectVariances", "effect_variances"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectVariances:
    """Variance due to one group of random effects, averaged over draws.

    Parameters
    ----------
    name : str
        ``eta[CL]``, or ``eta[CL]+eta[V]`` for a block.
    first : Estimate
        Variance that would be removed if the group were known: Var(E(f | group)).
    total : Estimate
        Variance that would remain if all others were known: E(Var(f | others)).
    """

    name: str
    first: Estimate
    total: Estimate


def effect_variances(name: str, f: FloatArray, g: FloatArray, h: FloatArray) -> EffectVariances:
    """Return the variances due to one group.

    Parameters
    ----------
    name : str
        Name of the group.
    f, g : (D, n, K) array
        The endpoint of two independent sets of subjects.
    h : (D, n, K) array
        The endpoint of the first set with the group's random effects of the second.

    Examples
    --------
    >>> a, b = np.random.default_rng(1).normal(size=(2, 2, 400, 50, 1))
    >>> mine = lambda x, y: 2 * x + y  # carries 4 of 5
    >>> found = effect_variances("x", mine(*a), mine(*b), mine(b[0], a[1]))
    >>> [round(float(e.value[0]), 1) for e in (found.first, found.total)]
    [4.0, 4.0]
    """
    variance = 0.5 * (f.var(axis=1, ddof=1) + g.var(axis=1, ddof=1))
    return EffectVariances(
        name=name,
        first=Estimate.mean_of(variance - 0.5 * ((g - h) ** 2).mean(axis=1)),
        total=Estimate.mean_of(0.5 * ((f - h) ** 2).mean(axis=1)),
    )
