"""Trajectories: quantities that change over time, given or solved."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.population import ErrorSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["TrajectorySpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectorySpec:
    """A trajectory, ``[trajectory.E]``; ``E`` is a name in expressions, as in ``CLint = "CL * E"``.

    Parameters
    ----------
    mode : {"fixed", "joint", "uncertain"}
        ``fixed``: the study has a column of this name; its values are interpolated, and each of
        them is a break point of the solver. ``joint``: an expression of states of the same system,
        for instance of a QSP module, which is estimated together with all other parameters.
        ``uncertain``: linear interpolation between values at ``knots``, which are sampled; each is
        a population parameter (``E_1`` at ``E_time_1``, ...) with lognormal variability between
        subjects. Measurements are observations of ``E`` in the study, with their own ``error``.
    unit : str
        Unit of the quantity.
    value : Quantity, optional
        ``joint``: the expression.
    interpolation : {"linear", "locf", "nocb"}
        ``fixed``: linear interpolation, or steps.
    reference : float, optional
        ``fixed``: value in a simulation without a study.
    knots : tuple of float
        ``uncertain``: increasing times in the model's unit; outside them the value is constant.
    typical : PriorSpec or float or None
        ``uncertain``: prior of the typical value at each knot.
    omega : PriorSpec or float or None
        ``uncertain``: standard deviation of the variability at each knot.
    error : ErrorSpec or None
        ``uncertain``: residual error of the measurements; None if there are no measurements.
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
