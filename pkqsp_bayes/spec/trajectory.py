"""Quantities that change over time in a known or a solved way."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["TrajectorySpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectorySpec:
    """``[trajectory.E]``: ``E`` is a name in every expression, as in ``CLint = "CL * E"``.

    Parameters
    ----------
    mode : {"fixed", "joint"}
        ``fixed``: the study has a column of its name; between its values it is interpolated, and
        each of them is a break point of the solver. ``joint``: it is an expression in states of
        the same system, of a QSP module, say, and estimated together with everything else.
    unit : str
        Its unit.
    value : Quantity, optional
        ``joint``: what it is.
    interpolation : {"linear", "locf", "nocb"}
        ``fixed``: straight lines between the values, or steps.
    reference : float, optional
        ``fixed``: its value where a simulation has no study.
    """

    mode: Literal["fixed", "joint"]
    unit: str = ""
    value: Quantity | None = None
    interpolation: Literal["linear", "locf", "nocb"] = "linear"
    reference: float | None = None
