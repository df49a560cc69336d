"""Effective sample sizes of priors, in subjects."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.spec.labels import omega_label

__all__ = ["prior_sizes"]

FloatArray = NDArray[np.float64]


def prior_sizes(
    found: Mapping[str, FloatArray], parameter: str, shares: Mapping[str, float]
) -> dict[str, float]:
    """Return the number of subjects, each known exactly, with the same information as the prior.

    The size is the ratio of the variance for unit information, which one subject's log parameter
    leaves, to the variance of the prior (Neuenschwander et al. 2020, Biometrics 76:578; for the
    normal case that of Morita et al. 2008, Biometrics 64:595). For groups with fractions p and q,
    one subject leaves the variance omega^2 / p of the typical logarithm of the first, omega^2 (1/p
    + 1/q) of the difference between the two, and 1/2 of log omega.

    Parameters
    ----------
    found : mapping of str to (D,) array
        Draws, by their names in prior tables.
    parameter : str
        Name of the parameter.
    shares : mapping of str to float
        Fraction of the subjects in each group, by the name of its effect; ``""``: the reference.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> z = norm.ppf((np.arange(1000) + 0.5) / 1000)
    >>> found = {"CL": np.exp(0.1 * z), "omega[CL]": np.exp(-1 + 0.1 * z)}
    >>> {name: round(size) for name, size in prior_sizes(found, "CL", {"": 1.0}).items()}
    {'CL': 14, 'omega[CL]': 50}
    """
    name_of_omega = omega_label(parameter)
    omega = found.get(name_of_omega)
    sizes = {}
    if omega is not None:
        sizes[name_of_omega] = 0.5 / float(np.log(omega).var())
        between = float((omega**2).mean())
        if parameter in found:
            sizes[parameter] = between / shares[""] / float(np.log(found[parameter]).var())
        for name, share in shares.items():
            if name and name in found:
                of_both = (1 / share + 1 / shares[""]) * between
                sizes[name] = of_both / float(found[name].var())
    return {name: round(sizes[name], 2) for name in found if name in sizes}
