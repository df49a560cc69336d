"""What a family of residual error hands over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Family", "Scale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One positive parameter of a residual error.

    Parameters
    ----------
    field : str
        Its key in the model file (`ErrorSpec`).
    default : callable
        Text of its prior, given the standard deviation of the observed values.
    """

    field: str
    default: Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A residual error around a prediction ``f``.

    Parameters
    ----------
    scales : tuple of Scale
        Its parameters.
    distribution : str
        Stan's name of the distribution: ``<name>_lpdf``, ``_lcdf``, ``_lccdf``, ``_rng``.
    arguments : callable
        Text of the distribution's arguments, given the names of the scales by field.
    """

    scales: tuple[Scale, ...]
    distribution: str
    arguments: Callable[[Mapping[str, str]], str]
