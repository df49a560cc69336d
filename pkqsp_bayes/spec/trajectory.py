"""Quantities that change over time in a known or a solved way."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.population import ErrorSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["TrajectorySpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectorySpec:
    """``[trajectory.E]``: ``E`` is a name in every expression, as in ``CLint = "CL * E"``.

    Parameters
    ----------
    mode : {"fixed", "joint", "uncertain"}
        ``fixed``: the study has a column of its name; between its values it is interpolated, and
        each of them is a break point of the solver. ``joint``: it is an expression in states of
        the same system, of a QSP module, say, and estimated together with everything else.
        ``uncertain``: straight lines between values at ``knots`` that are sampled, each a
        population parameter (``E_1`` at ``E_time_1``, ...) with lognormal variability between
        subjects; measurements are observations of ``E`` in the study, with their own ``error``.
    unit : str
        Its unit.
    value : Quantity, optional
        ``joint``: what it is.
    interpolation : {"linear", "locf", "nocb"}
        ``fixed``: straight lines between the values, or steps.
    reference : float, optional
        ``fixed``: its value where a simulation has no study.
    knots : tuple of float
        ``uncertain``: times, increasing, in the model's unit; outside them it stays as it is.
    typical : PriorSpec or float or None
        ``uncertain``: prior of the typical value at each knot.
    omega : PriorSpec or float or None
        ``uncertain``: standard deviation of the variability at each knot.
    error : ErrorSpec or None
        ``uncertain``: residual error of the measurements; without it there are none.
    """

    mode: Literal["fixed", "joint", "uncertain"]
    unit: str = ""
    value: Quantity | None = None
    interpolation: Literal["linear", "locf", "nocb"] = "linear"
    reference: float | None = None
    knots: tuple[float, ...] = ()
    typical: PriorSpec | float | None = None
    omega: PriorSpec | float | None = None
    error: ErrorSpec | None = None
