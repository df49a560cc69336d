"""What draws of an approximation are: a label for everything that shows them."""

from collections.abc import Iterator, Mapping
from typing import Any

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.remedies import setting

__all__ = ["GOOD_K", "USABLE_K", "approximation_issues", "approximation_label"]

GOOD_K = 0.5
"""Up to it the weights have a variance, and means of resampled draws an error that shrinks."""
USABLE_K = 0.7
"""Up to it resampling by weights still repairs means and intervals (Vehtari et al. 2024)."""
_A_SKETCH = 1.0
_NAMES = {"laplace": "Laplace's approximation", "pathfinder": "Pathfinder"}


def approximation_label(attrs: Mapping[Any, Any]) -> str:
    """Return what a set of draws is, if it is not the posterior's or only roughly so.

    Parameters
    ----------
    attrs : mapping
        Attributes of a result, of its posterior, or of what was made of it.

    Returns
    -------
    str
        Empty for draws of HMC, and for approximations with a Pareto k-hat of 0.5 at most.

    Examples
    --------
    >>> approximation_label({"approximation": "laplace", "pareto_k": 0.83})
    "Laplace's approximation, Pareto k-hat 0.83: not the posterior"
    >>> approximation_label({"approximation": "pathfinder", "pareto_k": "0.4"})
    ''
    """
    if "approximation" not in attrs:
        return ""
    k_hat, name = float(attrs["pareto_k"]), str(attrs["approximation"])
    if k_hat <= GOOD_K:
        return ""
    rough = "means and intervals are rough" if k_hat <= USABLE_K else "not the posterior"
    return f"{_NAMES.get(name, name)}, Pareto k-hat {k_hat:.2f}: {rough}"


def approximation_issues(attrs: Mapping[Any, Any]) -> Iterator[Issue]:
    """Yield what is wrong with an approximation, and what to do; nothing for draws of HMC.

    Parameters
    ----------
    attrs : mapping
        Attributes of a result.
    """
    if not approximation_label(attrs):
        return
    k_hat = float(attrs["pareto_k"])
    if k_hat <= USABLE_K:
        of = "resampled by weights, whose variance may have no bound: means and intervals are rough"
    else:
        of = "a sketch of the posterior" if k_hat <= _A_SKETCH else "not the posterior"
    what = f"Pareto k-hat is {k_hat:.2f} (good: at most {GOOD_K}): {of}"
    remedy = f"draw with {setting('fit')}; for starting values and a first look it will do"
    yield Issue(severity="warning", where="approximation", what=what, remedy=remedy)
